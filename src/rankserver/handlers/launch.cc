// Kernel launches.
#include "common/log.h"
#include "rankserver/command.h"

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
    case wire::ArgKind::kMem: {
      cl_mem mem = nullptr;
      if (arg.word != 0) {
        const std::shared_ptr<Mem>* found = mems.Find(MemId::Unpack(arg.word), status);
        if (found == nullptr) return status;
        mem = (*found)->native.get();
        state.mem = MemId::Unpack(arg.word);
      }
      return api().SetKernelArg(native, arg.index, sizeof mem, &mem);
    }
    case wire::ArgKind::kSampler: {
      const std::shared_ptr<Sampler>* found = samplers.Find(SamplerId::Unpack(arg.word), status);
      if (found == nullptr) return status;
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

void Channel::On(const wire::LaunchKernel& m) {
  Enqueue command(*this, m.command);
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Kernel>* found = kernels.Find(m.kernel, status);
  if (found == nullptr) command.Fail(status);
  Kernel* kernel = found != nullptr ? found->get() : nullptr;
  // The program is still being built; the frontend waits for that before it sends launches.
  if (kernel != nullptr && !kernel->native) {
    command.Fail(kernel->error != CL_SUCCESS ? kernel->error : CL_INVALID_PROGRAM_EXECUTABLE);
    kernel = nullptr;
  }
  if (m.dimensions < 1 || m.dimensions > 3) command.Fail(CL_INVALID_WORK_DIMENSION);
  if (kernel != nullptr) {
    for (const wire::KernelArg& arg : m.args) {
      if (arg.index >= kMaxArguments) {
        command.Fail(CL_INVALID_ARG_INDEX);
        continue;
      }
      if (arg.index >= kernel->args.size()) kernel->args.resize(arg.index + 1);
      const cl_int error = SetArgument(*kernel, arg);
      kernel->args[arg.index].error = error;
    }
    for (const wire::KernelExecInfo& info : m.exec_info) {
      const cl_int error = SetExecInfo(*kernel, info);
      if (error != CL_SUCCESS) command.Fail(error);
    }
    for (const KernelArgument& arg : kernel->args) {
      if (arg.error != CL_SUCCESS) command.Fail(arg.error);
      if (arg.mem) command.Use(arg.mem);
    }
  }
  const bool has_local = m.local[0] != 0 || m.local[1] != 0 || m.local[2] != 0;
  const std::array<size_t, 3> offset{m.offset[0], m.offset[1], m.offset[2]};
  const std::array<size_t, 3> global{m.global[0], m.global[1], m.global[2]};
  const std::array<size_t, 3> local{m.local[0], m.local[1], m.local[2]};
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueNDRangeKernel(to.queue, kernel->native.get(), m.dimensions, offset.data(),
                                      global.data(), has_local ? local.data() : nullptr, to.count, to.list,
                                      to.event);
  });
}

}  // namespace clopencl::rankserver
