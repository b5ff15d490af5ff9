// Channel: following native events, and what the frontend and other servers are told of them.
#include <algorithm>

#include "common/log.h"
#include "rankserver/channel.h"
#include "rankserver/command.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// A native callback on its way to the event loop. It belongs to the native runtime until it comes, which for
// the event of a failed command may be never.
class NativeWatch final : public Completion {
 public:
  NativeWatch(std::shared_ptr<CompletionQueue> completions, std::function<void(cl_int)> run)
      : completions_(std::move(completions)), run_(std::move(run)) {}

  std::shared_ptr<std::atomic_flag> told() const { return told_; }

  // False when the runtime takes no callback; the watch is gone then.
  static bool Register(const NativeApi& api, cl_event event, cl_int type,
                       std::unique_ptr<NativeWatch> watch) {
    NativeWatch* raw = watch.release();
    raw->completions_->Expect();
    if (api.SetEventCallback(event, type, &NativeWatch::Call, raw) == CL_SUCCESS) return true;
    raw->completions_->Arrived();
    delete raw;
    return false;
  }

  void Run() override { run_(status_); }

 private:
  static void CL_CALLBACK Call(cl_event, cl_int status, void* data) {
    auto* watch = static_cast<NativeWatch*>(data);
    watch->status_ = status;
    const std::shared_ptr<CompletionQueue> completions = watch->completions_;
    const bool expected = !watch->told_->test_and_set();
    completions->Post(std::unique_ptr<Completion>(watch));
    if (expected) completions->Arrived();
  }

  const std::shared_ptr<CompletionQueue> completions_;
  const std::function<void(cl_int)> run_;
  const std::shared_ptr<std::atomic_flag> told_ = std::make_shared<std::atomic_flag>();
  cl_int status_ = CL_QUEUED;
};

// A native runtime that never calls back keeps the watch for ever, and with it `tracked`, but nothing else.
void RunDone(Tracked& tracked) {
  tracked.settled = true;
  const auto done = std::move(tracked.done);
  tracked.done = nullptr;
  done(tracked.status);
  tracked.event.Reset();
  tracked.queue.reset();
}

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

void Channel::OnNativeComplete(const std::shared_ptr<Tracked>& tracked, cl_int status) {
  if (tracked->settled) return;
  // PoCL 3.1 tells who asks after a failure that all is well.
  if (status == CL_COMPLETE && failures_seen_) status = ExecutionStatus(api(), tracked->event.get());
  const bool learnt = tracked->status > CL_COMPLETE && status <= CL_COMPLETE;
  if (learnt && tracked->queue != nullptr && tracked->queue->in_order) ++tracked->queue->tracked_known;
  tracked->status = status;
  // The callback of a failed command may never come; the end does not wait for it.
  if (status < 0 && tracked->told != nullptr && !tracked->told->test_and_set())
    environment_.completions->Arrived();
  // What is settled lets go of its queue.
  if (const std::shared_ptr<Queue> queue = tracked->queue) return Settle(queue);
  RunDone(*tracked);
}

void Channel::SettleTracked(const std::shared_ptr<Queue>& queue) {
  auto& list = queue->tracked;
  const auto run = [&](const std::shared_ptr<Tracked>& tracked) {
    if (queue->in_order || tracked->ProvesAll()) {
      queue->known_done = std::max(queue->known_done, tracked->sequence);
    } else if (tracked->sequence == queue->known_done + 1) {
      queue->known_done = tracked->sequence;
    }
    RunDone(*tracked);
  };
  // A later event can be reported first although an earlier one is over, too: callbacks come in any order.
  const auto is_final = [&](Tracked& tracked) {
    if (tracked.status > CL_COMPLETE) tracked.status = ExecutionStatus(api(), tracked.event.get());
    return tracked.status <= CL_COMPLETE;
  };
  if (queue->in_order) {
    while (!list.empty() && queue->tracked_known > 0) {
      const bool known = list.front()->status <= CL_COMPLETE;
      if (!is_final(*list.front())) return;
      if (known) --queue->tracked_known;
      const auto front = std::move(list.front());
      list.pop_front();
      run(front);
    }
    return;
  }
  // What a complete marker waited for is complete, though its own callback may still be on the way.
  uint64_t known = 0;
  for (const auto& tracked : list) {
    if (tracked->ProvesAll()) known = std::max(known, tracked->sequence);
  }
  std::vector<std::shared_ptr<Tracked>> ready;
  std::erase_if(list, [&](const auto& tracked) {
    const bool is_over = tracked->status <= CL_COMPLETE || (tracked->sequence < known && is_final(*tracked));
    if (is_over) ready.push_back(tracked);
    return is_over;
  });
  for (const auto& tracked : ready) run(tracked);
}

