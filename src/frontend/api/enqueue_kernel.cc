#include <algorithm>

#include "frontend/api/api.h"
#include "frontend/api/mem_checks.h"
#include "frontend/core/command.h"
#include "frontend/core/kernel.h"

namespace clopencl::frontend::api {
namespace {

struct Sizes {
  using Each = std::array<uint64_t, 3>;

  // As they are sent: `given` or nothing.
  std::span<const uint64_t> Sent(const Each& sizes, bool given = true) const {
    return {sizes.data(), given ? dimensions : 0};
  }

  cl_uint dimensions = 0;
  bool has_offset = false, has_local = false;
  Each offset{}, global{}, local{};
};

// OpenCL 3.0, clEnqueueNDRangeKernel, in the order of its list of errors.
Sizes CheckSizes(const Device& device, const KernelInfo::OnDevice& kernel, cl_uint dimensions,
                 const size_t* offset, const size_t* global, const size_t* local) {
  Require(dimensions >= 1 && dimensions <= device.max_dimensions() && dimensions <= 3,
          CL_INVALID_WORK_DIMENSION);
  const bool before_2_1 = device.version() < CL_MAKE_VERSION(2, 1, 0);
  Sizes sizes{.dimensions = dimensions, .has_local = local != nullptr};
  Require(global != nullptr || !before_2_1, CL_INVALID_GLOBAL_WORK_SIZE);
  const uint64_t largest = device.max_global_size();
  for (cl_uint i = 0; i < dimensions; ++i) {
    sizes.global[i] = global != nullptr ? global[i] : 0;
    Require(sizes.global[i] != 0 || !before_2_1, CL_INVALID_GLOBAL_WORK_SIZE);
    Require(sizes.global[i] <= largest, CL_INVALID_GLOBAL_WORK_SIZE);
    if (offset != nullptr) sizes.offset[i] = offset[i];
    sizes.has_offset |= sizes.offset[i] != 0;
    Require(sizes.offset[i] <= largest - sizes.global[i], CL_INVALID_GLOBAL_OFFSET);
  }
  const auto& required = kernel.required_size;
  const bool has_required = required[0] != 0;
  if (local == nullptr) {
    Require(!has_required, CL_INVALID_WORK_GROUP_SIZE);
    return sizes;
  }
  const bool uniform = !device.non_uniform_work_groups();
  size_t total = 1;
  for (cl_uint i = 0; i < dimensions; ++i) {
    Require(local[i] != 0, CL_INVALID_WORK_GROUP_SIZE);
    if (has_required) Require(local[i] == required[i], CL_INVALID_WORK_GROUP_SIZE);
    if (uniform || has_required) Require(sizes.global[i] % local[i] == 0, CL_INVALID_WORK_GROUP_SIZE);
    total *= local[i];
    sizes.local[i] = local[i];
  }
  Require(total <= kernel.max_size, CL_INVALID_WORK_GROUP_SIZE);
  for (cl_uint i = 0; i < dimensions && i < device.max_work_item_sizes().size(); ++i)
    Require(local[i] <= device.max_work_item_sizes()[i], CL_INVALID_WORK_ITEM_SIZE);
  for (cl_uint i = dimensions; i < 3 && has_required; ++i)
    Require(required[i] == 1, CL_INVALID_WORK_GROUP_SIZE);
  return sizes;
}

// Makes the objects that the kernel's arguments name usable on the session. Under the command mutex.
void AccessArguments(Kernel& kernel, PendingCommand& command) {
  Session& session = command.session();
  IdTables& ids = TheRuntime().ids();
  for (const ArgValue& arg : kernel.args()) {
    const bool reads_only = arg.kind == wire::ArgKind::kMemRead;
    if ((reads_only || arg.kind == wire::ArgKind::kMem) && arg.word != 0) {
      Mem* mem = ids.mems.Find(MemId::Unpack(arg.word));
      Require(mem != nullptr, CL_INVALID_KERNEL_ARGS);
      Require(&mem->context() == &kernel.context(), CL_INVALID_CONTEXT);
      command.Access(*mem, true, !reads_only);
    } else if (arg.kind == wire::ArgKind::kSampler) {
      auto* sampler = static_cast<Sampler*>(ids.samplers.Find(SamplerId::Unpack(arg.word)));
      Require(sampler != nullptr, CL_INVALID_KERNEL_ARGS);
      sampler->EnsureOn(session);
      if (command.held()) command.Do([keep = Ref(*sampler)] {});
    } else if (arg.kind == wire::ArgKind::kQueue) {
      auto* queue = static_cast<Queue*>(ids.queues.Find(QueueId::Unpack(arg.word)));
      Require(queue != nullptr, CL_INVALID_KERNEL_ARGS);
      queue->EnsureKnown();
    }
  }
}

void Launch(cl_command_queue queue_handle, cl_kernel kernel_handle, cl_command_type type, cl_uint dimensions,
            const size_t* offset, const size_t* global, const size_t* local, cl_uint num_events,
            const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Kernel& kernel = Get<Kernel>(kernel_handle, CL_INVALID_KERNEL);
  Require(&kernel.context() == &queue.context(), CL_INVALID_CONTEXT);
  const KernelInfo::OnDevice* on_device = kernel.info().Find(queue.device());
  Require(on_device != nullptr, CL_INVALID_PROGRAM_EXECUTABLE);
  Require(kernel.AllArgsSet(), CL_INVALID_KERNEL_ARGS);
  const Sizes sizes = CheckSizes(queue.device(), *on_device, dimensions, offset, global, local);
  const WaitList wait_list(queue.context(), num_events, events);
  PendingCommand command(queue, type, wait_list, event != nullptr);
  queue.set_may_work(true);
  if (std::find(sizes.global.begin(), sizes.global.begin() + dimensions, 0u) !=
      sizes.global.begin() + dimensions) {
    // Nothing to run, which is allowed since 2.1; the command still takes its turn.
    command.Post(wire::Marker{command.wire()});
    return command.Commit(event);
  }
  kernel.EnsureOn(command.session());
  AccessArguments(kernel, command);
  // Launches that come later may be sent earlier, so one that is held carries all of its arguments.
  const Kernel::Changes& changes =
      command.held() ? kernel.TakeAll(command.session()) : kernel.TakeChanges(command.session());
  command.Post(wire::LaunchKernel{command.wire(), kernel.id(), sizes.Sent(sizes.offset, sizes.has_offset),
                                  sizes.Sent(sizes.global), sizes.Sent(sizes.local, sizes.has_local),
                                  changes.args, changes.exec_info});
  if (command.held())
    command.Do([keep = Ref(kernel), &session = command.session()] { keep->ForgetTaken(session); });
  command.Commit(event);
}

}  // namespace

void EnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint work_dim,
                          const size_t* global_offset, const size_t* global_size, const size_t* local_size,
                          cl_uint num_events, const cl_event* wait_list, cl_event* event) {
  Launch(queue, kernel, CL_COMMAND_NDRANGE_KERNEL, work_dim, global_offset, global_size, local_size,
         num_events, wait_list, event);
}

