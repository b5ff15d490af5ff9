// clEnqueueReadBuffer and clEnqueueWriteBuffer.
#include "api_errors/fixture.h"
#include "api_errors/wait_list.h"

namespace clopencl::programs {
namespace {

constexpr size_t kSize = Fixture::kBufferSize;

// The cases that reading and writing share; `enqueue(queue, buffer, blocking, offset, size, pointer, …)`.
template <typename Enqueue>
void Common(Suite& s, Fixture& f, Enqueue enqueue) {
  const auto with = [&](cl_mem buffer, size_t offset, size_t size, void* pointer, cl_event* v) {
    return enqueue(f.queue, buffer, CL_FALSE, offset, size, pointer, 0, nullptr, v);
  };
  BlockingWaitListCases(
      s, f, [&](cl_command_queue queue, cl_bool blocking, cl_uint count, const cl_event* list, cl_event* v) {
        return enqueue(queue, f.buffer, blocking, 0, 16, f.host, count, list, v);
      });
  s.Enqueues("null buffer", CL_INVALID_MEM_OBJECT,
             [&](cl_event* v) { return with(nullptr, 0, 16, f.host, v); });
  s.Enqueues("foreign buffer", CL_INVALID_CONTEXT,
             [&](cl_event* v) { return with(f.foreign_buffer, 0, 16, f.host, v); });
  s.Enqueues("null pointer", CL_INVALID_VALUE,
             [&](cl_event* v) { return with(f.buffer, 0, 16, nullptr, v); });
  s.Enqueues("size zero", {CL_SUCCESS, CL_INVALID_VALUE},
             [&](cl_event* v) { return with(f.buffer, 0, 0, f.host, v); });
  s.Enqueues("whole buffer", CL_SUCCESS, [&](cl_event* v) { return with(f.buffer, 0, kSize, f.host, v); });
  s.Enqueues("last byte", CL_SUCCESS, [&](cl_event* v) { return with(f.buffer, kSize - 1, 1, f.host, v); });
  s.Enqueues("one byte too many", CL_INVALID_VALUE,
             [&](cl_event* v) { return with(f.buffer, 0, kSize + 1, f.host, v); });
  s.Enqueues("end one byte beyond", CL_INVALID_VALUE,
             [&](cl_event* v) { return with(f.buffer, kSize - 15, 16, f.host, v); });
  s.Enqueues("offset at the end", CL_INVALID_VALUE,
             [&](cl_event* v) { return with(f.buffer, kSize, 1, f.host, v); });
  s.Enqueues("offset beyond the end", CL_INVALID_VALUE,
             [&](cl_event* v) { return with(f.buffer, 2 * kSize, 1, f.host, v); });
  s.Enqueues("end wraps around", CL_INVALID_VALUE,
             [&](cl_event* v) { return with(f.buffer, 16, ~size_t{0} - 8, f.host, v); });
  s.Enqueues("offset wraps around", CL_INVALID_VALUE,
             [&](cl_event* v) { return with(f.buffer, ~size_t{0} - 8, 16, f.host, v); });
  s.Enqueues("host has no access", CL_INVALID_OPERATION,
             [&](cl_event* v) { return with(f.no_host_access, 0, 16, f.host, v); });
  s.Enqueues("no access and null pointer", {CL_INVALID_OPERATION, CL_INVALID_VALUE},
             [&](cl_event* v) { return with(f.no_host_access, 0, 16, nullptr, v); });
  if (!f.has_images) return;
  s.Enqueues("an image", CL_INVALID_MEM_OBJECT, [&](cl_event* v) { return with(f.image, 0, 16, f.host, v); });
}

// Host access rights of a sub-buffer are its parent's unless it has its own.
void Access(Suite& s, Fixture& f) {
  const cl_buffer_region region = {0, 512};
  const auto sub = [&](cl_mem parent, cl_mem_flags flags) {
    return Mem(clCreateSubBuffer(parent, flags, CL_BUFFER_CREATE_TYPE_REGION, &region, nullptr));
  };
  const Mem inherits = sub(f.host_write_only, 0);
  const Mem own = sub(f.buffer, CL_MEM_HOST_READ_ONLY);
  s.Group("clEnqueueReadBuffer");
  s.Enqueues("host may only write", CL_INVALID_OPERATION, [&](cl_event* v) {
    return clEnqueueReadBuffer(f.queue, f.host_write_only, CL_FALSE, 0, 16, f.host, 0, nullptr, v);
  });
  s.Enqueues("host may only read", CL_SUCCESS, [&](cl_event* v) {
    return clEnqueueReadBuffer(f.queue, f.host_read_only, CL_FALSE, 0, 16, f.host, 0, nullptr, v);
  });
  s.Enqueues("host may only write the parent", CL_INVALID_OPERATION, [&](cl_event* v) {
    return clEnqueueReadBuffer(f.queue, inherits, CL_FALSE, 0, 16, f.host, 0, nullptr, v);
  });
  s.Enqueues("end beyond a sub-buffer", CL_INVALID_VALUE, [&](cl_event* v) {
    return clEnqueueReadBuffer(f.queue, own, CL_FALSE, 0, 513, f.host, 0, nullptr, v);
  });
  s.Group("clEnqueueWriteBuffer");
  s.Enqueues("host may only read", CL_INVALID_OPERATION, [&](cl_event* v) {
    return clEnqueueWriteBuffer(f.queue, f.host_read_only, CL_FALSE, 0, 16, f.host, 0, nullptr, v);
  });
  s.Enqueues("host may only write", CL_SUCCESS, [&](cl_event* v) {
    return clEnqueueWriteBuffer(f.queue, f.host_write_only, CL_FALSE, 0, 16, f.host, 0, nullptr, v);
  });
  s.Enqueues("host may only read the sub-buffer", CL_INVALID_OPERATION, [&](cl_event* v) {
    return clEnqueueWriteBuffer(f.queue, own, CL_FALSE, 0, 16, f.host, 0, nullptr, v);
  });
}

}  // namespace

void TransferCases(Suite& s, Fixture& f) {
  s.Group("clEnqueueReadBuffer");
  Common(s, f, clEnqueueReadBuffer);
  s.Group("clEnqueueWriteBuffer");
  Common(s, f, clEnqueueWriteBuffer);
  Access(s, f);
}

}  // namespace clopencl::programs
