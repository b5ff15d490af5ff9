// Kernel launches.
#include "common/log.h"
#include "rankserver/command.h"

namespace clopencl::rankserver {
namespace {

constexpr uint32_t kMaxArguments = 4096;

cl_int CheckSizes(const wire::LaunchKernel& m) {
  const size_t dimensions = m.global.size();
  if (dimensions < 1 || dimensions > 3) return CL_INVALID_WORK_DIMENSION;
  if (!m.offset.empty() && m.offset.size() != dimensions) return CL_INVALID_GLOBAL_OFFSET;
  if (!m.local.empty() && m.local.size() != dimensions) return CL_INVALID_WORK_GROUP_SIZE;
  return CL_SUCCESS;
}

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

// The kernel, whose slot it is, with the arguments that the message brings; null when it can't be run.
// `error`: the first of all that the launch is to fail with.
const std::shared_ptr<Kernel>* Channel::PrepareKernel(const wire::LaunchKernel& m, cl_int& error) {
  error = CL_SUCCESS;
  const auto fail = [&error](cl_int status) {
    if (error == CL_SUCCESS) error = status;
  };
  const std::shared_ptr<Kernel>* found = kernels.Find(m.kernel, error);
  if (found == nullptr) return nullptr;
  Kernel& kernel = **found;
  // The program is still being built; the frontend waits for that before it sends launches.
  if (!kernel.native) {
    error = kernel.error != CL_SUCCESS ? kernel.error : CL_INVALID_PROGRAM_EXECUTABLE;
    return nullptr;
  }
  fail(CheckSizes(m));
  for (const wire::KernelArg& arg : m.args) {
    if (arg.index >= kMaxArguments) {
      fail(CL_INVALID_ARG_INDEX);
      continue;
    }
    if (arg.index >= kernel.args.size()) kernel.args.resize(arg.index + 1);
    kernel.args[arg.index].error = SetArgument(kernel, arg);
  }
  for (const wire::KernelExecInfo& info : m.exec_info) fail(SetExecInfo(kernel, info));
  for (const KernelArgument& arg : kernel.args) fail(arg.error);
  return found;
}

cl_int Channel::EnqueueLaunch(const Launch& launch, const NativeArgs& to) {
  return api().EnqueueNDRangeKernel(to.queue, launch.kernel, static_cast<cl_uint>(launch.global.size()),
                                    launch.offset.data(), launch.global.data(), launch.local.data(), to.count,
                                    to.list, to.event);
}

void Channel::On(const wire::LaunchKernel& m) {
  if (!m.args.empty() || !m.exec_info.empty()) IssueLaunches();  // With the arguments of before.
  Enqueue command(*this, m.command, Enqueue::List::kLater);
  std::span<const LaunchWait> waits;
  const auto resolve_list = [&] {
    IssueLaunches();  // It may name their events.
    waits = {};
    command.ResolveList();
  };
  if (!FindWaits(m.command.wait_list, waits)) resolve_list();
  cl_int error = CL_SUCCESS;
  const std::shared_ptr<Kernel>* kernel = PrepareKernel(m, error);
  if (error != CL_SUCCESS) command.Fail(error);
  if (kernel != nullptr) {
    for (const KernelArgument& arg : (*kernel)->args)
      if (arg.mem) command.Use(arg.mem, arg.access);
  }
  if (!waits.empty() && !command.WaitsForListAlone()) resolve_list();
  if (!command.ok()) IssueLaunches();  // Their errors come first.
  if (!command.Prepare()) return;
  const NativeArgs& to = command.args();
  const cl_kernel native = (*kernel)->native.get();
  const bool alone =
      to.count > 0 || command.queue().context->spans_servers || environment_.tracing != nullptr;
  if (!alone) {
    launches_.push_back({&command.shared_queue(), native, m.offset, m.global, m.local, m.command, waits,
                         to.event != nullptr});
    NeedsFlush(command.shared_queue());
    if (launches_.size() >= kMostWaitingLaunches) IssueLaunches();
    return;
  }
  IssueLaunches();
  command.Finish(EnqueueLaunch({&command.shared_queue(), native, m.offset, m.global, m.local}, to));
}

}  // namespace clopencl::rankserver