void Channel::Settle(const std::shared_ptr<Queue>& queue) {
  // What runs in here may call it again.
  if (queue->settling) {
    queue->settle_again = true;
    return;
  }
  queue->settling = true;
  do {
    queue->settle_again = false;
    SettleTracked(queue);
    for (size_t i = 0; i < queue->open.size();) {
      const std::shared_ptr<Transfer> transfer = queue->open[i];
      if (!transfer->over()) {
        if (queue->OrdersTransfers()) break;
        ++i;
        continue;
      }
      queue->open.erase(queue->open.begin() + static_cast<ptrdiff_t>(i));
      transfer->Report();
      queue->settle_again = true;
    }
    if (queue->settle_again && queue->transfers_blocked > 0) {
      for (const auto& transfer : std::deque<std::shared_ptr<Transfer>>(queue->open))
        transfer->OnQueueMoved();
    }
    AnswerFinishes(*queue);
  } while (queue->settle_again);
  queue->settling = false;
}

void Channel::AnswerFinishes(Queue& queue) {
  while (!queue.finish_waiters.empty()) {
    const FinishWaiter& waiter = queue.finish_waiters.front();
    const bool natives_over =
        queue.known_done >= waiter.sequence &&
        std::none_of(queue.tracked.begin(), queue.tracked.end(),
                     [&](const auto& tracked) { return tracked->sequence <= waiter.sequence; });
    const bool transfers_over = std::none_of(queue.open.begin(), queue.open.end(), [&](const auto& transfer) {
      return transfer->number() <= waiter.last_transfer;
    });
    if (!natives_over || !transfers_over) return;
    SendOutput(true);
    Send(wire::QueueFinished{waiter.request, queue.TakeError()});
    queue.finish_waiters.pop_front();
  }
}

bool Channel::CheckQuiet(Queue& queue) {
  if (queue.NativeQuiet()) return true;
  if (!queue.last_event || queue.last_sequence != queue.issued) return false;
  if (ExecutionStatus(api(), queue.last_event.get()) > CL_COMPLETE) return false;
  // What is tracked is over, too, but has to be reported in its turn: its callbacks come soon.
  if (!queue.tracked.empty()) return false;
  queue.known_done = queue.issued;
  return true;
}

bool Channel::CheckFinal(Event& event) {
  if (event.Final()) return true;
  if (event.transfer != nullptr || !event.native) return false;
  const cl_int status = ExecutionStatus(api(), event.native.get());
  if (status > CL_COMPLETE) return false;
  event.status = status;
  event.times = NativeTimes(event.queue.get(), event.native.get());
  return true;
}

wire::ProfilingTimes Channel::NativeTimes(const Queue* queue, cl_event event) const {
  wire::ProfilingTimes times{};
  if (queue == nullptr || !queue->profiling || event == nullptr) return times;
  constexpr cl_profiling_info kParams[] = {CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_SUBMIT,
                                           CL_PROFILING_COMMAND_START, CL_PROFILING_COMMAND_END,
                                           CL_PROFILING_COMMAND_COMPLETE};
  for (size_t i = 0; i < times.size(); ++i) {
    cl_ulong value = 0;
    const cl_int status = api().GetEventProfilingInfo(event, kParams[i], sizeof value, &value, nullptr);
    times[i] = status == CL_SUCCESS ? value : i == 4 ? times[3] : 0;
  }
  return times;
}

void Channel::SetNativeStatus(cl_event event, cl_int status) {
  api().SetUserEventStatus(event, status);
  if (status >= 0) return;
  failures_seen_ = true;
  LookForFailed();
}

// In the event loop's time: who asks for it is in the middle of something.
void Channel::LookForFailed() {
  if (std::exchange(looking_for_failed_, true)) return;
  environment_.completions->Post(MakeCompletion([alive = std::weak_ptr<Channel*>(alive_)] {
    if (const auto channel = alive.lock()) (*channel)->FindFailed();
  }));
}

// PoCL calls nobody back for commands that fail with their wait list.
void Channel::FindFailed() {
  looking_for_failed_ = false;
  std::vector<std::shared_ptr<Tracked>> candidates;
  for (const std::shared_ptr<Queue>& queue : QueuesInUse())
    candidates.insert(candidates.end(), queue->tracked.begin(), queue->tracked.end());
  for (const auto& tracked : unqueued_)
    if (auto alive = tracked.lock()) candidates.push_back(std::move(alive));
  for (const auto& tracked : candidates) {
    if (tracked->settled || tracked->status <= CL_COMPLETE) continue;
    const cl_int status = ExecutionStatus(api(), tracked->event.get());
    if (status >= 0) continue;
    OnNativeComplete(tracked, status);
  }
}

