// Buffers, and what all memory objects have in common.
#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

void CL_CALLBACK Ignore(cl_mem, void*) {}

// Every pair of flags that excludes each other.
constexpr struct {
  const char* name;
  cl_mem_flags flags;
} kConflicts[] = {
    {"read-write and write-only", CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY},
    {"read-write and read-only", CL_MEM_READ_WRITE | CL_MEM_READ_ONLY},
    {"write-only and read-only", CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY},
    {"host write-only and read-only", CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY},
    {"host write-only and no access", CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_NO_ACCESS},
    {"host read-only and no access", CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS},
    {"use and alloc", CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR},
    {"use and copy", CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR},
    {"unknown flag", cl_mem_flags{1} << 40},
    {"all flags", ~cl_mem_flags{0}},
};

void Creation(Suite& s, Fixture& f) {
  const cl_ulong largest = f.device.Get<cl_ulong>(CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  const auto create = [&](cl_mem_flags flags, size_t size, void* host, cl_int* e) {
    return clCreateBuffer(f.context, flags, size, host, e);
  };
  s.Group("clCreateBuffer");
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateBuffer(nullptr, CL_MEM_READ_WRITE, 16, nullptr, e); });
  s.Creates("no flags", CL_SUCCESS, [&](cl_int* e) { return create(0, 16, nullptr, e); });
  s.Creates("size zero", CL_INVALID_BUFFER_SIZE, [&](cl_int* e) { return create(0, 0, nullptr, e); });
  s.Creates("size above the largest", CL_INVALID_BUFFER_SIZE,
            [&](cl_int* e) { return create(0, largest + 1, nullptr, e); });
  s.Creates("size of all memory", CL_INVALID_BUFFER_SIZE,
            [&](cl_int* e) { return create(0, ~size_t{0}, nullptr, e); });
  for (const auto& conflict : kConflicts) {
    s.Creates(conflict.name, CL_INVALID_VALUE, [&](cl_int* e) {
      const bool host = (conflict.flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR)) != 0;
      return create(conflict.flags, 16, host ? f.host : nullptr, e);
    });
  }
  s.Creates("alloc and copy", CL_SUCCESS,
            [&](cl_int* e) { return create(CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR, 16, f.host, e); });
  s.Creates("pointer without flag", CL_INVALID_HOST_PTR,
            [&](cl_int* e) { return create(CL_MEM_READ_WRITE, 16, f.host, e); });
  s.Creates("pointer with alloc", CL_INVALID_HOST_PTR,
            [&](cl_int* e) { return create(CL_MEM_ALLOC_HOST_PTR, 16, f.host, e); });
  s.Creates("use without pointer", CL_INVALID_HOST_PTR,
            [&](cl_int* e) { return create(CL_MEM_USE_HOST_PTR, 16, nullptr, e); });
  s.Creates("copy without pointer", CL_INVALID_HOST_PTR,
            [&](cl_int* e) { return create(CL_MEM_COPY_HOST_PTR, 16, nullptr, e); });
  s.Creates("kernel read and write", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(CL_MEM_KERNEL_READ_AND_WRITE, 16, nullptr, e); });
  s.Creates("fine-grained flag", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(CL_MEM_SVM_FINE_GRAIN_BUFFER, 16, nullptr, e); });
  s.Creates("size zero and conflict", {CL_INVALID_BUFFER_SIZE, CL_INVALID_VALUE},
            [&](cl_int* e) { return create(CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, 0, nullptr, e); });
  s.Creates("size zero and pointer", {CL_INVALID_BUFFER_SIZE, CL_INVALID_HOST_PTR},
            [&](cl_int* e) { return create(0, 0, f.host, e); });
  s.Yields("refused without errcode_ret", false, [&] {
    const Mem mem(create(0, 0, nullptr, nullptr));
    return mem != nullptr;
  });
}

void CreationWithProperties(Suite& s, Fixture& f) {
  const auto create = [&](const cl_mem_properties* properties, cl_int* e) {
    return clCreateBufferWithProperties(f.context, properties, CL_MEM_READ_WRITE, 16, nullptr, e);
  };
  s.Group("clCreateBufferWithProperties");
  s.Creates("null properties", CL_SUCCESS, [&](cl_int* e) { return create(nullptr, e); });
  s.Creates("empty properties", CL_SUCCESS, [&](cl_int* e) {
    const cl_mem_properties none[] = {0};
    return create(none, e);
  });
  s.Creates("unknown property", CL_INVALID_PROPERTY, [&](cl_int* e) {
    const cl_mem_properties unknown[] = {0x7777, 1, 0};
    return create(unknown, e);
  });
  s.Creates("null context", CL_INVALID_CONTEXT, [&](cl_int* e) {
    return clCreateBufferWithProperties(nullptr, nullptr, CL_MEM_READ_WRITE, 16, nullptr, e);
  });
  s.Creates("size zero", CL_INVALID_BUFFER_SIZE, [&](cl_int* e) {
    return clCreateBufferWithProperties(f.context, nullptr, CL_MEM_READ_WRITE, 0, nullptr, e);
  });
}

void Others(Suite& s, Fixture& f) {
  s.Group("clGetMemObjectInfo");
  s.Returns("null object", CL_INVALID_MEM_OBJECT,
            [&] { return clGetMemObjectInfo(nullptr, CL_MEM_TYPE, sizeof f.host, f.host, nullptr); });
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return clGetMemObjectInfo(f.buffer, 0x1234, sizeof f.host, f.host, nullptr); });
  s.Returns("image token", CL_INVALID_VALUE,
            [&] { return clGetMemObjectInfo(f.buffer, CL_IMAGE_FORMAT, sizeof f.host, f.host, nullptr); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return clGetMemObjectInfo(f.buffer, CL_MEM_SIZE, 7, f.host, nullptr); });
  s.Returns("size zero", CL_INVALID_VALUE,
            [&] { return clGetMemObjectInfo(f.buffer, CL_MEM_SIZE, 0, f.host, nullptr); });
  s.Returns("nothing asked", CL_SUCCESS,
            [&] { return clGetMemObjectInfo(f.buffer, CL_MEM_SIZE, 0, nullptr, nullptr); });
  s.Group("clRetainMemObject");
  s.Returns("null object", CL_INVALID_MEM_OBJECT, [&] { return clRetainMemObject(nullptr); });
  s.Group("clReleaseMemObject");
  s.Returns("null object", CL_INVALID_MEM_OBJECT, [&] { return clReleaseMemObject(nullptr); });
  s.Returns("retained and released", CL_SUCCESS, [&] {
    const cl_int code = clRetainMemObject(f.buffer);
    return code == CL_SUCCESS ? clReleaseMemObject(f.buffer) : code;
  });
  s.Group("clSetMemObjectDestructorCallback");
  s.Returns("null object", CL_INVALID_MEM_OBJECT,
            [&] { return clSetMemObjectDestructorCallback(nullptr, Ignore, nullptr); });
  s.Returns("null function", CL_INVALID_VALUE,
            [&] { return clSetMemObjectDestructorCallback(f.buffer, nullptr, nullptr); });
  s.Returns("valid", CL_SUCCESS, [&] { return clSetMemObjectDestructorCallback(f.buffer, Ignore, nullptr); });
}

}  // namespace

void BufferCases(Suite& s, Fixture& f) {
  Creation(s, f);
  CreationWithProperties(s, f);
  Others(s, f);
}

}  // namespace clopencl::programs
