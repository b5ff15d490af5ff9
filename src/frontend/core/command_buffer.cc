#include "frontend/core/command_buffer.h"

#include <algorithm>

#include "frontend/core/command.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {

CommandBuffer::CommandBuffer(Queue& queue, cl_command_buffer_flags_khr flags,
                             std::vector<cl_command_buffer_properties_khr> given)
    : queue_(Ref(queue)),
      recorder_(Ref<Queue>::Adopt(new Queue(queue, *this))),
      flags_(flags),
      given_(std::move(given)) {
  std::lock_guard lock(TheRuntime().command_mutex());
  id_ = TheRuntime().ids().command_buffers.Insert(this);
}

CommandBuffer::~CommandBuffer() {
  Runtime& runtime = TheRuntime();
  std::lock_guard lock(runtime.command_mutex());
  if (known_) queue_->session().Post(wire::Release{wire::ObjectKind::kCommandBuffer, id_.Pack()});
  runtime.ids().command_buffers.Erase(id_);
}

void CommandBuffer::EnsureKnown() {
  queue_->EnsureKnown();
  if (known_) return;
  known_ = true;
  // Where the device can, natively always for simultaneous use: an enqueue that we know to be over may still
  // count as pending there. That it is not enqueued while pending is seen to here.
  const auto capabilities = FactOr<cl_device_command_buffer_capabilities_khr>(
      queue_->device().facts(), CL_DEVICE_COMMAND_BUFFER_CAPABILITIES_KHR, 0);
  cl_command_buffer_flags_khr flags = flags_;
  if ((capabilities & CL_COMMAND_BUFFER_CAPABILITY_SIMULTANEOUS_USE_KHR) != 0)
    flags |= CL_COMMAND_BUFFER_SIMULTANEOUS_USE_KHR;
  std::vector<uint64_t> properties;
  if (flags != 0) properties = {CL_COMMAND_BUFFER_FLAGS_KHR, flags};
  queue_->session().Post(wire::CreateCommandBuffer{id_, queue_->id(), properties});
}

void CommandBuffer::Use(Mem& mem, const Rows& parts, bool reads, bool writes) {
  mem.EnsureOn(queue_->session());
  mem.root().EnsureOn(queue_->session());
  uses_.push_back({Ref(mem), parts, reads, writes});
}

void CommandBuffer::AccessAll(PendingCommand& command) const {
  for (const MemUse& use : uses_) command.Access(*use.mem, use.parts, use.reads, use.writes);
}

void CommandBuffer::Finalize() {
  std::lock_guard lock(TheRuntime().command_mutex());
  if (finalized_) return;
  EnsureKnown();
  queue_->session().Post(wire::FinalizeCommandBuffer{id_});
  finalized_ = true;
}

bool CommandBuffer::Pending() {
  std::vector<Ref<Event>> candidates;
  {
    std::lock_guard lock(enqueued_mutex_);
    std::erase_if(enqueued_, [](const auto& event) { return event->complete(); });
    candidates = enqueued_;
  }
  return std::any_of(candidates.begin(), candidates.end(),
                     [](const auto& event) { return event->CurrentStatus() > CL_COMPLETE; });
}

void CommandBuffer::AddEnqueued(const Ref<Event>& event) {
  if (simultaneous() && !event->queue()->in_order()) {
    // Nobody may ever ask, and then only its own report takes it off the list.
    std::lock_guard lock(TheRuntime().command_mutex());
    event->Watch(wire::kWatchComplete);
  }
  std::lock_guard lock(enqueued_mutex_);
  std::erase_if(enqueued_, [&](const auto& earlier) {
    return earlier->complete() || (event->queue()->in_order() && earlier->queue() == event->queue());
  });
  enqueued_.push_back(event);
}

}  // namespace clopencl::frontend
