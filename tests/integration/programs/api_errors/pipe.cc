#include "api_errors/fixture.h"

namespace clopencl::programs {

void PipeCases(Suite& s, Fixture& f) {
  const bool pipes = f.device.Get<cl_bool>(CL_DEVICE_PIPE_SUPPORT) != CL_FALSE;
  const auto create = [&](cl_mem_flags flags, cl_uint packet, cl_uint packets, cl_int* e) {
    return clCreatePipe(f.context, flags, packet, packets, nullptr, e);
  };
  const auto refused = [&](cl_int code) { return pipes ? Codes(code) : Codes{CL_INVALID_OPERATION, code}; };
  s.Group("clCreatePipe");
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreatePipe(nullptr, 0, 4, 16, nullptr, e); });
  s.Creates("valid", pipes ? CL_SUCCESS : CL_INVALID_OPERATION,
            [&](cl_int* e) { return create(0, 4, 16, e); });
  s.Creates("packet size zero", refused(CL_INVALID_PIPE_SIZE),
            [&](cl_int* e) { return create(0, 0, 16, e); });
  s.Creates("no packets", refused(CL_INVALID_PIPE_SIZE), [&](cl_int* e) { return create(0, 4, 0, e); });
  s.Creates("packet size too large", refused(CL_INVALID_PIPE_SIZE), [&](cl_int* e) {
    return create(0, f.device.Get<cl_uint>(CL_DEVICE_PIPE_MAX_PACKET_SIZE) + 1, 16, e);
  });
  s.Creates("read-only", refused(CL_INVALID_VALUE),
            [&](cl_int* e) { return create(CL_MEM_READ_ONLY, 4, 16, e); });
  s.Creates("host pointer flag", refused(CL_INVALID_VALUE),
            [&](cl_int* e) { return create(CL_MEM_USE_HOST_PTR, 4, 16, e); });
  s.Creates("property", refused(CL_INVALID_VALUE), [&](cl_int* e) {
    const cl_pipe_properties properties[] = {0x7777, 1, 0};
    return clCreatePipe(f.context, 0, 4, 16, properties, e);
  });

  s.Group("clGetPipeInfo");
  s.Returns("null pipe", CL_INVALID_MEM_OBJECT,
            [&] { return clGetPipeInfo(nullptr, CL_PIPE_PACKET_SIZE, sizeof f.host, f.host, nullptr); });
  s.Returns("a buffer", CL_INVALID_MEM_OBJECT,
            [&] { return clGetPipeInfo(f.buffer, CL_PIPE_PACKET_SIZE, sizeof f.host, f.host, nullptr); });
}

}  // namespace clopencl::programs