// The program was told that the command is enqueued, and has no event to ask.
void Channel::NoteRefusal(Queue& queue, cl_int error) {
  if (queue.error == CL_SUCCESS) {
    queue.refused = true;
    Log().warn("a command was refused with error {}; clFinish of its queue, or a read there, fails with it",
               error);
  }
  queue.KeepError(error);
}

void Channel::FailCommand(const wire::Command& command, cl_int error, bool reads_inline) {
  std::shared_ptr<Queue>* queue = queues.Find(command.queue);
  if (!command.event) {
    if (queue == nullptr) {
      Log().warn("a command for a queue that does not exist failed with {}", error);
    } else if (error == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST) {
      (*queue)->KeepError(error);
    } else {
      NoteRefusal(**queue, error);
    }
    return;
  }
  Event event;
  event.status = error;
  if (queue != nullptr) event.queue = *queue;
  InsertEvent(command.event, std::move(event));
  const wire::ByteView no_data;
  CompleteEvent(command.event, nullptr, error, {}, reads_inline ? &no_data : nullptr);
}

void Channel::CompleteEvent(EventId id, std::shared_ptr<EventWatch> watch, cl_int status,
                            const wire::ProfilingTimes& times, const wire::ByteView* data) {
  if (Event* event = events.Find(id)) {
    event->status = status;
    event->times = times;
    event->transfer.reset();
    if (status == CL_COMPLETE) event->native.Reset();
    if (watch == nullptr) watch = event->watch;
    if (watch == nullptr && data != nullptr) watch = event->watch = std::make_shared<EventWatch>();
  }
  const bool asked = watch != nullptr && (watch->mask & wire::kWatchComplete) != 0 && !watch->reported;
  if (asked || data != nullptr) {
    if (watch != nullptr) SendStatuses(*watch, id, status);
    SendOutput(true);
    Send(wire::EventCompleted{id, status, times, data != nullptr ? *data : wire::ByteView{}});
    if (watch != nullptr) watch->reported = true;
  }
  if (watch == nullptr) return;
  for (const Forward& forward : std::exchange(watch->forwards, {})) ForwardStatus(id, forward, status);
}

// The statuses on the way to completion that the frontend asked for and was not told.
void Channel::SendStatuses(EventWatch& watch, EventId id, cl_int reached) {
  if (reached < CL_COMPLETE) return;
  const auto send = [&](uint8_t bit, cl_int status) {
    if ((watch.mask & bit) == 0 || (watch.sent & bit) != 0 || reached > status) return;
    watch.sent |= bit;
    Send(wire::EventStatusChanged{id, status});
  };
  send(wire::kWatchSubmitted, CL_SUBMITTED);
  send(wire::kWatchRunning, CL_RUNNING);
}

std::shared_ptr<EventWatch> Channel::EnsureWatch(EventId id, Event& event) {
  if (event.watch != nullptr) return event.watch;
  auto watch = std::make_shared<EventWatch>();
  event.watch = watch;
  if (event.transfer != nullptr) {
    event.transfer->set_watch(watch);
  } else if (event.native && !event.user) {
    Track(event.native.Share(), event.queue, event.sequence,
          [this, id, watch, queue = event.queue, native = std::make_shared<OwnedEvent>(event.native.Share())](
              cl_int status) { CompleteEvent(id, watch, status, NativeTimes(queue.get(), native->get())); });
  }
  return watch;
}

void Channel::WatchStatus(const std::shared_ptr<EventWatch>& watch, EventId id, cl_event event,
                          cl_int status) {
  const std::weak_ptr<Channel*> alive = alive_;
  NativeWatch::Register(
      api(), event, status,
      std::make_unique<NativeWatch>(environment_.completions, [alive, watch, id, status](cl_int at) {
        const auto channel = alive.lock();
        if (channel == nullptr || watch->reported || at < CL_COMPLETE) return;
        (*channel)->SendStatuses(*watch, id, status);
      }));
}

void Channel::ForwardStatus(EventId id, const Forward& to, cl_int status) {
  const wire::SetEventStatus message{id, status < 0 ? status : CL_COMPLETE};
  transport::Transport& transport = environment_.transport;
  if (to.rank == static_cast<uint32_t>(transport.rank())) {
    environment_.set_event_status_here(to.channel, message);
    return;
  }
  wire::PacketBuilder packet(to.channel);
  packet.Add(message);
  transport.SendPacket(static_cast<transport::Rank>(to.rank), packet.Take(0, transport.AcquireBuffer()));
}

}  // namespace clopencl::rankserver
