#include "frontend/core/queue.h"

#include <algorithm>

#include "frontend/core/event.h"
#include "frontend/core/held.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {

Queue::Queue(Context& context, Device& device, cl_command_queue_properties properties, cl_uint size,
             std::vector<cl_queue_properties> given)
    : context_(Ref(context)),
      device_(Ref(device)),
      properties_(properties),
      size_(size),
      given_(std::move(given)) {
  std::lock_guard lock(TheRuntime().command_mutex());
  id_ = TheRuntime().ids().queues.Insert(this);
  context_->queues().push_back(this);
  if ((properties & CL_QUEUE_ON_DEVICE_DEFAULT) != 0) context_->default_queues()[device_.get()] = this;
}

Queue::Queue(const Queue& like, CommandBuffer& recorded_by)
    : context_(like.context_),
      device_(like.device_),
      properties_(like.properties()),
      size_(0),
      recorded_by_(&recorded_by) {
  std::lock_guard lock(TheRuntime().command_mutex());
  id_ = TheRuntime().ids().queues.Insert(this);
}

Queue::~Queue() {
  std::lock_guard lock(TheRuntime().command_mutex());
  std::erase(context_->queues(), this);
  std::erase_if(context_->default_queues(), [this](const auto& entry) { return entry.second == this; });
  ReleaseId();
}

void Queue::ReleaseId() {
  if (known_) session().Post(wire::Release{wire::ObjectKind::kQueue, id_.Pack()});
  known_ = false;
  TheRuntime().ids().queues.Erase(id_);
}

void Queue::EnsureKnown() {
  if (known_) return;
  known_ = true;
  context_->EnsureOn(session());
  std::vector<uint64_t> properties;
  if (this->properties() != 0) properties = {CL_QUEUE_PROPERTIES, this->properties()};
  if (on_device() && size_ != 0) properties.insert(properties.end(), {CL_QUEUE_SIZE, size_});
  session().Post(wire::CreateQueue{id_, context_->id(), device_->id(), properties});
}

void Queue::Flush() {
  Runtime& runtime = TheRuntime();
  {
    std::lock_guard lock(runtime.command_mutex());
    if (known_) session().Post(wire::Flush{id_});
  }
  runtime.FlushAll();
}

cl_int Queue::Finish() {
  Runtime& runtime = TheRuntime();
  std::vector<Ref<Event>> transfers;
  std::vector<std::shared_ptr<HeldCommand>> held;
  {
    std::lock_guard lock(runtime.command_mutex());
    if (!known_) return CL_SUCCESS;
    transfers = transfers_;
    held = held_;
  }
  runtime.WaitUntil([&] {
    return std::all_of(held.begin(), held.end(),
                       [](const auto& command) { return command->released.load(); });
  });
  cl_int status = CL_SUCCESS;
  runtime.CallAndWait<wire::QueueFinished>(
      session(), wire::Finish{0, id_}, [&](const wire::QueueFinished& reply) { status = reply.status; },
      Awaited::kWork);
  set_may_work(false);
  for (const auto& event : transfers) runtime.WaitUntil([&] { return event->complete(); }, &session());
  return status;
}

cl_int Queue::Change(cl_command_queue_properties properties) {
  if (properties == this->properties()) return CL_SUCCESS;
  const cl_int status = Finish();
  if (status != CL_SUCCESS) return status;
  std::lock_guard lock(TheRuntime().command_mutex());
  ReleaseId();
  barrier_transfers_.clear();
  held_barrier_.reset();
  id_ = TheRuntime().ids().queues.Insert(this);
  properties_.store(properties, std::memory_order_relaxed);
  return CL_SUCCESS;
}

}  // namespace clopencl::frontend