void EnqueueTask(cl_command_queue queue, cl_kernel kernel, cl_uint num_events, const cl_event* wait_list,
                 cl_event* event) {
  const size_t one = 1;
  Launch(queue, kernel, CL_COMMAND_TASK, 1, nullptr, &one, &one, num_events, wait_list, event);
}

// A native kernel is a function of this process, which no rank server can call;
// CL_DEVICE_EXECUTION_CAPABILITIES says so.
void EnqueueNativeKernel(cl_command_queue queue, void(CL_CALLBACK*)(void*), void*, size_t, cl_uint,
                         const cl_mem*, const void**, cl_uint, const cl_event*, cl_event*) {
  GetHostQueue(queue);
  Fail(CL_INVALID_OPERATION);
}

void EnqueueMarkerWithWaitList(cl_command_queue handle, cl_uint num_events, const cl_event* events,
                               cl_event* event) {
  Queue& queue = GetHostQueue(handle);
  const WaitList wait_list(queue.context(), num_events, events);
  PendingCommand command(queue, CL_COMMAND_MARKER, wait_list, event != nullptr);
  if (num_events == 0) command.AfterAllTransfers();
  command.Post(wire::Marker{command.wire()});
  command.Commit(event);
}

void EnqueueBarrierWithWaitList(cl_command_queue handle, cl_uint num_events, const cl_event* events,
                                cl_event* event) {
  Queue& queue = GetHostQueue(handle);
  const WaitList wait_list(queue.context(), num_events, events);
  PendingCommand command(queue, CL_COMMAND_BARRIER, wait_list, event != nullptr);
  if (num_events == 0) command.AfterAllTransfers();
  command.MakeBarrier();
  command.Post(wire::Barrier{command.wire()});
  command.Commit(event);
}

void EnqueueMarker(cl_command_queue queue, cl_event* event) {
  GetHostQueue(queue);
  Require(event != nullptr, CL_INVALID_VALUE);
  EnqueueMarkerWithWaitList(queue, 0, nullptr, event);
}

void EnqueueBarrier(cl_command_queue queue) { EnqueueBarrierWithWaitList(queue, 0, nullptr, nullptr); }

void EnqueueWaitForEvents(cl_command_queue queue, cl_uint num_events, const cl_event* events) {
  GetHostQueue(queue);
  Require(num_events > 0 && events != nullptr, CL_INVALID_VALUE);
  for (cl_uint i = 0; i < num_events; ++i) Get<Event>(events[i], CL_INVALID_EVENT);
  EnqueueBarrierWithWaitList(queue, num_events, events, nullptr);
}

}  // namespace clopencl::frontend::api
