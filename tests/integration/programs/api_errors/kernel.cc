// Creation and queries of kernels.
#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

void Creation(Suite& s, Fixture& f) {
  s.Group("clCreateKernel");
  s.Creates("null program", CL_INVALID_PROGRAM,
            [&](cl_int* e) { return clCreateKernel(nullptr, "scale", e); });
  s.Creates("null name", CL_INVALID_VALUE, [&](cl_int* e) { return clCreateKernel(f.program, nullptr, e); });
  s.Creates("unknown name", CL_INVALID_KERNEL_NAME,
            [&](cl_int* e) { return clCreateKernel(f.program, "no_such_kernel", e); });
  s.Creates("empty name", CL_INVALID_KERNEL_NAME,
            [&](cl_int* e) { return clCreateKernel(f.program, "", e); });
  s.Creates("before build", CL_INVALID_PROGRAM_EXECUTABLE,
            [&](cl_int* e) { return clCreateKernel(f.unbuilt_program, "scale", e); });
  s.Creates("after failure", CL_INVALID_PROGRAM_EXECUTABLE,
            [&](cl_int* e) { return clCreateKernel(f.broken_program, "broken", e); });
  s.Creates("valid", CL_SUCCESS, [&](cl_int* e) { return clCreateKernel(f.program, "scale", e); });
  s.Creates("twice the same", CL_SUCCESS, [&](cl_int* e) {
    const Kernel first(clCreateKernel(f.program, "scale", nullptr));
    return clCreateKernel(f.program, "scale", e);
  });

  cl_kernel kernels[16];
  cl_uint count = 0;
  const auto create = [&](cl_program program, cl_uint entries, cl_kernel* list) {
    count = 0;
    const cl_int code = clCreateKernelsInProgram(program, entries, list, &count);
    for (cl_uint i = 0; code == CL_SUCCESS && list != nullptr && i < count; ++i) clReleaseKernel(list[i]);
    return code;
  };
  s.Group("clCreateKernelsInProgram");
  s.Returns("null program", CL_INVALID_PROGRAM, [&] { return create(nullptr, 16, kernels); });
  s.Returns("before build", CL_INVALID_PROGRAM_EXECUTABLE,
            [&] { return create(f.unbuilt_program, 16, kernels); });
  s.Returns("after failure", CL_INVALID_PROGRAM_EXECUTABLE,
            [&] { return create(f.broken_program, 16, kernels); });
  s.Returns("too few entries", CL_INVALID_VALUE, [&] { return create(f.program, 1, kernels); });
  s.Returns("count only", CL_SUCCESS, [&] { return create(f.program, 0, nullptr); });
  s.Returns("valid", CL_SUCCESS, [&] { return create(f.program, 16, kernels); });

  s.Group("clCloneKernel");
  s.Creates("null kernel", CL_INVALID_KERNEL, [&](cl_int* e) { return clCloneKernel(nullptr, e); });
  s.Creates("valid", CL_SUCCESS, [&](cl_int* e) { return clCloneKernel(f.kernel, e); });
  s.Group("clRetainKernel");
  s.Returns("null kernel", CL_INVALID_KERNEL, [&] { return clRetainKernel(nullptr); });
  s.Group("clReleaseKernel");
  s.Returns("null kernel", CL_INVALID_KERNEL, [&] { return clReleaseKernel(nullptr); });
}

