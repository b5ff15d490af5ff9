// Channel: looking for the ends of native commands, and native callbacks for those that take long.
#include <algorithm>
#include <utility>

#include "common/log.h"
#include "rankserver/channel.h"
#include "rankserver/native_watch.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// A queue that is given up: what waits for its commands holds objects that hold the queue.
void Drop(Queue& queue) {
  const auto tracked = std::exchange(queue.tracked, {});
  queue.tracked_known = 0;
  const auto open = std::exchange(queue.open, {});
  for (const auto& each : tracked) {
    each->settled = true;
    each->done = nullptr;
    each->event.Reset();
    each->queue.reset();
  }
}

// A callback costs more than some looks at the event, and comes later: NVIDIA's by milliseconds. So it is
// asked for only when a command takes long, before the event loop sleeps for long, and looks go on after
// that.
constexpr int64_t kPolledNs = 500'000;
// At commands that turn out not to be complete; as many at long ones, and at in-order queues.
constexpr size_t kLooksPerPass = 8;

}  // namespace

std::shared_ptr<Tracked> Channel::Track(OwnedEvent event, std::shared_ptr<Queue> queue, uint64_t sequence,
                                        std::function<void(cl_int)> done) {
  auto tracked = std::make_shared<Tracked>();
  tracked->event = std::move(event);
  tracked->queue = std::move(queue);
  tracked->sequence = sequence;
  tracked->done = std::move(done);
  if (tracked->queue != nullptr) {
    if (tracked->queue->internal) NoteQueue(tracked->queue);
    auto& list = tracked->queue->tracked;
    const auto later = std::find_if(list.rbegin(), list.rend(),
                                    [&](const auto& other) { return other->sequence <= sequence; });
    list.insert(later.base(), tracked);
  } else {
    if (unqueued_.size() >= unqueued_limit_) {
      std::erase_if(unqueued_, [](const auto& other) { return other.expired(); });
      unqueued_limit_ = std::max<size_t>(64, 2 * unqueued_.size());
    }
    unqueued_.push_back(tracked);
  }
  if (tracked->queue != nullptr && tracked->queue->in_order) {
    if (!std::exchange(tracked->queue->polled, true)) polled_queues_.push_back(tracked->queue);
  } else {
    polled_.push_back({tracked, DeviceClock::HostNow()});
  }
  return tracked;
}

// Of an in-order queue only the first can be the next to complete, however many there are.
bool Channel::PollFirst(Queue& queue) {
  bool happened = false;
  while (!queue.tracked.empty()) {
    const std::shared_ptr<Tracked> tracked = queue.tracked.front();
    const cl_int status =
        tracked->status <= CL_COMPLETE ? tracked->status : ExecutionStatus(api(), tracked->event.get());
    if (status > CL_COMPLETE) {
      const int64_t now = DeviceClock::HostNow();
      if (tracked->first_since_ns == 0) tracked->first_since_ns = now;
      if (tracked->told == nullptr && now - tracked->first_since_ns > kPolledNs) AwaitCallback(tracked);
      return happened;
    }
    happened = true;
    OnNativeComplete(tracked, status);
    if (!queue.tracked.empty() && queue.tracked.front() == tracked) return happened;
  }
  return happened;
}

bool Channel::PollQueues() {
  bool happened = false;
  for (size_t left = std::min(polled_queues_.size(), kLooksPerPass); left > 0; --left) {
    std::shared_ptr<Queue> queue = std::move(polled_queues_.front());
    polled_queues_.pop_front();
    if (PollFirst(*queue)) happened = true;
    if (queue->tracked.empty()) {
      queue->polled = false;
    } else {
      polled_queues_.push_back(std::move(queue));
    }
  }
  return happened;
}

