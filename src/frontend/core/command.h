// The common part of every clEnqueue*: wait list, event, order, sending.
#pragma once

#include <array>
#include <mutex>
#include <span>
#include <vector>

#include "common/wire/messages/enqueue.h"
#include "frontend/core/command_buffer.h"
#include "frontend/core/event.h"
#include "frontend/core/held.h"
#include "frontend/core/queue.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {

// A wait list as the application gives it, checked against the context of the queue (OpenCL 3.0, "5.11 Event
// Objects": CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_CONTEXT).
class WaitList {
 public:
  WaitList(const Context& context, cl_uint count, const cl_event* events);
  bool empty() const { return count_ == 0; }
  Event& operator[](size_t i) const { return *FromHandle<Event>(events_[i]); }
  size_t size() const { return count_; }
  // Whether one of them is known to have failed.
  bool Failed() const;

 private:
  const cl_uint count_;
  const cl_event* const events_;
};

// One command being enqueued: from its construction to Commit() it holds the command mutex, so everything
// posted in between reaches the server as one.
//
//   PendingCommand command(queue, CL_COMMAND_COPY_BUFFER, wait_list, event != nullptr);
//   command.Access(source, …);                             may post creations and moves
//   command.Post(wire::CopyBuffer{command.wire(), …});
//   command.Commit(event);
class PendingCommand {
 public:
  // needs_event: the application wants one, or the runtime does.
  PendingCommand(Queue& queue, cl_command_type type, const WaitList& wait_list, bool needs_event);
  // Nothing was posted: the event goes as if it never was.
  ~PendingCommand() = default;

  const wire::Command& wire() const { return wire_; }
  Event* event() const { return event_.get(); }
  Session& session() const { return session_; }

  // What it reads and writes: Mem::Access on the queue's server.
  void Access(Mem& mem, const Rows& parts, bool reads, bool writes);
  void Access(Mem& mem, size_t offset, size_t size, bool reads, bool writes) {
    Access(mem, Rows{offset, size}, reads, writes);
  }
  void Access(Mem& mem, bool reads, bool writes) { Access(mem, 0, mem.size(), reads, writes); }

  template <typename Message>
  void Post(const Message& message) {
    if (recording_ != nullptr) return recording_->Record(message);
    if (held_ == nullptr) return session_.Post(message);
    ByteBuffer frame;
    wire::AppendFrame(message, frame);
    Do([&session = session_, frame = std::move(frame)] { session.PostFrame(frame); });
  }
  // Session::PostSend and PostReceive.
  void PostSend(transport::Tag tag, std::span<const std::byte> data, transport::Done done);
  void PostReceive(transport::Tag tag, std::span<std::byte> into, transport::Done done);

  // The command waits for a user event in a context that spans servers (held.h), so all of the above comes
  // later; what has to come with it is to be done by Do(), which else does it at once.
  bool held() const { return held_ != nullptr; }
  template <typename Action>
  void Do(Action&& action) {
    if (held_ == nullptr) return action();
    held_->actions.emplace_back(std::forward<Action>(action));
  }

  // The event is that of a transfer: the application's memory takes part, so it completes here, after `parts`
  // things besides the server's report. reports_unasked: the server reports by itself, with the data.
  void MakeTransfer(int parts, bool reports_unasked);
  // A marker or barrier without a wait list: comes after every transfer of the queue so far.
  void AfterAllTransfers();
  // A barrier: later commands of an out-of-order queue come after what this command waits for.
  void MakeBarrier() { is_barrier_ = true; }

  // Completion is to be heard of, whether anybody else wants to know.
  void Watch() { watch_ = true; }

  // Ends the hold of the command mutex, gives the application its event, and has the message sent in due
  // time.
  void Commit(cl_event* event);
  // The same, then waits until the command is complete. Fails with
  // CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST when it does.
  void CommitAndWait(cl_event* event);

 private:
  void HoldBack(const WaitList& wait_list);
  void Hold(const std::vector<Ref<Event>>& unset);
  void CollectWaitList(const WaitList& wait_list);
  void DependOnTransfers(const WaitList& wait_list);
  void Finish(cl_event* event);

  Queue& queue_;
  CommandBuffer* const recording_;  // The command is to be recorded there, not to be run.
  Session& session_;
  std::unique_lock<std::recursive_mutex> lock_;
  Ref<Event> event_;
  wire::Command wire_;
  std::array<EventId, 8> few_ids_;
  std::vector<EventId> many_ids_;
  std::shared_ptr<HeldCommand> held_;
  bool doomed_ = false;
  bool is_barrier_ = false;
  bool watch_ = false;
  const bool empty_wait_list_;
};

// Waits until all are complete, as clWaitForEvents; false when one failed. No locks held.
bool WaitForEvents(std::span<Event* const> events);

}  // namespace clopencl::frontend
