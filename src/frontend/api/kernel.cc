#include "frontend/core/kernel.h"

#include <CL/cl_ext.h>

#include <algorithm>

#include "frontend/api/api.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {

cl_kernel CreateKernel(cl_program handle, const char* name) {
  Program& program = Get<Program>(handle, CL_INVALID_PROGRAM);
  Require(program.built(), CL_INVALID_PROGRAM_EXECUTABLE);
  Require(name != nullptr, CL_INVALID_VALUE);
  const auto kernels = program.kernels();
  const auto at =
      std::find_if(kernels.begin(), kernels.end(), [&](const auto& kernel) { return kernel->name == name; });
  Require(at != kernels.end(), CL_INVALID_KERNEL_NAME);
  return (new Kernel(program, *at))->handle();
}

void CreateKernelsInProgram(cl_program handle, cl_uint num_kernels, cl_kernel* kernels,
                            cl_uint* num_kernels_ret) {
  Program& program = Get<Program>(handle, CL_INVALID_PROGRAM);
  Require(program.built(), CL_INVALID_PROGRAM_EXECUTABLE);
  const auto all = program.kernels();
  Require(kernels == nullptr || num_kernels >= all.size(), CL_INVALID_VALUE);
  if (kernels != nullptr)
    for (size_t i = 0; i < all.size(); ++i) kernels[i] = (new Kernel(program, all[i]))->handle();
  if (num_kernels_ret != nullptr) *num_kernels_ret = static_cast<cl_uint>(all.size());
}

cl_kernel CloneKernel(cl_kernel handle) {
  Kernel& source = Get<Kernel>(handle, CL_INVALID_KERNEL);
  auto* clone = new Kernel(source.program(), source.shared_info());
  clone->CopyArgsFrom(source);
  return clone->handle();
}

void RetainKernel(cl_kernel kernel) { Get<Kernel>(kernel, CL_INVALID_KERNEL).Retain(); }
void ReleaseKernel(cl_kernel kernel) { Get<Kernel>(kernel, CL_INVALID_KERNEL).Release(); }

void SetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void* value) {
  Get<Kernel>(kernel, CL_INVALID_KERNEL).SetArg(index, size, value);
}

void SetKernelArgSVMPointer(cl_kernel handle, cl_uint index, const void* value) {
  Kernel& kernel = Get<Kernel>(handle, CL_INVALID_KERNEL);
  Require(kernel.context().svm() != 0, CL_INVALID_OPERATION);
  kernel.SetArgSvm(index, value);
}

void SetKernelExecInfo(cl_kernel handle, cl_kernel_exec_info param, size_t size, const void* value) {
  Kernel& kernel = Get<Kernel>(handle, CL_INVALID_KERNEL);
  Require(kernel.context().svm() != 0, CL_INVALID_OPERATION);
  Require(value != nullptr || size == 0, CL_INVALID_VALUE);
  if (param == CL_KERNEL_EXEC_INFO_SVM_PTRS) {
    Require(size % sizeof(void*) == 0, CL_INVALID_VALUE);
  } else if (param == CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM) {
    Require(size == sizeof(cl_bool), CL_INVALID_VALUE);
    // No device of ours has it.
    Require(*static_cast<const cl_bool*>(value) == CL_FALSE, CL_INVALID_OPERATION);
    return;
  } else {
    Fail(CL_INVALID_VALUE);
  }
  kernel.SetExecInfo(param, {static_cast<const std::byte*>(value), size});
}

void GetKernelInfo(cl_kernel handle, cl_kernel_info param, size_t size, void* value, size_t* size_ret) {
  const Kernel& kernel = Get<Kernel>(handle, CL_INVALID_KERNEL);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_KERNEL_FUNCTION_NAME:
      return sink.PutText(kernel.info().name);
    case CL_KERNEL_NUM_ARGS:
      return sink.Put(static_cast<cl_uint>(kernel.info().args.size()));
    case CL_KERNEL_REFERENCE_COUNT:
      return sink.Put<cl_uint>(kernel.api_references.load());
    case CL_KERNEL_CONTEXT:
      return sink.Put(kernel.context().handle());
    case CL_KERNEL_PROGRAM:
      return sink.Put(kernel.program().handle());
    case CL_KERNEL_ATTRIBUTES:
      return sink.PutText(kernel.info().attributes);
    default:
      Fail(CL_INVALID_VALUE);
  }
}

