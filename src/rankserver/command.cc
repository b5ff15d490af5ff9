#include "rankserver/command.h"

#include <algorithm>

#include "rankserver/transfers/mapping.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

bool Complete(const NativeApi& api, cl_event event) { return ExecutionStatus(api, event) <= CL_COMPLETE; }

}  // namespace

cl_int ResolveWaitList(Channel& channel, std::span<const EventId> list, WaitList& waits) {
  for (const EventId id : list) {
    Event* event = channel.events.Find(id);
    if (event == nullptr) return CL_INVALID_EVENT_WAIT_LIST;
    if (event->status == CL_COMPLETE) continue;
    if (event->transfer != nullptr) {
      const cl_event result = event->transfer->ResultEvent();
      // None: its queue does not exist, or the native runtime has no event left. Nothing could wait for it.
      if (result == nullptr) return CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
      waits.push_back(result);
      continue;
    }
    // What waits for a failed event fails at once: some native runtimes would let it wait for ever.
    if (channel.CheckFinal(*event) && event->status != CL_COMPLETE)
      return CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
    if (event->Final()) continue;
    waits.push_back(event->native.get());
  }
  return CL_SUCCESS;
}

void OrderAfterOpen(Queue& queue, uint64_t before, WaitList& waits) {
  const auto covered = [&](const auto& transfer) { return transfer->number() <= queue.transfers_ordered; };
  auto at = std::partition_point(queue.open.begin(), queue.open.end(), covered);
  for (; at != queue.open.end() && (*at)->number() < before; ++at) {
    if (cl_event event = (*at)->OrderEvent(&queue)) waits.push_back(event);
  }
}

void OrderAfterTransfers(Channel& channel, const std::shared_ptr<Queue>& queue, bool waits_for_all,
                         WaitList& waits) {
  if (queue->open.empty()) return;
  if (queue->in_order) return OrderAfterOpen(*queue, queue->transfers_started + 1, waits);
  if (!waits_for_all) return;
  // A command that waits for all before it, without a list: the transfers become one command before it.
  WaitList transfers;
  for (const auto& transfer : queue->open) {
    if (cl_event event = transfer->OrderEvent(queue.get())) transfers.push_back(event);
  }
  if (transfers.empty()) return;
  cl_int status = CL_SUCCESS;
  EnqueueOwn(channel, queue, transfers, nullptr, status, [&](const NativeArgs& to) {
    return channel.api().EnqueueMarkerWithWaitList(to.queue, to.count, to.list, to.event);
  });
}

void OrderAfterNewContents(const Queue& queue, Mem& mem, Access access, WaitList& waits,
                           const Transfer* self) {
  for (Transfer* transfer : mem.Root()->open) {
    if (transfer == self) return;  // It is itself waited for by what comes after it.
    const TransferRequest& request = transfer->request();
    if (!request.internal && !request.blocking) continue;
    const bool sends = request.direction == Direction::kFromDevice;
    if (sends && access == Access::kReads) continue;
    // Should new contents not arrive, what was to use them fails.
    const bool arrives = request.internal && !sends;
    const cl_event event = arrives ? transfer->ResultEvent() : transfer->OrderEvent(&queue);
    if (event != nullptr) waits.push_back(event);
  }
}

void OrderAfterUses(Channel& channel, const std::shared_ptr<Queue>& queue, Mem& mem, Access access,
                    WaitList& waits, const Transfer* self) {
  Mem& root = *mem.Root();
  ++root.native_uses;
  if (access == Access::kWrites) ++root.native_writes;
  root.last_native = access;
  if (self == nullptr) root.host_uses = 0;
  if (self == nullptr || !self->request().internal) OrderAfterNewContents(*queue, mem, access, waits, self);
  if (root.mapping != nullptr && (access == Access::kWrites || root.mapping->writable()))
    root.mapping->Detach(channel, queue, root);
  if (root.fences.empty()) return;
  std::erase_if(root.fences, [&](const Fence& fence) { return Complete(channel.api(), fence.event.get()); });
  for (const Fence& fence : root.fences) {
    if (fence.queue == queue->serial && queue->in_order) continue;
    waits.push_back(fence.event.get());
  }
}

