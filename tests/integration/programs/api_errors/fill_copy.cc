// clEnqueueFillBuffer, clEnqueueCopyBuffer and clEnqueueMigrateMemObjects.
#include "api_errors/fixture.h"
#include "api_errors/wait_list.h"

namespace clopencl::programs {
namespace {

constexpr size_t kSize = Fixture::kBufferSize;

void Fill(Suite& s, Fixture& f) {
  const auto fill = [&](cl_mem buffer, const void* pattern, size_t pattern_size, size_t offset, size_t size,
                        cl_event* v) {
    return clEnqueueFillBuffer(f.queue, buffer, pattern, pattern_size, offset, size, 0, nullptr, v);
  };
  const char* pattern = f.host;
  s.Group("clEnqueueFillBuffer");
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    return clEnqueueFillBuffer(queue, f.buffer, pattern, 4, 0, 16, count, list, v);
  });
  s.Enqueues("null buffer", CL_INVALID_MEM_OBJECT,
             [&](cl_event* v) { return fill(nullptr, pattern, 4, 0, 16, v); });
  s.Enqueues("foreign buffer", CL_INVALID_CONTEXT,
             [&](cl_event* v) { return fill(f.foreign_buffer, pattern, 4, 0, 16, v); });
  s.Enqueues("null pattern", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(f.buffer, nullptr, 4, 0, 16, v); });
  for (const size_t size : {0, 3, 5, 12, 24, 96, 256, 1024}) {
    const std::string name = "pattern of " + std::to_string(size) + " bytes";
    s.Enqueues(name.c_str(), CL_INVALID_VALUE,
               [&](cl_event* v) { return fill(f.buffer, pattern, size, 0, 0, v); });
  }
  for (const size_t size : {1, 2, 4, 8, 16, 32, 64, 128}) {
    const std::string name = "pattern of " + std::to_string(size) + " bytes";
    s.Enqueues(name.c_str(), CL_SUCCESS,
               [&](cl_event* v) { return fill(f.buffer, pattern, size, 128, 256, v); });
  }
  s.Enqueues("size zero", {CL_SUCCESS, CL_INVALID_VALUE},
             [&](cl_event* v) { return fill(f.buffer, pattern, 4, 0, 0, v); });
  s.Enqueues("offset of no whole pattern", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(f.buffer, pattern, 4, 2, 16, v); });
  s.Enqueues("size of no whole pattern", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(f.buffer, pattern, 4, 0, 18, v); });
  s.Enqueues("end beyond", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(f.buffer, pattern, 4, 4, kSize, v); });
  s.Enqueues("offset at the end", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(f.buffer, pattern, 4, kSize, 4, v); });
  s.Enqueues("end wraps around", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(f.buffer, pattern, 4, 16, ~size_t{0} - 7, v); });
  s.Enqueues("host has no access", CL_SUCCESS,
             [&](cl_event* v) { return fill(f.no_host_access, pattern, 4, 0, 16, v); });
  if (!f.has_images) return;
  s.Enqueues("an image", CL_INVALID_MEM_OBJECT,
             [&](cl_event* v) { return fill(f.image, pattern, 4, 0, 16, v); });
}

