// Channel: following native events, and what the frontend and other servers are told of them.
#include <algorithm>

#include "common/log.h"
#include "rankserver/channel.h"
#include "rankserver/command.h"
#include "rankserver/native_watch.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// A native runtime that never calls back keeps the watch for ever, and with it `tracked`, but nothing else.
void RunDone(Tracked& tracked) {
  tracked.settled = true;
  const auto done = std::move(tracked.done);
  tracked.done = nullptr;
  done(tracked.status);
  tracked.event.Reset();
  tracked.queue.reset();
}

}  // namespace

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