void RecordUse(const std::shared_ptr<Queue>& queue, Mem& mem, Access access, const OwnedEvent& event) {
  Mem& root = *mem.Root();
  if (queue->in_order) {
    for (LastUse& use : root.last_uses) {
      if (use.access != access || use.queue.lock() != queue) continue;
      use.event = event.Share();
      return;
    }
  } else if (root.last_uses.size() >= 8) {
    std::erase_if(root.last_uses,
                  [&](const LastUse& use) { return Complete(*mem.context->api, use.event.get()); });
  }
  root.last_uses.push_back({queue, access, event.Share()});
}

Enqueue::Enqueue(Channel& channel, const wire::Command& command, List list)
    : channel_(channel), command_(command) {
  queue_ = channel.queues.Find(command.queue, error_);
  if (queue_ != nullptr && list == List::kResolve) ResolveList();
}

void Enqueue::ResolveList() {
  if (ok() && !command_.wait_list.empty()) Fail(ResolveWaitList(channel_, command_.wait_list, waits_));
}

bool Enqueue::WaitsForListAlone() {
  if (!ok() || queue().context->spans_servers || !queue().open.empty()) return false;
  return std::all_of(mems_.begin(), mems_.end(), [](const MemUse& use) {
    return use.root->open.empty() && use.root->mapping == nullptr && use.root->fences.empty();
  });
}

Mem* Enqueue::Use(MemId id, Access access) {
  cl_int error = CL_SUCCESS;
  std::shared_ptr<Mem>* mem = channel_.mems.Find(id, error);
  if (mem == nullptr) {
    Fail(error);
    return nullptr;
  }
  Use(**mem, access);
  return ok() ? mem->get() : nullptr;
}

void Enqueue::Use(Mem& mem, Access access) {
  if (mem.error != CL_SUCCESS) return Fail(mem.error);
  Mem* root = mem.Root();
  for (MemUse& use : mems_) {
    if (use.root != root) continue;
    if (access == Access::kWrites) use.access = access;
    return;
  }
  mems_.push_back({root, access});
}

bool Enqueue::Prepare() {
  if (!ok()) {
    channel_.FailCommand(command_, error_, reads_inline_);
    return false;
  }
  Queue& queue = this->queue();
  const bool waits_for_others = !waits_.empty();
  OrderAfterTransfers(channel_, *queue_, waits_for_all_, waits_);
  const size_t order_waits = waits_.size();
  if (holds_back_the_rest_ && !queue.in_order) {
    // Earlier transfers have to have their native commands in the queue before.
    for (const auto& transfer : queue.open) transfer->OrderEvent(&queue);
  }
  for (const MemUse& use : mems_) OrderAfterUses(channel_, *queue_, *use.root, use.access, waits_);
  if (queue.in_order && !waits_for_others && waits_.size() == order_waits)
    orders_transfers_ = queue.transfers_started;
  const bool wants_event = command_.event || need_event_ ||
                           (!mems_.empty() && queue.context->spans_servers) ||
                           (queue.in_order && channel_.at_tail());
  args_ = {queue.native.get(), static_cast<cl_uint>(waits_.size()), waits_.empty() ? nullptr : waits_.data(),
           wants_event ? &raw_event_ : nullptr};
  return true;
}

bool Enqueue::Finish(cl_int status) {
  if (status != CL_SUCCESS) {
    channel_.FailCommand(command_, status, reads_inline_);
    return false;
  }
  Queue& queue = this->queue();
  event_ = OwnedEvent(channel_.api(), raw_event_);
  sequence_ = queue.Issued(event_, waits_);
  queue.transfers_ordered = std::max(queue.transfers_ordered, orders_transfers_);
  channel_.NeedsFlush(*queue_);
  if (raw_event_ == nullptr) return true;
  if (queue.context->spans_servers) {
    for (const MemUse& use : mems_) RecordUse(*queue_, *use.root, use.access, event_);
  }
  if (queue.in_order) {
    queue.last_event = event_.Share();
    queue.last_sequence = sequence_;
  }
  if (command_.event) {
    Event event;
    event.native = event_.Share();
    event.queue = *queue_;
    event.sequence = sequence_;
    channel_.InsertEvent(command_.event, std::move(event));
  }
  return true;
}

}  // namespace clopencl::rankserver