bool Channel::PollNatives() {
  bool happened = PollQueues();
  size_t looks = 0;
  for (size_t i = 0; i < polled_.size() && looks < kLooksPerPass;) {
    const std::shared_ptr<Tracked> tracked = polled_[i].tracked;
    const bool settled = tracked->settled;
    const cl_int status = settled ? CL_COMPLETE : ExecutionStatus(api(), tracked->event.get());
    if (status > CL_COMPLETE) {
      ++looks;
      ++i;
      continue;
    }
    polled_.erase(polled_.begin() + static_cast<ptrdiff_t>(i));
    if (settled) continue;
    happened = true;
    OnNativeComplete(tracked, status);
  }
  if (PollLong()) happened = true;
  if (polled_.empty()) return happened;
  const int64_t old = DeviceClock::HostNow() - kPolledNs;
  while (!polled_.empty() && polled_.front().since_ns < old) {
    const std::shared_ptr<Tracked> tracked = std::move(polled_.front().tracked);
    polled_.pop_front();
    if (tracked->settled) continue;
    AwaitCallback(tracked);
    long_polled_.push_back(tracked);
  }
  return happened;
}

// The oldest are looked at in every pass, because what was enqueued first is what mostly completes next; the
// others in turn.
bool Channel::PollLong() {
  bool happened = false;
  const auto look = [&](size_t at, size_t& looks) {
    const std::shared_ptr<Tracked> tracked = long_polled_[at];
    // What is settled is no look: more may come in a pass than are looked at in it.
    const cl_int status = tracked->settled ? CL_COMPLETE : ExecutionStatus(api(), tracked->event.get());
    if (status > CL_COMPLETE) return ++looks, at + 1;
    long_polled_.erase(long_polled_.begin() + static_cast<ptrdiff_t>(at));
    if (tracked->settled) return at;
    happened = true;
    OnNativeComplete(tracked, status);
    return at;
  };
  size_t at = 0;
  for (size_t looks = 0; at < long_polled_.size() && looks < kLooksPerPass;) at = look(at, looks);
  size_t next = std::max(at, next_long_polled_);
  for (size_t looks = 0; next < long_polled_.size() && looks < kLooksPerPass;) next = look(next, looks);
  next_long_polled_ = next < long_polled_.size() ? next : 0;
  return happened;
}

bool Channel::NativesTell() const {
  if (!AwaitsNatives()) return true;
  return callbacks_are_prompt_ && polled_.empty() &&
         std::all_of(polled_queues_.begin(), polled_queues_.end(), [](const auto& queue) {
           return queue->tracked.empty() || queue->tracked.front()->told != nullptr;
         });
}

void Channel::NoteQueue(const std::shared_ptr<Queue>& queue) {
  if (!noted_queues_.empty() && noted_queues_.back().lock() == queue) return;
  std::erase_if(noted_queues_, [&](const std::weak_ptr<Queue>& other) {
    const std::shared_ptr<Queue> alive = other.lock();
    return alive == nullptr || alive == queue;
  });
  noted_queues_.push_back(queue);
}

std::vector<std::shared_ptr<Queue>> Channel::QueuesInUse() {
  std::vector<std::shared_ptr<Queue>> all;
  for (const std::weak_ptr<Queue>& noted : noted_queues_)
    if (std::shared_ptr<Queue> queue = noted.lock()) all.push_back(std::move(queue));
  return all;
}

void Channel::DropCommands() {
  alive_.reset();
  const auto polled = std::exchange(polled_, {});
  const auto long_polled = std::exchange(long_polled_, {});
  const auto polled_queues = std::exchange(polled_queues_, {});
  for (const std::shared_ptr<Queue>& queue : QueuesInUse()) Drop(*queue);
}

void Channel::AwaitCallback(const std::shared_ptr<Tracked>& tracked) {
  const std::weak_ptr<Channel*> alive = alive_;
  auto watch = std::make_unique<NativeWatch>(environment_.completions, [alive, tracked](cl_int status) {
    if (const auto channel = alive.lock()) return (*channel)->OnNativeComplete(tracked, status);
    if (const std::shared_ptr<Queue> queue = tracked->queue) Drop(*queue);
  });
  tracked->told = watch->told();
  if (failures_seen_) LookForFailed();
  if (!NativeWatch::Register(api(), tracked->event.get(), CL_COMPLETE, std::move(watch))) {
    Log().error("the native runtime refuses an event callback; the command counts as failed");
    environment_.completions->Post(MakeCompletion([alive, tracked] {
      if (const auto channel = alive.lock()) (*channel)->OnNativeComplete(tracked, CL_OUT_OF_RESOURCES);
    }));
  }
}

}  // namespace clopencl::rankserver
