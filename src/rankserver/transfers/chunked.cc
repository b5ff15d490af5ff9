// Transfers of devices with memory of their own: pinned chunks, several under way at once.
#include <algorithm>
#include <optional>
#include <utility>

#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// The chunks are the pieces of the payload. The native commands of the chunks go to the context's transfer
// queue.
class ChunkedTransfer final : public Transfer {
 public:
  ChunkedTransfer(Channel& channel, Request request, uint64_t offset)
      : ChunkedTransfer(channel, std::move(request), offset, std::nullopt) {}
  // A region of an image, through a buffer of the device that holds it as it travels.
  ChunkedTransfer(Channel& channel, Request request, const ImageRegion& part)
      : ChunkedTransfer(channel, std::move(request), 0, part) {}
  ~ChunkedTransfer() override {
    if (scratch_.buffer) request_.mem->context->ReturnScratch(std::move(scratch_));
  }

 private:
  ChunkedTransfer(Channel& channel, Request request, uint64_t offset, std::optional<ImageRegion> part)
      : Transfer(channel, std::move(request)),
        offset_(offset),
        part_(part),
        chunk_(channel_.environment().limits.chunk_bytes),
        depth_(channel_.environment().limits.staging_depth) {}

  struct Chunk {
    uint64_t at = 0;  // From the start of the range.
    size_t size = 0;
    std::shared_ptr<StagingBlock> block;
  };

  void Begin(const WaitList& waits) override {
    AwaitClearWay(waits, [this] { BeginMoving(); });
  }

  void BeginMoving() {
    transfer_queue_ = request_.mem->context->TransferQueue(status_);
    if (transfer_queue_ == nullptr) return GiveUp(status_);
    // What the first chunk has to wait for holds back the others, behind it in the same queue.
    OrderAfterUses(channel_, transfer_queue_, *request_.mem, AccessOf(request_.direction), first_waits_,
                   this);
    if (part_ && !PrepareScratch()) return GiveUp(status_);
    Moving();
    Pump();
  }

  bool PrepareScratch() {
    scratch_ = request_.mem->context->TakeScratch(request_.size, status_);
    if (!scratch_.buffer) return false;
    if (request_.direction == Direction::kToDevice) return true;
    return EnqueueOwn(channel_, transfer_queue_, std::exchange(first_waits_, {}), nullptr, status_,
                      [&](const NativeArgs& to) {
                        return channel_.api().EnqueueCopyImageToBuffer(
                            to.queue, request_.mem->native.get(), scratch_.buffer.get(), part_->origin.data(),
                            part_->region.data(), 0, to.count, to.list, to.event);
                      }) != 0;
  }

  // All chunks of an image are in its scratch buffer.
  void FillImage() {
    OwnedEvent event;
    cl_int status = CL_SUCCESS;
    const uint64_t sequence =
        EnqueueOwn(channel_, transfer_queue_, first_waits_, &event, status, [&](const NativeArgs& to) {
          return channel_.api().EnqueueCopyBufferToImage(to.queue, scratch_.buffer.get(),
                                                         request_.mem->native.get(), 0, part_->origin.data(),
                                                         part_->region.data(), to.count, to.list, to.event);
        });
    if (sequence == 0) return Finish(status);
    channel_.Track(std::move(event), transfer_queue_, sequence,
                   [this, self = shared_from_this()](cl_int result) { Finish(result); });
  }

  void Pump() {
    while (next_ < request_.size && under_way_ < depth_) {
      Chunk chunk{next_, static_cast<size_t>(std::min<uint64_t>(chunk_, request_.size - next_)), nullptr};
      chunk.block = request_.mem->context->Staging().Acquire(chunk.size);
      if (chunk.block == nullptr) {
        if (under_way_ > 0) return;  // One of those will be free soon.
        return GiveUp(CL_OUT_OF_HOST_MEMORY, request_.size - std::exchange(next_, request_.size));
      }
      next_ += chunk.size;
      ++under_way_;
      if (request_.direction == Direction::kFromDevice) {
        Read(std::move(chunk));
      } else {
        Receive(std::move(chunk));
      }
    }
    if (next_ < request_.size || under_way_ > 0) return;
    if (!part_ || request_.direction == Direction::kFromDevice || status_ < 0) return Finish(status_);
    FillImage();
  }

  void Read(Chunk chunk) {
    RunNatively(chunk, [this, chunk](cl_int status) {
      Note(status);
      if (status < 0) std::fill_n(chunk.block->data(), chunk.size, std::byte{0});
      SendPayload({chunk.block->data(), chunk.size}, [this, block = chunk.block](bool ok) { Done(ok); });
    });
  }

  void Receive(Chunk chunk) {
    const std::span<std::byte> into(chunk.block->data(), chunk.size);
    ReceivePayload(into, [this, chunk = std::move(chunk)](bool ok) {
      if (!ok || status_ < 0) return Done(ok);
      RunNatively(chunk, [this, block = chunk.block](cl_int status) {
        Note(status);
        Done(true);
      });
    });
  }

  void RunNatively(const Chunk& chunk, std::function<void(cl_int)> done) {
    const NativeApi& api = channel_.api();
    const cl_mem mem = part_ ? scratch_.buffer.get() : request_.mem->native.get();
    OwnedEvent event;
    cl_int status = CL_SUCCESS;
    const uint64_t sequence = EnqueueOwn(
        channel_, transfer_queue_, part_ ? WaitList{} : std::exchange(first_waits_, {}), &event, status,
        [&](const NativeArgs& to) {
          return request_.direction == Direction::kFromDevice
                     ? api.EnqueueReadBuffer(to.queue, mem, CL_FALSE, offset_ + chunk.at, chunk.size,
                                             chunk.block->data(), to.count, to.list, to.event)
                     : api.EnqueueWriteBuffer(to.queue, mem, CL_FALSE, offset_ + chunk.at, chunk.size,
                                              chunk.block->data(), to.count, to.list, to.event);
        });
    if (sequence == 0) return done(status);
    channel_.Track(std::move(event), transfer_queue_, sequence,
                   [self = shared_from_this(), done = std::move(done)](cl_int result) { done(result); });
  }

  void Note(cl_int status) {
    if (status < 0 && status_ == CL_COMPLETE) status_ = status;
  }

  void Done(bool ok) {
    if (!ok) Note(CL_OUT_OF_RESOURCES);
    --under_way_;
    Pump();
  }

  const uint64_t offset_;
  const std::optional<ImageRegion> part_;
  Scratch scratch_;
  const uint64_t chunk_;
  const uint32_t depth_;
  std::shared_ptr<Queue> transfer_queue_;
  WaitList first_waits_;
  uint64_t next_ = 0;
  uint32_t under_way_ = 0;
  cl_int status_ = CL_COMPLETE;
};

}  // namespace

std::shared_ptr<Transfer> MakeChunkedTransfer(Channel& channel, Transfer::Request request, uint64_t offset) {
  return std::make_shared<ChunkedTransfer>(channel, std::move(request), offset);
}

std::shared_ptr<Transfer> MakeChunkedTransfer(Channel& channel, Transfer::Request request,
                                              const ImageRegion& part) {
  return std::make_shared<ChunkedTransfer>(channel, std::move(request), part);
}

}  // namespace clopencl::rankserver
