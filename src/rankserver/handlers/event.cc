// Events: what the frontend wants to know of them, and those that others complete.
#include "rankserver/channel.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// More than can be on its way at a time; those that never find their event must not pile up.
constexpr size_t kMaxEarlyStatuses = size_t{1} << 16;

}  // namespace

void Channel::RememberEarlyStatus(EventId id, cl_int status) {
  if (early_order_.size() >= kMaxEarlyStatuses) {
    early_statuses_.erase(early_order_.front());
    early_order_.pop_front();
  }
  if (early_statuses_.insert_or_assign(id, status).second) early_order_.push_back(id);
}

// The frontend may drop an event as soon as its home server reported it, before that one's SetEventStatus is here.
void Channel::ReleaseEvent(EventId id) {
  Event* event = events.Find(id);
  if (event != nullptr && event->user && !event->Final() && event->native)
    released_user_events_.emplace(id, std::move(*event));
  events.Take(id);
}

void Channel::InsertEvent(EventId id, Event event) {
  if (const EventId old = events.Occupant(id)) ReleaseEvent(old);
  events.Insert(id, std::move(event));
}

void Channel::On(const wire::CreateUserEvent& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  Event event;
  event.user = true;
  if (context != nullptr) {
    event.context = *context;
    event.native = OwnedEvent(api(), api().CreateUserEvent((*context)->native.get(), &status));
  }
  if (status != CL_SUCCESS) event.status = status;
  InsertEvent(m.event, std::move(event));
  // Another server may have been faster than the frontend.
  const auto early = early_statuses_.find(m.event);
  if (early == early_statuses_.end()) return;
  const cl_int early_status = early->second;
  early_statuses_.erase(early);
  std::erase(early_order_, m.event);
  On(wire::SetEventStatus{m.event, early_status});
}

void Channel::On(const wire::SetEventStatus& m) {
  const cl_int status = m.status < 0 ? m.status : CL_COMPLETE;
  Event* event = events.Find(m.event);
  if (event == nullptr) {
    const auto released = released_user_events_.extract(m.event);
    if (released.empty()) return RememberEarlyStatus(m.event, m.status);
    return SetNativeStatus(released.mapped().native.get(), status);
  }
  if (!event->user || event->Final()) return;
  SetNativeStatus(event->native.get(), status);
  CompleteEvent(m.event, nullptr, status, {});
}

void Channel::On(const wire::WatchEvent& m) {
  Event* event = events.Find(m.event);
  if (event == nullptr) {
    if ((m.mask & wire::kWatchComplete) != 0) Send(wire::EventCompleted{m.event, CL_INVALID_EVENT, {}, {}});
    return;
  }
  // What is complete but not reported waits for the reports of what came before it in its queue.
  const bool has_to_wait = event->native && event->queue != nullptr && event->queue->in_order &&
                           (!event->queue->tracked.empty() || !event->queue->open.empty());
  if (event->Final() && !has_to_wait) {
    // Known to be over; what the frontend was told already is not told again.
    if (event->watch == nullptr) event->watch = std::make_shared<EventWatch>();
    event->watch->mask |= m.mask;
    const wire::ProfilingTimes times = event->times;
    return CompleteEvent(m.event, event->watch, event->status, times);
  }
  const std::shared_ptr<EventWatch> watch = EnsureWatch(m.event, *event);
  const uint8_t added = m.mask & static_cast<uint8_t>(~watch->mask);
  watch->mask |= m.mask;
  if (event->transfer != nullptr) return SendStatuses(*watch, m.event, event->transfer->ExecutionStatus());
  if (!event->native) return;
  if ((added & wire::kWatchSubmitted) != 0) WatchStatus(watch, m.event, event->native.get(), CL_SUBMITTED);
  if ((added & wire::kWatchRunning) != 0) WatchStatus(watch, m.event, event->native.get(), CL_RUNNING);
}

void Channel::On(const wire::ForwardEvent& m) {
  const Forward to{m.peer_rank, m.peer_channel};
  if (m.peer_rank == 0 || m.peer_rank >= static_cast<uint32_t>(environment_.transport.size())) {
    return FailChannel("an event is to be forwarded to rank " + std::to_string(m.peer_rank) +
                       ", which is no rank server");
  }
  Event* event = events.Find(m.event);
  if (event == nullptr) return ForwardStatus(m.event, to, CL_INVALID_EVENT);
  if (CheckFinal(*event)) return ForwardStatus(m.event, to, event->status);
  EnsureWatch(m.event, *event)->forwards.push_back(to);
}

void Channel::On(const wire::QueryEvent& m) {
  Event* event = events.Find(m.event);
  if (event == nullptr) return Send(wire::EventAnswered{m.request, CL_INVALID_EVENT, {}});
  if (event->Final()) return Send(wire::EventAnswered{m.request, event->status, event->times});
  if (event->transfer != nullptr) {
    return Send(wire::EventAnswered{m.request, event->transfer->ExecutionStatus(), event->transfer->times()});
  }
  cl_int status = CL_QUEUED;
  api().GetEventInfo(event->native.get(), CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr);
  Send(wire::EventAnswered{m.request, status, NativeTimes(event->queue.get(), event->native.get())});
}

}  // namespace clopencl::rankserver
