#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

struct SubBuffer {
  cl_mem parent;
  cl_mem_flags flags = 0;
  size_t origin = 0;
  size_t size = 16;
};

cl_mem Create(const SubBuffer& sub, cl_int* e) {
  const cl_buffer_region region = {sub.origin, sub.size};
  return clCreateSubBuffer(sub.parent, sub.flags, CL_BUFFER_CREATE_TYPE_REGION, &region, e);
}

void Arguments(Suite& s, Fixture& f) {
  const cl_buffer_region region = {0, 16};
  const size_t size = Fixture::kBufferSize;
  s.Creates("null parent", CL_INVALID_MEM_OBJECT, [&](cl_int* e) { return Create({nullptr}, e); });
  s.Creates("null region", CL_INVALID_VALUE, [&](cl_int* e) {
    return clCreateSubBuffer(f.buffer, 0, CL_BUFFER_CREATE_TYPE_REGION, nullptr, e);
  });
  s.Creates("unknown type", CL_INVALID_VALUE,
            [&](cl_int* e) { return clCreateSubBuffer(f.buffer, 0, 0x1234, &region, e); });
  s.Creates("valid", CL_SUCCESS, [&](cl_int* e) { return Create({f.buffer}, e); });
  s.Creates("whole parent", CL_SUCCESS, [&](cl_int* e) { return Create({f.buffer, 0, 0, size}, e); });
  s.Creates("size zero", CL_INVALID_BUFFER_SIZE, [&](cl_int* e) { return Create({f.buffer, 0, 0, 0}, e); });
  s.Creates("larger than parent", CL_INVALID_VALUE, [&](cl_int* e) {
    return Create({f.buffer, 0, 0, size + 1}, e);
  });
  s.Creates("origin beyond parent", CL_INVALID_VALUE, [&](cl_int* e) {
    return Create({f.buffer, 0, 2 * size, 16}, e);
  });
  s.Creates("origin at parent's end", CL_INVALID_VALUE, [&](cl_int* e) {
    return Create({f.buffer, 0, size, 16}, e);
  });
  s.Creates("end beyond parent", CL_INVALID_VALUE, [&](cl_int* e) {
    return Create({f.buffer, 0, size - 128, 129}, e);
  });
  s.Creates("end wraps around", CL_INVALID_VALUE, [&](cl_int* e) {
    return Create({f.buffer, 0, 128, ~size_t{0} - 64}, e);
  });
  s.Creates("origin misaligned by one", CL_MISALIGNED_SUB_BUFFER_OFFSET, [&](cl_int* e) {
    return Create({f.buffer, 0, 1, 16}, e);
  });
  const size_t alignment = f.device.Get<cl_uint>(CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
  if (alignment > 1 && alignment < size / 2) {
    s.Creates("origin misaligned by half", CL_MISALIGNED_SUB_BUFFER_OFFSET, [&](cl_int* e) {
      return Create({f.buffer, 0, alignment / 2, 16}, e);
    });
    s.Creates("origin aligned", CL_SUCCESS, [&](cl_int* e) {
      return Create({f.buffer, 0, alignment, 16}, e);
    });
  }
  s.Creates("of a sub-buffer", CL_INVALID_MEM_OBJECT, [&](cl_int* e) {
    const Mem sub(Create({f.buffer, 0, 0, 512}, e));
    return Create({sub, 0, 0, 128}, e);
  });
  if (f.has_images) {
    s.Creates("of an image", CL_INVALID_MEM_OBJECT, [&](cl_int* e) { return Create({f.image}, e); });
  }
}

void Flags(Suite& s, Fixture& f) {
  const Mem read_only = MakeBuffer(f.context, Fixture::kBufferSize, CL_MEM_READ_ONLY);
  const Mem write_only = MakeBuffer(f.context, Fixture::kBufferSize, CL_MEM_WRITE_ONLY);
  const struct {
    const char* name;
    cl_mem parent;
    cl_mem_flags flags;
    bool valid;
  } cases[] = {
      {"read-write of read-only", read_only, CL_MEM_READ_WRITE, false},
      {"write-only of read-only", read_only, CL_MEM_WRITE_ONLY, false},
      {"read-only of read-only", read_only, CL_MEM_READ_ONLY, true},
      {"read-write of write-only", write_only, CL_MEM_READ_WRITE, false},
      {"read-only of write-only", write_only, CL_MEM_READ_ONLY, false},
      {"write-only of write-only", write_only, CL_MEM_WRITE_ONLY, true},
      {"read-only of read-write", f.buffer, CL_MEM_READ_ONLY, true},
      {"write-only of read-write", f.buffer, CL_MEM_WRITE_ONLY, true},
      {"use host pointer", f.buffer, CL_MEM_USE_HOST_PTR, false},
      {"alloc host pointer", f.buffer, CL_MEM_ALLOC_HOST_PTR, false},
      {"copy host pointer", f.buffer, CL_MEM_COPY_HOST_PTR, false},
      {"host read-only of host write-only", f.host_write_only, CL_MEM_HOST_READ_ONLY, false},
      {"host write-only of host read-only", f.host_read_only, CL_MEM_HOST_WRITE_ONLY, false},
      {"host read-only of no access", f.no_host_access, CL_MEM_HOST_READ_ONLY, false},
      {"host write-only of no access", f.no_host_access, CL_MEM_HOST_WRITE_ONLY, false},
      {"no access of host write-only", f.host_write_only, CL_MEM_HOST_NO_ACCESS, true},
      {"no access of no access", f.no_host_access, CL_MEM_HOST_NO_ACCESS, true},
      {"read-write and read-only", f.buffer, CL_MEM_READ_WRITE | CL_MEM_READ_ONLY, false},
      {"write-only and read-only", f.buffer, CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY, false},
      {"host read-only and write-only", f.buffer, CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_WRITE_ONLY, false},
      {"unknown flag", f.buffer, cl_mem_flags{1} << 40, false},
  };
  for (const auto& one : cases) {
    s.Creates(one.name, one.valid ? CL_SUCCESS : CL_INVALID_VALUE, [&](cl_int* e) {
      return Create({one.parent, one.flags, 0, 128}, e);
    });
  }
}

}  // namespace

void SubBufferCases(Suite& s, Fixture& f) {
  s.Group("clCreateSubBuffer");
  Arguments(s, f);
  Flags(s, f);
}

}  // namespace clopencl::programs
