// Kernel launches.
#include "common/log.h"
#include "rankserver/command.h"
#include "rankserver/range.h"

namespace clopencl::rankserver {
namespace {

constexpr uint32_t kMaxArguments = 4096;

}  // namespace

// Sets one argument natively. What goes wrong is remembered with the argument: natively the old value would
// stay.
cl_int Channel::SetArgument(Kernel& kernel, const wire::KernelArg& arg) {
  KernelArgument& state = kernel.args[arg.index];
  state = {};
  const cl_kernel native = kernel.native.get();
  cl_int status = CL_SUCCESS;
  switch (arg.kind) {
    case wire::ArgKind::kValue:
      return api().SetKernelArg(native, arg.index, arg.bytes.size(), arg.bytes.data());
    case wire::ArgKind::kLocal:
      return api().SetKernelArg(native, arg.index, arg.word, nullptr);
    case wire::ArgKind::kMem:
    case wire::ArgKind::kMemRead: {
      cl_mem mem = nullptr;
      if (arg.word != 0) {
        const std::shared_ptr<Mem>* found = mems.Find(MemId::Unpack(arg.word), status);
        if (found == nullptr) return status;
        mem = (*found)->native.get();
        state.mem = MemId::Unpack(arg.word);
        state.access = arg.kind == wire::ArgKind::kMemRead ? Access::kReads : Access::kWrites;
      }
      return api().SetKernelArg(native, arg.index, sizeof mem, &mem);
    }
    case wire::ArgKind::kSampler: {
      const std::shared_ptr<Sampler>* found = samplers.Find(SamplerId::Unpack(arg.word), status);
      if (found == nullptr) return status;
      state.sampler = *found;
      const cl_sampler sampler = (*found)->native.get();
      return api().SetKernelArg(native, arg.index, sizeof sampler, &sampler);
    }
    case wire::ArgKind::kQueue: {
      const std::shared_ptr<Queue>* found = queues.Find(QueueId::Unpack(arg.word), status);
      if (found == nullptr) return CL_INVALID_DEVICE_QUEUE;
      const cl_command_queue queue = (*found)->native.get();
      return api().SetKernelArg(native, arg.index, sizeof queue, &queue);
    }
    case wire::ArgKind::kSvmPointer: {
      if (api().SetKernelArgSVMPointer == nullptr) return CL_INVALID_OPERATION;
      if (arg.word != 0 && !kernel.program->context->HoldsSvm(arg.word, 0)) return CL_INVALID_ARG_VALUE;
      return api().SetKernelArgSVMPointer(native, arg.index, reinterpret_cast<const void*>(arg.word));
    }
  }
  return CL_INVALID_ARG_VALUE;
}

cl_int Channel::SetExecInfo(Kernel& kernel, const wire::KernelExecInfo& info) {
  if (api().SetKernelExecInfo == nullptr) return CL_INVALID_OPERATION;
  return api().SetKernelExecInfo(kernel.native.get(), info.param, info.value.size(), info.value.data());
}

// The kernel with the arguments that the message brings, and the first error of all that it is to run with.
cl_int Channel::PrepareKernel(const wire::LaunchKernel& m, std::shared_ptr<Kernel>& kernel) {
  cl_int status = CL_SUCCESS;
  const auto fail = [&status](cl_int error) {
    if (status == CL_SUCCESS) status = error;
  };
  const std::shared_ptr<Kernel>* found = kernels.Find(m.kernel, status);
  if (found == nullptr) return status;
  // The program is still being built; the frontend waits for that before it sends launches.
  if (!(*found)->native)
    return (*found)->error != CL_SUCCESS ? (*found)->error : CL_INVALID_PROGRAM_EXECUTABLE;
  kernel = *found;
  if (m.dimensions < 1 || m.dimensions > 3) fail(CL_INVALID_WORK_DIMENSION);
  for (const wire::KernelArg& arg : m.args) {
    if (arg.index >= kMaxArguments) {
      fail(CL_INVALID_ARG_INDEX);
      continue;
    }
    if (arg.index >= kernel->args.size()) kernel->args.resize(arg.index + 1);
    const cl_int error = SetArgument(*kernel, arg);
    kernel->args[arg.index].error = error;
  }
  for (const wire::KernelExecInfo& info : m.exec_info) fail(SetExecInfo(*kernel, info));
  for (const KernelArgument& arg : kernel->args) fail(arg.error);
  return status;
}

void Channel::On(const wire::LaunchKernel& m) {
  Enqueue command(*this, m.command);
  std::shared_ptr<Kernel> kernel;
  if (const cl_int error = PrepareKernel(m, kernel)) command.Fail(error);
  if (kernel != nullptr) {
    for (const KernelArgument& arg : kernel->args)
      if (arg.mem) command.Use(arg.mem, arg.access);
  }
  const Range range(m);
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueNDRangeKernel(to.queue, kernel->native.get(), m.dimensions, range.offset.data(),
                                      range.global.data(), range.native_local(), to.count, to.list, to.event);
  });
}

}  // namespace clopencl::rankserver