void KernelQueries(Suite& s, Fixture& f) {
  s.Group("clGetKernelInfo");
  s.Returns("null kernel", CL_INVALID_KERNEL,
            [&] { return clGetKernelInfo(nullptr, CL_KERNEL_NUM_ARGS, sizeof f.host, f.host, nullptr); });
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return clGetKernelInfo(f.kernel, 0x1234, sizeof f.host, f.host, nullptr); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return clGetKernelInfo(f.kernel, CL_KERNEL_FUNCTION_NAME, 1, f.host, nullptr); });
  s.Returns("size zero", CL_INVALID_VALUE,
            [&] { return clGetKernelInfo(f.kernel, CL_KERNEL_NUM_ARGS, 0, f.host, nullptr); });
  s.Returns("nothing asked", CL_SUCCESS,
            [&] { return clGetKernelInfo(f.kernel, CL_KERNEL_NUM_ARGS, 0, nullptr, nullptr); });

  const auto arg = [&](cl_kernel kernel, cl_uint index, cl_kernel_arg_info token, size_t size) {
    return clGetKernelArgInfo(kernel, index, token, size, f.host, nullptr);
  };
  s.Group("clGetKernelArgInfo");
  s.Returns("null kernel", CL_INVALID_KERNEL,
            [&] { return arg(nullptr, 0, CL_KERNEL_ARG_NAME, sizeof f.host); });
  s.Returns("index beyond", CL_INVALID_ARG_INDEX,
            [&] { return arg(f.kernel, 3, CL_KERNEL_ARG_NAME, sizeof f.host); });
  s.Returns("index far beyond", CL_INVALID_ARG_INDEX,
            [&] { return arg(f.kernel, ~cl_uint{0}, CL_KERNEL_ARG_NAME, sizeof f.host); });
  s.Returns("of a kernel without arguments", CL_INVALID_ARG_INDEX,
            [&] { return arg(f.empty_kernel, 0, CL_KERNEL_ARG_NAME, sizeof f.host); });
  s.Returns("unknown token", CL_INVALID_VALUE, [&] { return arg(f.kernel, 0, 0x1234, sizeof f.host); });
  s.Returns("too small", CL_INVALID_VALUE, [&] { return arg(f.kernel, 0, CL_KERNEL_ARG_NAME, 1); });
  s.Returns("size zero", CL_INVALID_VALUE, [&] { return arg(f.kernel, 0, CL_KERNEL_ARG_NAME, 0); });
  s.Returns("built without argument information", {CL_KERNEL_ARG_INFO_NOT_AVAILABLE, CL_SUCCESS}, [&] {
    const Program program = BuildProgram(f.context, f.device, "kernel void k(global int* a) {}");
    const Kernel kernel = MakeKernel(program, "k");
    return arg(kernel, 0, CL_KERNEL_ARG_NAME, sizeof f.host);
  });
}

void WorkGroupQueries(Suite& s, Fixture& f) {
  const cl_device_id device = f.device.id;
  const auto info = [&](cl_kernel kernel, cl_device_id on, cl_kernel_work_group_info token, size_t size) {
    return clGetKernelWorkGroupInfo(kernel, on, token, size, f.host, nullptr);
  };
  s.Group("clGetKernelWorkGroupInfo");
  s.Returns("null kernel", CL_INVALID_KERNEL,
            [&] { return info(nullptr, device, CL_KERNEL_WORK_GROUP_SIZE, sizeof f.host); });
  s.Returns("null device, one in context", CL_SUCCESS,
            [&] { return info(f.kernel, nullptr, CL_KERNEL_WORK_GROUP_SIZE, sizeof f.host); });
  s.Returns("unknown token", CL_INVALID_VALUE, [&] { return info(f.kernel, device, 0x1234, sizeof f.host); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return info(f.kernel, device, CL_KERNEL_WORK_GROUP_SIZE, 4); });
  s.Returns("size zero", CL_INVALID_VALUE,
            [&] { return info(f.kernel, device, CL_KERNEL_WORK_GROUP_SIZE, 0); });
  s.Returns("global size of an ordinary kernel", CL_INVALID_VALUE,
            [&] { return info(f.kernel, device, CL_KERNEL_GLOBAL_WORK_SIZE, sizeof f.host); });
  if (f.sub_device != nullptr) {
    s.Returns("device of no context", CL_INVALID_DEVICE,
              [&] { return info(f.kernel, f.sub_device, CL_KERNEL_WORK_GROUP_SIZE, sizeof f.host); });
  }

  const size_t range[] = {64, 1, 1};
  size_t answer[3] = {};
  const auto sub_group = [&](cl_kernel kernel, cl_device_id on, cl_kernel_sub_group_info token, size_t in,
                             const void* input) {
    return clGetKernelSubGroupInfo(kernel, on, token, in, input, sizeof answer[0], answer, nullptr);
  };
  const bool sub_groups = f.device.Get<cl_uint>(CL_DEVICE_MAX_NUM_SUB_GROUPS) > 0;
  const Codes valid = sub_groups ? Codes(CL_SUCCESS) : Codes(CL_INVALID_OPERATION);
  const Codes invalid = sub_groups ? Codes(CL_INVALID_VALUE) : Codes{CL_INVALID_OPERATION, CL_INVALID_VALUE};
  s.Group("clGetKernelSubGroupInfo");
  s.Returns("null kernel", CL_INVALID_KERNEL, [&] {
    return sub_group(nullptr, device, CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, sizeof range, range);
  });
  s.Returns("size for a range", valid, [&] {
    return sub_group(f.kernel, device, CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, sizeof range, range);
  });
  s.Returns("null input", invalid, [&] {
    return sub_group(f.kernel, device, CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, 0, nullptr);
  });
  s.Returns("unknown token", invalid,
            [&] { return sub_group(f.kernel, device, 0x1234, sizeof range, range); });
}

}  // namespace

void KernelCases(Suite& s, Fixture& f) {
  Creation(s, f);
  KernelQueries(s, f);
  WorkGroupQueries(s, f);
}

}  // namespace clopencl::programs