void GetKernelArgInfo(cl_kernel handle, cl_uint index, cl_kernel_arg_info param, size_t size, void* value,
                      size_t* size_ret) {
  const Kernel& kernel = Get<Kernel>(handle, CL_INVALID_KERNEL);
  Require(index < kernel.info().args.size(), CL_INVALID_ARG_INDEX);
  Require(kernel.info().has_arg_info && kernel.program().shows_arg_info(), CL_KERNEL_ARG_INFO_NOT_AVAILABLE);
  const KernelArgInfo& arg = kernel.info().args[index];
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_KERNEL_ARG_ADDRESS_QUALIFIER:
      return sink.Put(arg.address);
    case CL_KERNEL_ARG_ACCESS_QUALIFIER:
      return sink.Put(arg.access);
    case CL_KERNEL_ARG_TYPE_NAME:
      return sink.PutText(arg.type_name);
    case CL_KERNEL_ARG_TYPE_QUALIFIER:
      return sink.Put(arg.type_qualifier);
    case CL_KERNEL_ARG_NAME:
      return sink.PutText(arg.name);
    default:
      Fail(CL_INVALID_VALUE);
  }
}

namespace {

// The device a work-group query is about: none is allowed when the kernel has only one.
const KernelInfo::OnDevice& FindKernelDevice(const Kernel& kernel, cl_device_id handle) {
  const auto& devices = kernel.info().devices;
  if (handle == nullptr) {
    Require(kernel.context().devices().size() == 1 && devices.size() == 1, CL_INVALID_DEVICE);
    return devices.front();
  }
  const Device& device = Get<Device>(handle, CL_INVALID_DEVICE);
  const KernelInfo::OnDevice* found = kernel.info().Find(device);
  Require(found != nullptr, CL_INVALID_DEVICE);
  return *found;
}

// Asks the server of the device what was not learnt when the program was built.
void QueryKernel(Kernel& kernel, Device& device, wire::Query query, cl_uint param,
                 std::span<const std::byte> input, const InfoSink& sink) {
  Session& session = device.session();
  {
    std::lock_guard lock(TheRuntime().command_mutex());
    kernel.EnsureOn(session);
  }
  cl_int status = CL_SUCCESS;
  std::vector<std::byte> answer;
  TheRuntime().CallAndWait<wire::InfoAnswered>(
      session,
      wire::QueryInfo{0, query, param, kernel.id().Pack(), device.id(), input,
                      sink.value() == nullptr ? 0 : sink.size()},
      [&](const wire::InfoAnswered& reply) {
        status = reply.status;
        answer.assign(reply.value.begin(), reply.value.end());
      });
  Require(status == CL_SUCCESS, status);
  sink.PutBytes(answer.data(), answer.size());
}

}  // namespace

void GetKernelWorkGroupInfo(cl_kernel handle, cl_device_id device_handle, cl_kernel_work_group_info param,
                            size_t size, void* value, size_t* size_ret) {
  Kernel& kernel = Get<Kernel>(handle, CL_INVALID_KERNEL);
  const KernelInfo::OnDevice& on = FindKernelDevice(kernel, device_handle);
  const InfoSink sink(size, value, size_ret);
  if (param == CL_KERNEL_LOCAL_MEM_SIZE && FindFact(on.work_group, param) != nullptr)
    return sink.Put<cl_ulong>(FactOr<cl_ulong>(on.work_group, param, 0) + kernel.local_arg_bytes());
  if (const OwnedFact* fact = FindFact(on.work_group, param))
    return sink.PutBytes(fact->value.data(), fact->value.size());
  QueryKernel(kernel, *on.device, wire::Query::kKernelWorkGroupInfo, param, {}, sink);
}

void GetKernelSubGroupInfo(cl_kernel handle, cl_device_id device_handle, cl_kernel_sub_group_info param,
                           size_t input_size, const void* input, size_t size, void* value, size_t* size_ret) {
  Kernel& kernel = Get<Kernel>(handle, CL_INVALID_KERNEL);
  const KernelInfo::OnDevice& on = FindKernelDevice(kernel, device_handle);
  QueryKernel(kernel, *on.device, wire::Query::kKernelSubGroupInfo, param,
              {static_cast<const std::byte*>(input), input == nullptr ? 0 : input_size},
              InfoSink(size, value, size_ret));
}

}  // namespace clopencl::frontend::api
