// Shared virtual memory.
#include "api_errors/fixture.h"
#include "api_errors/wait_list.h"

namespace clopencl::programs {
namespace {

void Allocation(Suite& s, Fixture& f) {
  const auto allocate = [&](cl_context context, cl_svm_mem_flags flags, size_t size, cl_uint alignment) {
    void* memory = clSVMAlloc(context, flags, size, alignment);
    if (memory != nullptr) clSVMFree(context, memory);
    return memory != nullptr;
  };
  const cl_ulong largest = f.device.Get<cl_ulong>(CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  s.Group("clSVMAlloc");
  s.Yields("null context", false, [&] { return allocate(nullptr, CL_MEM_READ_WRITE, 64, 0); });
  s.Yields("valid", true, [&] { return allocate(f.context, CL_MEM_READ_WRITE, 64, 0); });
  s.Yields("no flags", true, [&] { return allocate(f.context, 0, 64, 0); });
  s.Yields("size zero", false, [&] { return allocate(f.context, CL_MEM_READ_WRITE, 0, 0); });
  s.Yields("size above the largest", false,
           [&] { return allocate(f.context, CL_MEM_READ_WRITE, largest + 1, 0); });
  s.Yields("read-only and write-only", false,
           [&] { return allocate(f.context, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, 64, 0); });
  s.Yields("host pointer flag", false, [&] { return allocate(f.context, CL_MEM_USE_HOST_PTR, 64, 0); });
  s.Yields("unknown flag", false, [&] { return allocate(f.context, cl_svm_mem_flags{1} << 40, 64, 0); });
  s.Yields("atomics without fine grain", false,
           [&] { return allocate(f.context, CL_MEM_READ_WRITE | CL_MEM_SVM_ATOMICS, 64, 0); });
  s.Yields("alignment 64", true, [&] { return allocate(f.context, CL_MEM_READ_WRITE, 64, 64); });
  s.Yields("alignment 3", false, [&] { return allocate(f.context, CL_MEM_READ_WRITE, 64, 3); });
  s.Yields("alignment far too large", false,
           [&] { return allocate(f.context, CL_MEM_READ_WRITE, 64, 1u << 20); });
}

void Commands(Suite& s, Fixture& f, char* memory) {
  char* const other = memory + 512;
  s.Group("clEnqueueSVMMemcpy");
  BlockingWaitListCases(
      s, f,
      [&](cl_command_queue queue, cl_bool blocking, cl_uint count, const cl_event* list, cl_event* v) {
        return clEnqueueSVMMemcpy(queue, blocking, other, memory, 64, count, list, v);
      },
      Works::kOnSharedMemory);
  const auto copy = [&](void* to, const void* from, size_t size, cl_event* v) {
    return clEnqueueSVMMemcpy(f.queue, CL_FALSE, to, from, size, 0, nullptr, v);
  };
  s.Enqueues("null target", CL_INVALID_VALUE, [&](cl_event* v) { return copy(nullptr, memory, 64, v); });
  s.Enqueues("null source", CL_INVALID_VALUE, [&](cl_event* v) { return copy(memory, nullptr, 64, v); });
  s.Enqueues("size zero", {CL_SUCCESS, CL_INVALID_VALUE},
             [&](cl_event* v) { return copy(other, memory, 0, v); });
  s.Enqueues("overlap", CL_MEM_COPY_OVERLAP, [&](cl_event* v) { return copy(memory + 32, memory, 64, v); });
  s.Enqueues("from the host", CL_SUCCESS, [&](cl_event* v) { return copy(memory, f.host, 64, v); });
  s.Enqueues("to the host", CL_SUCCESS, [&](cl_event* v) { return copy(f.host, memory, 64, v); });

  s.Group("clEnqueueSVMMemFill");
  WaitListCases(
      s, f,
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
        return clEnqueueSVMMemFill(queue, memory, f.host, 4, 64, count, list, v);
      },
      Works::kOnSharedMemory);
  const auto fill = [&](void* to, const void* pattern, size_t pattern_size, size_t size, cl_event* v) {
    return clEnqueueSVMMemFill(f.queue, to, pattern, pattern_size, size, 0, nullptr, v);
  };
  s.Enqueues("null target", CL_INVALID_VALUE, [&](cl_event* v) { return fill(nullptr, f.host, 4, 64, v); });
  s.Enqueues("null pattern", CL_INVALID_VALUE, [&](cl_event* v) { return fill(memory, nullptr, 4, 64, v); });
  s.Enqueues("pattern of 0 bytes", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(memory, f.host, 0, 64, v); });
  s.Enqueues("pattern of 3 bytes", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(memory, f.host, 3, 63, v); });
  s.Enqueues("pattern of 256 bytes", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(memory, f.host, 256, 256, v); });
  s.Enqueues("size of no whole pattern", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(memory, f.host, 4, 66, v); });
  s.Enqueues("target misaligned", CL_INVALID_VALUE,
             [&](cl_event* v) { return fill(memory + 2, f.host, 4, 64, v); });
}

