// Transfers through memory of ours.
#include <optional>
#include <utility>

#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// The native command is put on the queue of the transfer itself. A read's is enqueued at once; its data
// leaves when it is complete. A write's data is received at once, while earlier commands still run; its
// native command is enqueued when the data is there, or before that, behind an event that says so, when
// another command comes after it. Moves of contents are never enqueued before: their queue is that of all
// moves of the context, and one that waits for its data would hold up another that the sender of that data
// waits for.
class StagedTransfer final : public Transfer {
 public:
  StagedTransfer(Channel& channel, Request request, StagedCommand command)
      : Transfer(channel, std::move(request)), command_(std::move(command)) {}

  cl_event OrderEvent(const Queue* queue) override {
    if (over()) return nullptr;
    if (AwaitsContents()) return Transfer::OrderEvent(queue);
    const bool native_order = queue == request_.queue.get() && queue->in_order;
    if (request_.direction == Direction::kToDevice) {
      EnqueueWrite();
      if (native_order && native_event_) return nullptr;
      // Should it fail, so do the commands that come after: the object failed, or nobody waited for the
      // write. User events in their place cost some native runtimes much.
      if ((request_.internal || request_.blocking) && native_event_) return native_event_.get();
    } else if (native_order && request_.peer.tag == 0) {
      return nullptr;  // The data goes with the report, so the native command is all of the transfer.
    }
    return Transfer::OrderEvent(queue);
  }

  cl_event ResultEvent() override {
    if (over() || AwaitsContents()) return Transfer::ResultEvent();
    if (request_.direction == Direction::kToDevice) {
      EnqueueWrite();
      if (native_event_) return native_event_.get();
    } else if (request_.peer.tag == 0 && native_event_) {
      return native_event_.get();
    }
    return Transfer::ResultEvent();
  }

 private:
  bool AwaitsContents() const {
    return request_.internal && request_.direction == Direction::kToDevice && !native_event_;
  }

  void Begin(const WaitList& waits) override {
    block_ = request_.queue->context->Staging().Acquire(request_.size);
    if (block_ == nullptr) return GiveUp(CL_OUT_OF_HOST_MEMORY);
    if (request_.direction == Direction::kFromDevice) return BeginRead(waits);
    for (const cl_event event : waits) {
      channel_.api().RetainEvent(event);
      waits_.emplace_back(channel_.api(), event);
    }
    ReceivePayload({block_->data(), request_.size}, [this](bool ok) {
      arrived_ = true;
      if (!ok) outcome_ = CL_OUT_OF_RESOURCES;
      if (arrival_) channel_.SetNativeStatus(arrival_.get(), ok ? CL_COMPLETE : CL_OUT_OF_RESOURCES);
      if (outcome_) return Finish(*outcome_);
      EnqueueWrite();
      Accepted();
    });
  }

  void BeginRead(WaitList waits) {
    const uint64_t sequence = EnqueueCommand(waits);
    if (sequence == 0) return GiveUp(enqueue_status_);
    channel_.Track(native_event_.Share(), request_.queue, sequence,
                   [this, self = shared_from_this()](cl_int status) {
                     if (status < 0) return GiveUp(status);
                     TakeNativeTimes();
                     Moving();
                     SendPayload({block_->data(), request_.size},
                                 [this](bool ok) { Finish(ok ? CL_COMPLETE : CL_OUT_OF_RESOURCES); });
                   });
  }

  void EnqueueWrite() {
    if (native_event_ || outcome_ || block_ == nullptr) return;
    WaitList waits;
    for (const OwnedEvent& event : waits_) waits.push_back(event.get());
    if (!arrived_) {
      arrival_ = MakeUserEvent();
      if (arrival_) waits.push_back(arrival_.get());
    }
    const uint64_t sequence = EnqueueCommand(waits);
    if (sequence == 0) return WriteEnded(enqueue_status_);
    channel_.Track(native_event_.Share(), request_.queue, sequence,
                   [this, self = shared_from_this()](cl_int status) {
                     TakeNativeTimes();
                     WriteEnded(status);
                   });
  }

  // The payload of a command that failed is on its way all the same.
  void WriteEnded(cl_int status) {
    outcome_ = status;
    if (arrived_) Finish(status);
  }

  uint64_t EnqueueCommand(WaitList& waits) {
    const bool waits_for_others = !waits.empty();
    OrderAfterEarlier(waits);
    const size_t order_waits = waits.size();
    const Access access = AccessOf(request_.direction);
    if (request_.mem != nullptr) OrderAfterUses(channel_, request_.queue, *request_.mem, access, waits, this);
    const bool orders_earlier = !waits_for_others && waits.size() == order_waits;
    const uint64_t sequence = EnqueueOwn(channel_, request_.queue, waits, &native_event_, enqueue_status_,
                                         [&](const NativeArgs& to) { return command_(to, block_->data()); });
    if (sequence != 0 && orders_earlier) EarlierAreOrdered();
    // The queue is that of all moves of contents; commands of others wait for this one, and OpenCL asks that
    // it be flushed before they are enqueued.
    if (sequence != 0 && request_.internal) channel_.api().Flush(request_.queue->native.get());
    if (sequence != 0 && request_.mem != nullptr && request_.queue->context->spans_servers) {
      RecordUse(request_.queue, *request_.mem, access, native_event_);
    }
    return sequence;
  }

  void TakeNativeTimes() {
    if (!request_.queue->profiling) return;
    set_times(channel_.NativeTimes(request_.queue.get(), native_event_.get()),
              request_.direction == Direction::kFromDevice && request_.peer.tag != 0);
  }

  const StagedCommand command_;
  std::shared_ptr<StagingBlock> block_;
  std::vector<OwnedEvent> waits_;  // Of a write that is not enqueued yet.
  OwnedEvent native_event_;
  OwnedEvent arrival_;  // A user event: the data of a write is there.
  cl_int enqueue_status_ = CL_SUCCESS;
  bool arrived_ = false;
  std::optional<cl_int> outcome_;  // Of a write's native command.
};

}  // namespace

std::shared_ptr<Transfer> MakeStagedTransfer(Channel& channel, Transfer::Request request,
                                             StagedCommand command) {
  return std::make_shared<StagedTransfer>(channel, std::move(request), std::move(command));
}

}  // namespace clopencl::rankserver
