// clEnqueueMapBuffer, clEnqueueMapImage and clEnqueueUnmapMemObject.
#include <array>

#include "api_errors/fixture.h"
#include "api_errors/wait_list.h"

namespace clopencl::programs {
namespace {

constexpr size_t kSize = Fixture::kBufferSize;
using Triple = std::array<size_t, 3>;

// Undoes a mapping that a case made.
cl_int Settle(Fixture& f, cl_mem mem, void* pointer, cl_int code) {
  if (pointer != nullptr && code == CL_SUCCESS) {
    clEnqueueUnmapMemObject(f.queue, mem, pointer, 0, nullptr, nullptr);
    clFinish(f.queue);
  }
  return code;
}

void Buffers(Suite& s, Fixture& f) {
  const auto map = [&](cl_mem buffer, cl_map_flags flags, size_t offset, size_t size) {
    cl_int code = CL_SUCCESS;
    void* pointer =
        clEnqueueMapBuffer(f.queue, buffer, CL_TRUE, flags, offset, size, 0, nullptr, nullptr, &code);
    return Settle(f, buffer, pointer, code);
  };
  s.Group("clEnqueueMapBuffer");
  BlockingWaitListCases(
      s, f, [&](cl_command_queue queue, cl_bool blocking, cl_uint count, const cl_event* list, cl_event* v) {
        cl_int code = CL_SUCCESS;
        void* pointer =
            clEnqueueMapBuffer(queue, f.buffer, blocking, CL_MAP_READ, 0, 16, count, list, v, &code);
        return Settle(f, f.buffer, pointer, code);
      });
  s.Returns("null buffer", CL_INVALID_MEM_OBJECT, [&] { return map(nullptr, CL_MAP_READ, 0, 16); });
  s.Returns("foreign buffer", CL_INVALID_CONTEXT, [&] { return map(f.foreign_buffer, CL_MAP_READ, 0, 16); });
  s.Returns("size zero", CL_INVALID_VALUE, [&] { return map(f.buffer, CL_MAP_READ, 0, 0); });
  s.Returns("whole buffer", CL_SUCCESS, [&] { return map(f.buffer, CL_MAP_READ, 0, kSize); });
  s.Returns("one byte too many", CL_INVALID_VALUE, [&] { return map(f.buffer, CL_MAP_READ, 0, kSize + 1); });
  s.Returns("end beyond", CL_INVALID_VALUE, [&] { return map(f.buffer, CL_MAP_READ, kSize - 8, 16); });
  s.Returns("offset beyond", CL_INVALID_VALUE, [&] { return map(f.buffer, CL_MAP_READ, kSize + 1, 1); });
  s.Returns("end wraps around", CL_INVALID_VALUE,
            [&] { return map(f.buffer, CL_MAP_READ, 16, ~size_t{0} - 8); });
  s.Returns("no flags", {CL_SUCCESS, CL_INVALID_VALUE}, [&] { return map(f.buffer, 0, 0, 16); });
  s.Returns("unknown flag", CL_INVALID_VALUE, [&] { return map(f.buffer, 1 << 10, 0, 16); });
  s.Returns("read and write", CL_SUCCESS, [&] { return map(f.buffer, CL_MAP_READ | CL_MAP_WRITE, 0, 16); });
  s.Returns("invalidate", CL_SUCCESS, [&] { return map(f.buffer, CL_MAP_WRITE_INVALIDATE_REGION, 0, 16); });
  s.Returns("invalidate and read", CL_INVALID_VALUE,
            [&] { return map(f.buffer, CL_MAP_WRITE_INVALIDATE_REGION | CL_MAP_READ, 0, 16); });
  s.Returns("invalidate and write", CL_INVALID_VALUE,
            [&] { return map(f.buffer, CL_MAP_WRITE_INVALIDATE_REGION | CL_MAP_WRITE, 0, 16); });
  s.Returns("read, host has no access", CL_INVALID_OPERATION,
            [&] { return map(f.no_host_access, CL_MAP_READ, 0, 16); });
  s.Returns("write, host has no access", CL_INVALID_OPERATION,
            [&] { return map(f.no_host_access, CL_MAP_WRITE, 0, 16); });
  s.Returns("read, host may only write", CL_INVALID_OPERATION,
            [&] { return map(f.host_write_only, CL_MAP_READ, 0, 16); });
  s.Returns("write, host may only read", CL_INVALID_OPERATION,
            [&] { return map(f.host_read_only, CL_MAP_WRITE, 0, 16); });
  s.Returns("invalidate, host may only read", CL_INVALID_OPERATION,
            [&] { return map(f.host_read_only, CL_MAP_WRITE_INVALIDATE_REGION, 0, 16); });
  s.Returns("write, host may only write", CL_SUCCESS,
            [&] { return map(f.host_write_only, CL_MAP_WRITE, 0, 16); });
  if (!f.has_images) return;
  s.Returns("an image", CL_INVALID_MEM_OBJECT, [&] { return map(f.image, CL_MAP_READ, 0, 16); });
}

void Images(Suite& s, Fixture& f) {
  if (!f.has_images) return;
  const size_t w = Fixture::kImageWidth;
  const size_t h = Fixture::kImageHeight;
  size_t row = 0;
  size_t slice = 0;
  const auto map = [&](cl_mem image, cl_map_flags flags, Triple origin, Triple region) {
    cl_int code = CL_SUCCESS;
    void* pointer = clEnqueueMapImage(f.queue, image, CL_TRUE, flags, origin.data(), region.data(), &row,
                                      &slice, 0, nullptr, nullptr, &code);
    return Settle(f, image, pointer, code);
  };
  const Codes bad = CL_INVALID_VALUE;
  s.Group("clEnqueueMapImage");
  BlockingWaitListCases(
      s, f, [&](cl_command_queue queue, cl_bool blocking, cl_uint count, const cl_event* list, cl_event* v) {
        const Triple origin = {};
        const Triple region = {4, 4, 1};
        cl_int code = CL_SUCCESS;
        void* pointer = clEnqueueMapImage(queue, f.image, blocking, CL_MAP_READ, origin.data(), region.data(),
                                          &row, &slice, count, list, v, &code);
        return Settle(f, f.image, pointer, code);
      });
  s.Returns("null image", CL_INVALID_MEM_OBJECT, [&] { return map(nullptr, CL_MAP_READ, {}, {1, 1, 1}); });
  s.Returns("a buffer", CL_INVALID_MEM_OBJECT, [&] { return map(f.buffer, CL_MAP_READ, {}, {1, 1, 1}); });
  s.Returns("foreign image", CL_INVALID_CONTEXT, [&] {
    return map(f.foreign_image, CL_MAP_READ, {}, {1, 1, 1});
  });
  s.Returns("whole image", CL_SUCCESS, [&] { return map(f.image, CL_MAP_READ, {}, {w, h, 1}); });
  s.Returns("width zero", bad, [&] { return map(f.image, CL_MAP_READ, {}, {0, 1, 1}); });
  s.Returns("height zero", bad, [&] { return map(f.image, CL_MAP_READ, {}, {1, 0, 1}); });
  s.Returns("depth zero", bad, [&] { return map(f.image, CL_MAP_READ, {}, {1, 1, 0}); });
  s.Returns("depth two", bad, [&] { return map(f.image, CL_MAP_READ, {}, {1, 1, 2}); });
  s.Returns("end beyond", bad, [&] { return map(f.image, CL_MAP_READ, {w - 1, 0, 0}, {2, 1, 1}); });
  s.Returns("slice one", bad, [&] { return map(f.image, CL_MAP_READ, {0, 0, 1}, {1, 1, 1}); });
  s.Returns("unknown flag", bad, [&] { return map(f.image, 1 << 10, {}, {1, 1, 1}); });
  s.Returns("invalidate and read", bad, [&] {
    return map(f.image, CL_MAP_WRITE_INVALIDATE_REGION | CL_MAP_READ, {}, {1, 1, 1});
  });
  s.Returns("null row pitch", bad, [&] {
    const Triple origin = {};
    const Triple region = {4, 4, 1};
    cl_int code = CL_SUCCESS;
    void* pointer = clEnqueueMapImage(f.queue, f.image, CL_TRUE, CL_MAP_READ, origin.data(), region.data(),
                                      nullptr, &slice, 0, nullptr, nullptr, &code);
    return Settle(f, f.image, pointer, code);
  });
  s.Returns("2D, null slice pitch", CL_SUCCESS, [&] {
    const Triple origin = {};
    const Triple region = {4, 4, 1};
    cl_int code = CL_SUCCESS;
    void* pointer = clEnqueueMapImage(f.queue, f.image, CL_TRUE, CL_MAP_READ, origin.data(), region.data(),
                                      &row, nullptr, 0, nullptr, nullptr, &code);
    return Settle(f, f.image, pointer, code);
  });
  s.Returns("3D, null slice pitch", bad, [&] {
    const Triple origin = {};
    const Triple region = {4, 4, 2};
    cl_int code = CL_SUCCESS;
    void* pointer = clEnqueueMapImage(f.queue, f.image3d, CL_TRUE, CL_MAP_READ, origin.data(), region.data(),
                                      &row, nullptr, 0, nullptr, nullptr, &code);
    return Settle(f, f.image3d, pointer, code);
  });
}

void Unmapping(Suite& s, Fixture& f) {
  const auto mapped = [&] {
    return clEnqueueMapBuffer(f.queue, f.buffer, CL_TRUE, CL_MAP_READ, 16, 64, 0, nullptr, nullptr, nullptr);
  };
  s.Group("clEnqueueUnmapMemObject");
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    void* pointer = mapped();
    const cl_int code = clEnqueueUnmapMemObject(queue, f.buffer, pointer, count, list, v);
    if (code != CL_SUCCESS) Settle(f, f.buffer, pointer, CL_SUCCESS);
    return code;
  });
  s.Enqueues("null object", CL_INVALID_MEM_OBJECT,
             [&](cl_event* v) { return clEnqueueUnmapMemObject(f.queue, nullptr, f.host, 0, nullptr, v); });
  s.Enqueues("null pointer", CL_INVALID_VALUE,
             [&](cl_event* v) { return clEnqueueUnmapMemObject(f.queue, f.buffer, nullptr, 0, nullptr, v); });
  s.Enqueues("pointer that was not mapped", CL_INVALID_VALUE,
             [&](cl_event* v) { return clEnqueueUnmapMemObject(f.queue, f.buffer, f.host, 0, nullptr, v); });
  s.Enqueues("pointer of another buffer", CL_INVALID_VALUE, [&](cl_event* v) {
    void* pointer = mapped();
    const cl_int code = clEnqueueUnmapMemObject(f.queue, f.other_buffer, pointer, 0, nullptr, v);
    Settle(f, f.buffer, pointer, CL_SUCCESS);
    return code;
  });
  s.Enqueues("twice", CL_INVALID_VALUE, [&](cl_event* v) {
    void* pointer = mapped();
    Settle(f, f.buffer, pointer, CL_SUCCESS);
    return clEnqueueUnmapMemObject(f.queue, f.buffer, pointer, 0, nullptr, v);
  });
  s.Enqueues("foreign buffer", {CL_INVALID_CONTEXT, CL_INVALID_VALUE}, [&](cl_event* v) {
    return clEnqueueUnmapMemObject(f.queue, f.foreign_buffer, f.host, 0, nullptr, v);
  });
}

}  // namespace

void MapCases(Suite& s, Fixture& f) {
  Buffers(s, f);
  Images(s, f);
  Unmapping(s, f);
}

}  // namespace clopencl::programs
