// Putting one command of the wire on its native queue.
#pragma once

#include <functional>

#include "common/wire/messages/enqueue.h"
#include "rankserver/channel.h"
#include "rankserver/inline_vector.h"

namespace clopencl::rankserver {

using WaitList = InlineVector<cl_event, 8>;

// The last arguments of every clEnqueue*.
struct NativeArgs {
  cl_command_queue queue = nullptr;
  cl_uint count = 0;
  const cl_event* list = nullptr;
  cl_event* event = nullptr;
};

// Collects what a command needs, then runs it:
//   Enqueue command(*this, m.command);
//   Mem* mem = command.Use(m.mem);
//   command.Run([&](const NativeArgs& to) { return api().Enqueue…(to.queue, mem->native.get(), …); });
// Whatever fails on the way (an id that names nothing, an object that failed, the native call) becomes the
// error of the command; the function is then not called.
class Enqueue {
 public:
  enum class List { kResolve, kLater };

  // kLater: whoever made it sees to the wait list, or calls ResolveList().
  Enqueue(Channel& channel, const wire::Command& command, List list = List::kResolve);
  void ResolveList();

  // The object, which the command uses; null when it can't be used.
  Mem* Use(MemId id, Access access = Access::kWrites);
  void Use(Mem& mem, Access access = Access::kWrites);
  void Fail(cl_int error) {
    if (error_ == CL_SUCCESS) error_ = error;
  }

  bool ok() const { return error_ == CL_SUCCESS; }
  cl_int error() const { return error_; }
  Queue& queue() { return **queue_; }
  const std::shared_ptr<Queue>& shared_queue() { return *queue_; }

  // The native events of the wait list that are not known to be complete.
  const WaitList& waits() const { return waits_; }

  void WaitFor(cl_event event) { waits_.push_back(event); }

  // Whether nothing but its wait list holds the command back, as far as the queue and what it uses go.
  bool WaitsForListAlone();

  // The command needs a native event even if nobody on the wire names it. TakeEvent() has it after Run().
  void NeedEvent() { need_event_ = true; }
  // Reports a failure of a read with tag 0 to the frontend.
  void ReadsInline() { reads_inline_ = true; }
  // A marker or barrier without a wait list: waits for all earlier commands.
  void WaitsForAll() { waits_for_all_ = true; }
  // A barrier with a wait list: native commands of the queue that are enqueued later come after it.
  void HoldsBackTheRest() { holds_back_the_rest_ = true; }

  // True when the command is in the native queue.
  template <typename Function>
  bool Run(Function function) {
    if (!Prepare()) return false;
    return Finish(function(args_));
  }

  // Run() in two steps: false when the command has failed, else args() is what the native function is to get;
  // and what became of it.
  bool Prepare();
  const NativeArgs& args() const { return args_; }
  bool Finish(cl_int status);

  // After Run(): the command's number in its queue, and its event if NeedEvent() was called.
  uint64_t sequence() const { return sequence_; }
  OwnedEvent TakeEvent() { return std::move(event_); }

 private:
  Channel& channel_;
  const wire::Command& command_;
  const std::shared_ptr<Queue>* queue_ = nullptr;  // Of the table, where nothing erases queues meanwhile.
  cl_int error_ = CL_SUCCESS;
  WaitList waits_;
  struct MemUse {
    Mem* root;
    Access access;
  };
  InlineVector<MemUse, 8> mems_;
  NativeArgs args_;
  cl_event raw_event_ = nullptr;
  OwnedEvent event_;
  uint64_t sequence_ = 0;
  uint64_t orders_transfers_ = 0;  // For Queue::transfers_ordered.
  bool need_event_ = false;
  bool reads_inline_ = false;
  bool waits_for_all_ = false;
  bool holds_back_the_rest_ = false;
};

// The native events of a wait list that are not known to be complete, in `waits`. CL_SUCCESS, or the error of
// an entry that names nothing or failed.
cl_int ResolveWaitList(Channel& channel, std::span<const EventId> list, WaitList& waits);

// Before a native command in an in-order queue: adds what it has to wait for because of the open transfers
// with numbers below `before`.
void OrderAfterOpen(Queue& queue, uint64_t before, WaitList& waits);
// Before a native command in `queue`: adds what it has to wait for because of transfers of the queue.
void OrderAfterTransfers(Channel& channel, const std::shared_ptr<Queue>& queue, bool waits_for_all,
                         WaitList& waits);
// Before a native command in `queue` that uses the object: gives it back to the device, and adds what has to
// be over before. `self`: the transfer whose command it is, which began after what it has to come after.
void OrderAfterUses(Channel& channel, const std::shared_ptr<Queue>& queue, Mem& mem, Access access,
                    WaitList& waits, const Transfer* self = nullptr);
// Adds what a command in `queue` on the object has to wait for, as all later ones: moves of its contents to
// here and, where it writes, from here; blocking writes. `self`: as above.
void OrderAfterNewContents(const Queue& queue, Mem& mem, Access access, WaitList& waits,
                           const Transfer* self = nullptr);
// After a native command that used the object, for contexts that span servers.
void RecordUse(const std::shared_ptr<Queue>& queue, Mem& mem, Access access, const OwnedEvent& event);

// Puts a native command of our own on a queue and gives its number, 0 when it failed (`status` says why).
// `event` may be null. The function gets NativeArgs.
template <typename Function>
uint64_t EnqueueOwn(Channel& channel, const std::shared_ptr<Queue>& queue, const WaitList& waits,
                    OwnedEvent* event, cl_int& status, Function function) {
  channel.IssueLaunches();
  cl_event raw = nullptr;
  NativeArgs args{queue->native.get(), static_cast<cl_uint>(waits.size()),
                  waits.empty() ? nullptr : waits.data(), event != nullptr ? &raw : nullptr};
  status = function(args);
  if (status != CL_SUCCESS) return 0;
  OwnedEvent none;
  if (event == nullptr) event = &none;
  *event = OwnedEvent(channel.api(), raw);
  channel.NeedsFlush(queue);
  return queue->Issued(*event, waits);
}

}  // namespace clopencl::rankserver
