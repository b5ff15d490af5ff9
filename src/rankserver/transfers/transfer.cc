#include "rankserver/transfers/transfer.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/log.h"

namespace clopencl::rankserver {
namespace {

// Memory without contents: reading it yields zeros, writing it is allowed and lost.
class BlankMemory {
 public:
  explicit BlankMemory(size_t size) : size_(size) {
    data_ = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  ~BlankMemory() {
    if (ok()) munmap(data_, size_);
  }
  BlankMemory(const BlankMemory&) = delete;
  BlankMemory& operator=(const BlankMemory&) = delete;

  bool ok() const { return data_ != MAP_FAILED; }
  std::span<std::byte> bytes() const { return {static_cast<std::byte*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  const size_t size_;
};

}  // namespace

Transfer::Transfer(Channel& channel, Request request) : channel_(channel), request_(std::move(request)) {
  const Queue* queue = request_.queue.get();
  if (queue != nullptr && queue->profiling) times_[0] = times_[1] = queue->device->clock.Now();
}

Transfer::~Transfer() = default;

void Transfer::Open() {
  if (request_.queue != nullptr) {
    number_ = ++request_.queue->transfers_started;
    request_.queue->open.push_back(shared_from_this());
    if (request_.queue->internal) channel_.NoteQueue(request_.queue);
  }
  if (request_.mem != nullptr) request_.mem->Root()->open.push_back(this);
  if (!request_.event) return;
  Event event;
  event.queue = request_.queue;
  event.transfer = shared_from_this();
  channel_.InsertEvent(request_.event, std::move(event));
}

void Transfer::Start(const WaitList& waits, std::vector<OwnedEvent> uses) {
  Open();
  uses_left_ = uses.size();
  began_ = uses_left_ == 0;
  if (began_) return Begin(waits);
  for (OwnedEvent& use : uses) {
    // Failed commands have used the object, too.
    channel_.Track(std::move(use), nullptr, 0, [self = shared_from_this()](cl_int) {
      self->began_ = --self->uses_left_ == 0;
      if (self->began_) self->Begin({});
    });
  }
}

void Transfer::StartFailed(cl_int error) {
  Open();
  GiveUp(error);
}

OwnedEvent Transfer::MakeUserEvent() {
  Context* context = request_.queue != nullptr ? request_.queue->context.get() : nullptr;
  if (context == nullptr) return {};
  cl_int status = CL_SUCCESS;
  OwnedEvent event(channel_.api(), channel_.api().CreateUserEvent(context->native.get(), &status));
  if (status == CL_SUCCESS) return event;
  Log().error("no native user event can be made (error {}): commands after a transfer do not wait for it",
              status);
  return {};
}

cl_event Transfer::OrderEvent(const Queue*) {
  if (over_) return nullptr;
  if (!order_event_) order_event_ = MakeUserEvent();
  return order_event_.get();
}

cl_event Transfer::ResultEvent() {
  if (!result_event_) {
    result_event_ = MakeUserEvent();
    if (over_ && result_event_) channel_.SetNativeStatus(result_event_.get(), status_);
  }
  return result_event_.get();
}

void Transfer::ReleaseWaiters() {
  if (over_) return;
  const auto set = [this](OwnedEvent& event, cl_int status) {
    if (event) channel_.api().SetUserEventStatus(event.get(), status);
    event.Reset();  // Should the transfer end after all.
  };
  set(order_event_, CL_COMPLETE);
  set(result_event_, CL_OUT_OF_RESOURCES);
}

std::string Transfer::Describe() const {
  const bool reads = request_.direction == Direction::kFromDevice;
  const std::string state = over_     ? fmt::format("over: {}", status_)
                            : moving_ ? "moves"
                            : began_  ? "waits to move"
                                      : fmt::format("waits for {} uses", uses_left_);
  return fmt::format("{}{} {} ({} bytes {} rank {}, tag {}, object {}, event {}): {}",
                     request_.internal ? "move " : "", reads ? "read" : "write", number_, request_.size,
                     reads ? "to" : "from", request_.peer.rank, request_.peer.tag,
                     fmt::ptr(request_.mem != nullptr ? request_.mem->Root() : nullptr),
                     request_.event.Pack(), state);
}

void Transfer::Moving() {
  if (std::exchange(moving_, true)) return;
  if (request_.queue != nullptr && request_.queue->profiling && times_[2] == 0) {
    times_[2] = request_.queue->device->clock.Now();
  }
  if (watch_ != nullptr) channel_.SendStatuses(*watch_, request_.event, CL_RUNNING);
}

void Transfer::Finish(cl_int status) {
  if (over_) return;
  const std::shared_ptr<Transfer> self = shared_from_this();
  Moving();
  over_ = true;
  status_ = status;
  if (request_.queue != nullptr && request_.queue->profiling && times_[3] == 0) {
    // The device's clock is estimated here: a native command may have ended later than it says.
    times_[3] = times_[4] = std::max({request_.queue->device->clock.Now(), times_[2], earliest_end_});
  }
  if (request_.mem != nullptr) std::erase(request_.mem->Root()->open, this);
  if (order_event_) channel_.api().SetUserEventStatus(order_event_.get(), CL_COMPLETE);
  if (result_event_) channel_.SetNativeStatus(result_event_.get(), status);
  if (request_.queue == nullptr) return Report();
  channel_.Settle(request_.queue);
}

void Transfer::Accepted() {
  if (over_ || accepted_ || !request_.blocking || !request_.event) return;
  if (request_.queue->context->spans_servers || request_.queue->open.size() > 1) return;
  accepted_ = true;
  channel_.CompleteEvent(request_.event, watch_, CL_COMPLETE, times_, nullptr);
}

void Transfer::Report() {
  if (std::exchange(reported_, true)) return;
  if (request_.internal) {
    if (request_.announce_moved) channel_.Send(wire::ContentsMoved{request_.peer.tag});
    if (status_ == CL_COMPLETE || request_.mem == nullptr) return;
    Log().warn("moving the contents of a memory object failed with {}; commands on it fail", status_);
    request_.mem->error = status_;
    return;
  }
  if (!request_.event || accepted_) {
    if (status_ < 0 && request_.queue != nullptr) request_.queue->KeepError(status_);
    return;
  }
  const bool inline_read = request_.peer.tag == 0 && request_.direction == Direction::kFromDevice;
  const wire::ByteView data(inline_data_.data(), status_ == CL_COMPLETE ? inline_data_.size() : 0);
  channel_.CompleteEvent(request_.event, watch_, status_, times_, inline_read ? &data : nullptr);
}

void Transfer::SendPayload(std::span<const std::byte> data, std::function<void(bool)> done) {
  if (request_.peer.tag == 0) {
    inline_data_.assign(data.begin(), data.end());
    return done(true);
  }
  if (channel_.stopping()) return done(false);
  Environment& environment = channel_.environment();
  environment.payloads.Send(request_.peer.rank, request_.peer.tag, data, environment.limits.chunk_bytes,
                            Traced(false, data.size(), KeepAlive(std::move(done))));
}

void Transfer::ReceivePayload(std::span<std::byte> into, std::function<void(bool)> done) {
  if (request_.peer.tag == 0) {
    std::copy_n(inline_data_.begin(), std::min(into.size(), inline_data_.size()), into.begin());
    return done(true);
  }
  if (channel_.stopping()) return done(false);
  Environment& environment = channel_.environment();
  environment.payloads.Receive(request_.peer.rank, request_.peer.tag, into, environment.limits.chunk_bytes,
                               Traced(true, into.size(), KeepAlive(std::move(done))));
}

// A transfer outlives its payload, and what comes after the end of the channel is dropped.
transport::Done Transfer::KeepAlive(std::function<void(bool)> done) {
  return [self = shared_from_this(), alive = channel_.alive(), done = std::move(done)](bool ok) {
    if (alive.lock() != nullptr) done(ok);
  };
}

transport::Done Transfer::Traced(bool receives, size_t size, transport::Done done) {
  Tracing* const tracing = channel_.environment().tracing.get();
  return tracing == nullptr ? done : tracing->Payload(receives, request_.peer.rank, size, std::move(done));
}

void Transfer::GiveUp(cl_int status, uint64_t size) {
  if (request_.peer.tag == 0 || size == 0) return Finish(status);
  const auto blank = std::make_shared<BlankMemory>(size);
  if (!blank->ok()) {
    channel_.FailChannel("a transfer of " + std::to_string(size) +
                         " bytes failed, and not even the memory to say so can be had");
    return Finish(status);
  }
  const auto done = [this, blank, status](bool) { Finish(status); };
  if (request_.direction == Direction::kFromDevice) {
    SendPayload(blank->bytes(), done);
  } else {
    ReceivePayload(blank->bytes(), done);
  }
}

uint64_t Transfer::EnqueueMarker(const WaitList& waits, OwnedEvent* event, cl_int& status) {
  const std::shared_ptr<Queue>& queue = request_.queue;
  WaitList all = waits;
  OrderAfterEarlier(all);
  const bool orders_earlier = waits.empty();
  OwnedEvent complete;
  if (!queue->in_order && all.empty()) {
    // Without a list a marker would wait for every earlier command, which an out-of-order queue does not ask
    // for.
    complete = MakeUserEvent();
    if (complete) {
      channel_.api().SetUserEventStatus(complete.get(), CL_COMPLETE);
      all.push_back(complete.get());
    }
  }
  const uint64_t sequence = EnqueueOwn(channel_, queue, all, event, status, [&](const NativeArgs& to) {
    return channel_.api().EnqueueMarkerWithWaitList(to.queue, to.count, to.list, to.event);
  });
  if (sequence != 0 && orders_earlier) EarlierAreOrdered();
  return sequence;
}

void Transfer::OrderAfterEarlier(WaitList& waits) {
  if (request_.queue->OrdersTransfers()) OrderAfterOpen(*request_.queue, number_, waits);
}

void Transfer::EarlierAreOrdered() {
  Queue& queue = *request_.queue;
  if (queue.OrdersTransfers()) queue.transfers_ordered = std::max(queue.transfers_ordered, number_ - 1);
}

bool Transfer::BehindAnother() const {
  if (!request_.queue->OrdersTransfers()) return false;
  const Mem* const root = request_.mem->Root();
  for (const auto& earlier : request_.queue->open) {
    if (earlier.get() == this) return false;
    const Request& other = earlier->request();
    const bool reads =
        request_.direction == Direction::kFromDevice && other.direction == Direction::kFromDevice;
    const bool same = other.mem != nullptr && other.mem->Root() == root;
    if (!earlier->over() && same && !reads) return true;
  }
  return false;
}

void Transfer::AwaitClearWay(const WaitList& waits, std::function<void()> ready) {
  AwaitTurn(waits, [this, ready = std::move(ready)] {
    when_clear_ = ready;
    ++request_.queue->transfers_blocked;
    OnQueueMoved();
  });
}

void Transfer::OnQueueMoved() {
  if (!when_clear_ || BehindAnother()) return;
  --request_.queue->transfers_blocked;
  std::exchange(when_clear_, nullptr)();
}

void Transfer::AwaitTurn(const WaitList& waits, std::function<void()> ready) {
  const std::shared_ptr<Queue>& queue = request_.queue;
  if (request_.internal) return ready();
  if (waits.empty() && channel_.CheckQuiet(*queue)) return ready();
  OwnedEvent event;
  cl_int status = CL_SUCCESS;
  const uint64_t sequence = EnqueueMarker(waits, &event, status);
  if (sequence == 0) return GiveUp(status);
  channel_.Track(std::move(event), queue, sequence,
                 [this, self = shared_from_this(), ready = std::move(ready)](cl_int result) {
                   if (result < 0) return GiveUp(result);
                   ready();
                 });
}

}  // namespace clopencl::rankserver