void Copy(Suite& s, Fixture& f) {
  const auto copy = [&](cl_mem from, cl_mem to, size_t from_offset, size_t to_offset, size_t size,
                        cl_event* v) {
    return clEnqueueCopyBuffer(f.queue, from, to, from_offset, to_offset, size, 0, nullptr, v);
  };
  const cl_mem a = f.buffer;
  const cl_mem b = f.other_buffer;
  s.Group("clEnqueueCopyBuffer");
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    return clEnqueueCopyBuffer(queue, a, b, 0, 0, 16, count, list, v);
  });
  s.Enqueues("null source", CL_INVALID_MEM_OBJECT,
             [&](cl_event* v) { return copy(nullptr, b, 0, 0, 16, v); });
  s.Enqueues("null target", CL_INVALID_MEM_OBJECT,
             [&](cl_event* v) { return copy(a, nullptr, 0, 0, 16, v); });
  s.Enqueues("foreign source", CL_INVALID_CONTEXT,
             [&](cl_event* v) { return copy(f.foreign_buffer, b, 0, 0, 16, v); });
  s.Enqueues("foreign target", CL_INVALID_CONTEXT,
             [&](cl_event* v) { return copy(a, f.foreign_buffer, 0, 0, 16, v); });
  s.Enqueues("size zero", {CL_SUCCESS, CL_INVALID_VALUE},
             [&](cl_event* v) { return copy(a, b, 0, 0, 0, v); });
  s.Enqueues("whole buffer", CL_SUCCESS, [&](cl_event* v) { return copy(a, b, 0, 0, kSize, v); });
  s.Enqueues("source's end beyond", CL_INVALID_VALUE,
             [&](cl_event* v) { return copy(a, b, kSize - 8, 0, 16, v); });
  s.Enqueues("target's end beyond", CL_INVALID_VALUE,
             [&](cl_event* v) { return copy(a, b, 0, kSize - 8, 16, v); });
  s.Enqueues("source's offset beyond", CL_INVALID_VALUE,
             [&](cl_event* v) { return copy(a, b, kSize + 1, 0, 1, v); });
  s.Enqueues("target's offset beyond", CL_INVALID_VALUE,
             [&](cl_event* v) { return copy(a, b, 0, kSize + 1, 1, v); });
  s.Enqueues("size wraps around", CL_INVALID_VALUE,
             [&](cl_event* v) { return copy(a, b, 16, 0, ~size_t{0} - 7, v); });
  s.Enqueues("onto itself", CL_MEM_COPY_OVERLAP, [&](cl_event* v) { return copy(a, a, 0, 0, 16, v); });
  s.Enqueues("overlap by a byte, forwards", CL_MEM_COPY_OVERLAP,
             [&](cl_event* v) { return copy(a, a, 0, 15, 16, v); });
  s.Enqueues("overlap by a byte, backwards", CL_MEM_COPY_OVERLAP,
             [&](cl_event* v) { return copy(a, a, 15, 0, 16, v); });
  s.Enqueues("adjacent in one buffer", CL_SUCCESS, [&](cl_event* v) { return copy(a, a, 0, 16, 16, v); });
  const cl_buffer_region region = {0, 512};
  const Mem sub(clCreateSubBuffer(a, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, nullptr));
  s.Enqueues("sub-buffer onto its parent", CL_MEM_COPY_OVERLAP,
             [&](cl_event* v) { return copy(sub, a, 0, 0, 16, v); });
  s.Enqueues("sub-buffer beside itself in its parent", CL_SUCCESS,
             [&](cl_event* v) { return copy(sub, a, 0, 512, 512, v); });
  s.Enqueues("sub-buffer's end beyond", CL_INVALID_VALUE,
             [&](cl_event* v) { return copy(sub, b, 0, 0, 513, v); });
  if (!f.has_images) return;
  s.Enqueues("source is an image", CL_INVALID_MEM_OBJECT,
             [&](cl_event* v) { return copy(f.image, b, 0, 0, 16, v); });
  s.Enqueues("target is an image", CL_INVALID_MEM_OBJECT,
             [&](cl_event* v) { return copy(a, f.image, 0, 0, 16, v); });
}

void Migrate(Suite& s, Fixture& f) {
  const cl_mem one = f.buffer;
  const cl_mem foreign = f.foreign_buffer;
  const cl_mem with_null[] = {f.buffer, nullptr};
  const auto migrate = [&](cl_uint count, const cl_mem* list, cl_mem_migration_flags flags, cl_event* v) {
    return clEnqueueMigrateMemObjects(f.queue, count, list, flags, 0, nullptr, v);
  };
  s.Group("clEnqueueMigrateMemObjects");
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    return clEnqueueMigrateMemObjects(queue, 1, &one, 0, count, list, v);
  });
  s.Enqueues("no objects", CL_INVALID_VALUE, [&](cl_event* v) { return migrate(0, &one, 0, v); });
  s.Enqueues("null list", CL_INVALID_VALUE, [&](cl_event* v) { return migrate(1, nullptr, 0, v); });
  s.Enqueues("null object", CL_INVALID_MEM_OBJECT, [&](cl_event* v) { return migrate(2, with_null, 0, v); });
  s.Enqueues("foreign object", CL_INVALID_CONTEXT, [&](cl_event* v) { return migrate(1, &foreign, 0, v); });
  s.Enqueues("unknown flag", CL_INVALID_VALUE, [&](cl_event* v) { return migrate(1, &one, 1 << 10, v); });
  s.Enqueues("to the host", CL_SUCCESS,
             [&](cl_event* v) { return migrate(1, &one, CL_MIGRATE_MEM_OBJECT_HOST, v); });
  s.Enqueues("contents undefined", CL_SUCCESS,
             [&](cl_event* v) { return migrate(1, &one, CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, v); });
  s.Enqueues("back to the device", CL_SUCCESS, [&](cl_event* v) { return migrate(1, &one, 0, v); });
}

}  // namespace

void FillCopyCases(Suite& s, Fixture& f) {
  Fill(s, f);
  Copy(s, f);
  Migrate(s, f);
}

}  // namespace clopencl::programs
