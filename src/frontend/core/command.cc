#include "frontend/core/command.h"

#include <algorithm>

namespace clopencl::frontend {

WaitList::WaitList(const Context& context, cl_uint count, const cl_event* events)
    : count_(count), events_(events) {
  Require((count == 0) == (events == nullptr), CL_INVALID_EVENT_WAIT_LIST);
  for (cl_uint i = 0; i < count; ++i) {
    const Event& event = Get<Event>(events[i], CL_INVALID_EVENT_WAIT_LIST);
    Require(&event.context() == &context, CL_INVALID_CONTEXT);
  }
}

bool WaitList::Failed() const {
  for (size_t i = 0; i < size(); ++i)
    if ((*this)[i].status() < 0) return true;
  return false;
}

PendingCommand::PendingCommand(Queue& queue, cl_command_type type, const WaitList& wait_list,
                               bool needs_event)
    : queue_(queue),
      recording_(queue.recorded_by()),
      session_(queue.session()),
      empty_wait_list_(wait_list.empty()) {
  Require(!session_.failed(), CL_DEVICE_NOT_AVAILABLE);
  Runtime& runtime = TheRuntime();
  runtime.AwaitWindow(session_);
  // Each range of contents that moves takes a tag, and moving can't be left out.
  constexpr size_t kTagsOfACommand = 2048;
  if (queue_.context().spans_servers() && runtime.payload_tags().available() < kTagsOfACommand)
    runtime.WaitUntil([&] { return runtime.payload_tags().available() >= kTagsOfACommand; });
  lock_ = std::unique_lock(TheRuntime().command_mutex());
  if (recording_ != nullptr) {
    Require(!recording_->finalized(), CL_INVALID_OPERATION);
    recording_->EnsureKnown();
    wire_.queue = recording_->queue().id();
    return;
  }
  queue_.EnsureKnown();
  wire_.queue = queue_.id();
  if (queue_.context().spans_servers()) HoldBack(wait_list);
  if (!wait_list.empty()) CollectWaitList(wait_list);
  if (!needs_event) return;
  event_ = Ref<Event>::Adopt(new Event(queue, type));
  wire_.event = event_->id();
  if (doomed_) event_->Doom();
  DependOnTransfers(wait_list);
  watch_ = queue.profiling();
}

void PendingCommand::HoldBack(const WaitList& wait_list) {
  std::vector<Ref<Event>> unset;
  const auto add = [&](const HeldCommand& earlier) {
    unset.insert(unset.end(), earlier.unset.begin(), earlier.unset.end());
  };
  for (size_t i = 0; i < wait_list.size(); ++i) {
    wait_list[i].AddUnset(unset);
    doomed_ = doomed_ || wait_list[i].doomed();
  }
  if (queue_.in_order() && !queue_.held().empty()) add(*queue_.held().back());
  if (queue_.held_barrier() != nullptr) add(*queue_.held_barrier());
  Hold(unset);
}

void PendingCommand::Hold(const std::vector<Ref<Event>>& unset) {
  if (unset.empty()) return;
  if (held_ == nullptr) held_ = std::make_shared<HeldCommand>(queue_);
  held_->Block(unset);
}

void PendingCommand::Access(Mem& mem, const Rows& parts, bool reads, bool writes) {
  if (recording_ != nullptr) return recording_->Use(mem, parts, reads, writes);
  if (held_ != nullptr) {
    Do([&session = session_, held = held_.get(), keep = Ref(mem), parts, reads, writes] {
      if (held->doomed) return keep->EnsureOn(session);
      keep->Access(session, parts, reads, writes);
    });
  } else if (doomed_) {
    mem.EnsureOn(session_);  // It will not run, so contents stay where they are.
  } else {
    mem.Access(session_, parts, reads, writes);
  }
}

void PendingCommand::PostSend(transport::Tag tag, std::span<const std::byte> data, transport::Done done) {
  if (held_ == nullptr) return session_.PostSend(tag, data, std::move(done));
  Do([&session = session_, tag, data, done = std::move(done)] { session.PostSend(tag, data, done); });
}

void PendingCommand::PostReceive(transport::Tag tag, std::span<std::byte> into, transport::Done done) {
  if (held_ == nullptr) return session_.PostReceive(tag, into, std::move(done));
  Do([&session = session_, tag, into, done = std::move(done)] { session.PostReceive(tag, into, done); });
}

void PendingCommand::CollectWaitList(const WaitList& wait_list) {
  EventId* next = few_ids_.data();
  if (wait_list.size() > few_ids_.size()) {
    many_ids_.resize(wait_list.size());
    next = many_ids_.data();
  }
  EventId* const first = next;
  for (size_t i = 0; i < wait_list.size(); ++i) {
    Event& event = wait_list[i];
    if (held_ != nullptr && event.status() != CL_COMPLETE) {
      held_->wait_list.emplace_back(event);
      *next++ = event.id();
    } else if (held_ == nullptr && event.EnsureOn(session_)) {
      *next++ = event.id();
    }
  }
  wire_.wait_list = {first, next};
}

// An event that follows a transfer must not be seen complete before the transfer's data is here.
void PendingCommand::DependOnTransfers(const WaitList& wait_list) {
  if (queue_.in_order()) {
    for (const auto& transfer : queue_.transfers()) transfer->AddDependent(event_);
    return;
  }
  for (const auto& transfer : queue_.barrier_transfers()) transfer->AddDependent(event_);
  for (size_t i = 0; i < wait_list.size(); ++i) {
    Event& event = wait_list[i];
    if (event.complete() || !event.HasLocalParts()) continue;
    event.Watch(wire::kWatchComplete);
    event.AddDependent(event_);
  }
}

void PendingCommand::MakeTransfer(int parts, bool reports_unasked) {
  for (int i = 0; i < parts; ++i) event_->AddPart();
  queue_.transfers().push_back(event_);
  if (reports_unasked) {
    event_->ExpectReport();
  } else {
    watch_ = true;
  }
}

void PendingCommand::AfterAllTransfers() {
  if (queue_.in_order()) return;  // In order, it does already.
  for (const auto& earlier : queue_.held()) Hold(earlier->unset);
  if (!event_) return;
  for (const auto& transfer : queue_.transfers()) transfer->AddDependent(event_);
}

void PendingCommand::Finish(cl_event* event) {
  if (is_barrier_ && !queue_.in_order()) {
    // Everything so far, or what the wait list named.
    auto& held = queue_.barrier_transfers();
    std::erase_if(held, [](const auto& transfer) { return transfer->complete(); });
    if (empty_wait_list_) {
      held = queue_.transfers();
    } else if (event_) {
      held.push_back(event_);
    }
  }
  if (held_ != nullptr) {
    queue_.context().held().push_back(held_);
    queue_.held().push_back(held_);
    if (is_barrier_ && !queue_.in_order()) queue_.held_barrier() = held_;
    held_->event = event_;
    if (event_) event_->HoldBack(held_);
  }
  if (watch_) event_->Watch(wire::kWatchComplete);  // After the command itself was posted.
  lock_.unlock();
  if (event != nullptr) {
    event_->AddReference();  // The application's.
    *event = event_->handle();
  }
}

void PendingCommand::Commit(cl_event* event) {
  Finish(event);
  TheRuntime().Posted(session_);
}

void PendingCommand::CommitAndWait(cl_event* event) {
  watch_ = true;
  Finish(event);
  TheRuntime().WaitUntil([this] { return event_->complete(); }, &session_,
                         queue_.may_work() ? Awaited::kWork : Awaited::kAnswer);
  if (queue_.in_order()) queue_.set_may_work(false);
  Require(event_->status() == CL_COMPLETE,
          event_->status() == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST || !empty_wait_list_
              ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST
              : event_->status());
}

bool WaitForEvents(std::span<Event* const> events) {
  Runtime& runtime = TheRuntime();
  {
    std::lock_guard lock(runtime.command_mutex());
    for (Event* event : events)
      if (!event->complete()) event->Watch(wire::kWatchComplete);
  }
  for (const Event* event : events)
    runtime.WaitUntil([&] { return event->complete(); }, event->home(), Awaited::kWork);
  return std::all_of(events.begin(), events.end(),
                     [](const Event* event) { return event->status() == CL_COMPLETE; });
}

}  // namespace clopencl::frontend
