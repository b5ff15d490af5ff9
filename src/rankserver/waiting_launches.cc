#include "rankserver/waiting_launches.h"

#include <algorithm>

#include "rankserver/channel.h"
#include "rankserver/command.h"

namespace clopencl::rankserver {
namespace {

// The native events that the launch waits for. False when one of those of `launches` has failed.
bool FindNativeWaits(const Launch& launch, std::span<const Launch> launches, WaitList& waits) {
  for (const LaunchWait& wait : launch.waits) {
    if (wait.event == nullptr && launches[wait.launch].status != CL_SUCCESS) return false;
    waits.push_back(wait.event != nullptr ? wait.event : launches[wait.launch].event);
  }
  return true;
}

// The launch that leaves that event, null where none of these does.
Launch* FindByEvent(std::span<Launch> launches, EventId id) {
  const auto found = std::find_if(launches.rbegin(), launches.rend(),
                                  [id](const Launch& launch) { return launch.command.event == id; });
  return found != launches.rend() ? &*found : nullptr;
}

}  // namespace

// What the list names and is not known to be complete, in `waits`. False where what it names has to be
// resolved once the waiting launches are enqueued.
bool Channel::FindSomeWaits(std::span<const EventId> list, std::span<const LaunchWait>& waits) {
  if (environment_.tracing != nullptr) return false;
  LaunchWait* const found = arena_.Allocate<LaunchWait>(list.size());
  size_t count = 0;
  for (const EventId id : list) {
    if (const Launch* const named = FindByEvent(launches_, id)) {
      found[count++].launch = static_cast<size_t>(named - launches_.data());
      continue;
    }
    Event* event = events.Find(id);
    if (event == nullptr || event->transfer != nullptr) return false;
    if (CheckFinal(*event) && event->status != CL_COMPLETE) return false;
    if (!event->Final()) found[count++].event = event->native.get();
  }
  waits = {found, count};
  return true;
}

cl_int Channel::IssueLaunch(Launch& launch) {
  NativeArgs to{.queue = (*launch.queue)->native.get(),
                .event = launch.wants_event ? &launch.event : nullptr};
  if (launch.waits.empty()) return EnqueueLaunch(launch, to);
  WaitList waits;
  if (!FindNativeWaits(launch, launches_, waits)) return CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
  to.count = static_cast<cl_uint>(waits.size());
  to.list = waits.data();
  return EnqueueLaunch(launch, to);
}

void Channel::IssueWaitingLaunches() {
  for (Launch& launch : launches_) launch.status = IssueLaunch(launch);
  for (size_t i = 0; i < launches_.size(); ++i) {
    const Launch& launch = launches_[i];
    Queue& queue = **launch.queue;
    const bool last_of_queue = i + 1 == launches_.size() || launches_[i + 1].queue != launch.queue;
    if (launch.status != CL_SUCCESS) {
      FailCommand(launch.command, launch.status);
      if (launch.event_released) ReleaseEvent(launch.command.event);
    } else if (launch.event == nullptr && queue.in_order) {
      queue.Issued({}, {});
    } else {
      FinishLaunch(launch, last_of_queue);
    }
  }
  launches_.clear();
  for (const EventId id : late_releases_) ReleaseEvent(id);
  late_releases_.clear();
}

// What of it was enqueued is accounted for. `last_of_queue`: in an in-order queue its event shows best how
// far the queue is.
void Channel::FinishLaunch(const Launch& launch, bool last_of_queue) {
  Queue& queue = **launch.queue;
  OwnedEvent event(api(), launch.event);
  WaitList waits;
  if (!queue.in_order) FindNativeWaits(launch, launches_, waits);
  const uint64_t sequence = queue.Issued(event, waits);
  const EventId id = launch.command.event;
  if (id && !launch.event_released) {
    Event named;
    named.native = last_of_queue && queue.in_order ? event.Share() : std::move(event);
    named.queue = *launch.queue;
    named.sequence = sequence;
    InsertEvent(id, std::move(named));
  } else if (const EventId old = events.Occupant(id)) {
    ReleaseEvent(old);  // As InsertEvent() would.
  }
  if (!event || !queue.in_order) return;
  queue.last_event = std::move(event);
  queue.last_sequence = sequence;
}

void Channel::ReleaseEventLater(EventId id) {
  if (Launch* const named = FindByEvent(launches_, id)) {
    named->event_released = true;
  } else {
    late_releases_.push_back(id);
  }
}

}  // namespace clopencl::rankserver