void Mapping(Suite& s, Fixture& f, char* memory) {
  const auto unmap = [&] {
    clEnqueueSVMUnmap(f.queue, memory, 0, nullptr, nullptr);
    clFinish(f.queue);
  };
  const auto map = [&](cl_map_flags flags, void* pointer, size_t size) {
    const cl_int code = clEnqueueSVMMap(f.queue, CL_TRUE, flags, pointer, size, 0, nullptr, nullptr);
    if (code == CL_SUCCESS) unmap();
    return code;
  };
  s.Group("clEnqueueSVMMap");
  BlockingWaitListCases(
      s, f,
      [&](cl_command_queue queue, cl_bool blocking, cl_uint count, const cl_event* list, cl_event* v) {
        const cl_int code = clEnqueueSVMMap(queue, blocking, CL_MAP_READ, memory, 64, count, list, v);
        if (code == CL_SUCCESS) unmap();
        return code;
      },
      Works::kOnSharedMemory);
  s.Returns("null pointer", CL_INVALID_VALUE, [&] { return map(CL_MAP_READ, nullptr, 64); });
  s.Returns("size zero", CL_INVALID_VALUE, [&] { return map(CL_MAP_READ, memory, 0); });
  s.Returns("unknown flag", CL_INVALID_VALUE, [&] { return map(1 << 10, memory, 64); });
  s.Returns("read and write", CL_SUCCESS, [&] { return map(CL_MAP_READ | CL_MAP_WRITE, memory, 64); });
  s.Returns("invalidate", CL_SUCCESS, [&] { return map(CL_MAP_WRITE_INVALIDATE_REGION, memory, 64); });
  s.Group("clEnqueueSVMUnmap");
  s.Enqueues("null queue", CL_INVALID_COMMAND_QUEUE,
             [&](cl_event* v) { return clEnqueueSVMUnmap(nullptr, memory, 0, nullptr, v); });
  s.Enqueues("null pointer", CL_INVALID_VALUE,
             [&](cl_event* v) { return clEnqueueSVMUnmap(f.queue, nullptr, 0, nullptr, v); });

  const void* list[] = {memory};
  const void* with_null[] = {memory, nullptr};
  const auto migrate = [&](cl_uint count, const void** pointers, cl_mem_migration_flags flags, cl_event* v) {
    return clEnqueueSVMMigrateMem(f.queue, count, pointers, nullptr, flags, 0, nullptr, v);
  };
  s.Group("clEnqueueSVMMigrateMem");
  WaitListCases(
      s, f,
      [&](cl_command_queue queue, cl_uint count, const cl_event* events, cl_event* v) {
        return clEnqueueSVMMigrateMem(queue, 1, list, nullptr, 0, count, events, v);
      },
      Works::kOnSharedMemory);
  s.Enqueues("no pointers", CL_INVALID_VALUE, [&](cl_event* v) { return migrate(0, list, 0, v); });
  s.Enqueues("null list", CL_INVALID_VALUE, [&](cl_event* v) { return migrate(1, nullptr, 0, v); });
  s.Enqueues("null pointer in list", {CL_INVALID_VALUE, CL_SUCCESS},
             [&](cl_event* v) { return migrate(2, with_null, 0, v); });
  s.Enqueues("unknown flag", CL_INVALID_VALUE, [&](cl_event* v) { return migrate(1, list, 1 << 10, v); });
}

void Freeing(Suite& s, Fixture& f) {
  void* memory = clSVMAlloc(f.context, CL_MEM_READ_WRITE, 64, 0);
  void* list[] = {memory};
  const auto enqueue = [&](cl_command_queue queue, cl_uint count, void** pointers, cl_uint events,
                           const cl_event* wait_list, cl_event* v) {
    return clEnqueueSVMFree(queue, count, pointers, nullptr, nullptr, events, wait_list, v);
  };
  const cl_event own = f.event;
  s.Group("clEnqueueSVMFree");
  s.Enqueues("null queue", CL_INVALID_COMMAND_QUEUE,
             [&](cl_event* v) { return enqueue(nullptr, 1, list, 0, nullptr, v); });
  s.Enqueues("no pointers", CL_INVALID_VALUE,
             [&](cl_event* v) { return enqueue(f.queue, 0, list, 0, nullptr, v); });
  s.Enqueues("null list", CL_INVALID_VALUE,
             [&](cl_event* v) { return enqueue(f.queue, 1, nullptr, 0, nullptr, v); });
  s.Enqueues("list without count", CL_INVALID_EVENT_WAIT_LIST,
             [&](cl_event* v) { return enqueue(f.queue, 1, list, 0, &own, v); });
  s.Enqueues("count without list", CL_INVALID_EVENT_WAIT_LIST,
             [&](cl_event* v) { return enqueue(f.queue, 1, list, 1, nullptr, v); });
  s.Enqueues("valid", CL_SUCCESS, [&](cl_event* v) { return enqueue(f.queue, 1, list, 0, nullptr, v); });
  s.Group("clSVMFree");
  s.Returns("null pointer", CL_SUCCESS, [&] {
    clSVMFree(f.context, nullptr);
    return CL_SUCCESS;
  });
}

}  // namespace

void SvmCases(Suite& s, Fixture& f) {
  if ((f.device.Get<cl_device_svm_capabilities>(CL_DEVICE_SVM_CAPABILITIES) &
       CL_DEVICE_SVM_COARSE_GRAIN_BUFFER) == 0) {
    return;
  }
  Allocation(s, f);
  auto* memory = static_cast<char*>(clSVMAlloc(f.context, CL_MEM_READ_WRITE, 1024, 0));
  Commands(s, f, memory);
  Mapping(s, f, memory);
  clFinish(f.queue);
  clSVMFree(f.context, memory);
  Freeing(s, f);
}

}  // namespace clopencl::programs
