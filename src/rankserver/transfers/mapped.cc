// Transfers straight from and into mapped memory.
#include <utility>

#include "rankserver/transfers/mapping.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

class MappedTransfer final : public Transfer {
 public:
  MappedTransfer(Channel& channel, Request request, uint64_t offset)
      : Transfer(channel, std::move(request)),
        root_(RootOf(request_.mem)),
        offset_(offset + request_.mem->root_offset),
        native_uses_(root_->native_uses) {}

  void OnQueueMoved() override {
    if (my_turn_) Advance();
  }

 private:
  static std::shared_ptr<Mem> RootOf(std::shared_ptr<Mem> mem) {
    while (mem->parent != nullptr) mem = mem->parent;
    return mem;
  }

  void Begin(const WaitList& waits) override {
    ++root_->host_uses;
    AwaitTurn(waits, [this] {
      my_turn_ = true;
      Advance();
    });
  }

  // Transfers of an in-order queue may move data at the same time, unless the order would show in the data.
  bool BehindAnother() const {
    if (!request_.queue->OrdersTransfers()) return false;
    for (const auto& earlier : request_.queue->open) {
      if (earlier.get() == this) return false;
      const Request& other = earlier->request();
      const bool reads =
          request_.direction == Direction::kFromDevice && other.direction == Direction::kFromDevice;
      const bool same = other.mem != nullptr && other.mem->Root() == root_.get();
      if (!earlier->over() && same && !reads) return true;
    }
    return false;
  }

  void Advance() {
    if (started_ || BehindAnother()) return;
    started_ = true;
    mapping_ = Mapping::Get(channel_, root_);
    mapping_->AddUser(this);
    mapping_->WhenReady([this, self = shared_from_this()](std::byte* base, cl_int error) {
      if (error == CL_SUCCESS) return Move(base + offset_);
      mapping_->RemoveUser(this);
      GiveUp(error);
    });
  }

  void Move(std::byte* data) {
    Moving();
    const auto done = [this](bool ok) { Moved(ok ? CL_COMPLETE : CL_OUT_OF_RESOURCES); };
    if (request_.direction == Direction::kFromDevice) {
      SendPayload({data, request_.size}, done);
    } else {
      ReceivePayload({data, request_.size}, done);
    }
  }

  void Moved(cl_int status) {
    mapping_->RemoveUser(this);
    // If nothing else came, the buffer stays mapped for the next transfer.
    if (root_->native_uses == native_uses_) return Finish(status);
    mapping_->Close(channel_, root_, [this, self = shared_from_this(), status] { Finish(status); });
  }

  const std::shared_ptr<Mem> root_;
  const uint64_t offset_;       // In the root.
  const uint64_t native_uses_;  // Of the root, before this transfer.
  bool my_turn_ = false;
  bool started_ = false;
  std::shared_ptr<Mapping> mapping_;
};

}  // namespace

std::shared_ptr<Transfer> MakeMappedTransfer(Channel& channel, Transfer::Request request, uint64_t offset) {
  return std::make_shared<MappedTransfer>(channel, std::move(request), offset);
}

std::shared_ptr<Transfer> MakeBufferTransfer(Channel& channel, Transfer::Request request, uint64_t offset,
                                             bool quiet) {
  // Below this a command in a queue that is at work is better staged: data then moves while the queue works.
  constexpr uint64_t kStagedRead = 256 << 10;
  constexpr uint64_t kStagedWrite = 4 << 20;
  // The first small transfer after a native use is not worth a mapping, which the next use would have to
  // undo.
  constexpr uint64_t kMapAtOnce = 64 << 10;

  const std::shared_ptr<Mem> mem = request.mem;
  const Mem& root = *mem->Root();
  const bool reads = request.direction == Direction::kFromDevice;
  if (mem->context->unified) {
    const bool mapped = root.mapping != nullptr;
    const bool by_map = quiet || request.internal
                            ? mapped || root.host_uses > 0 || request.size >= kMapAtOnce
                            : mapped || request.size > (reads ? kStagedRead : kStagedWrite);
    if (by_map) return MakeMappedTransfer(channel, std::move(request), offset);
  } else if (request.size > channel.environment().limits.chunk_bytes && request.peer.tag != 0) {
    return MakeChunkedTransfer(channel, std::move(request), offset);
  }
  ++mem->Root()->host_uses;
  const NativeApi& api = channel.api();
  const uint64_t size = request.size;
  const std::shared_ptr<Mem>& target = request.mem;
  StagedCommand command;
  if (reads) {
    command = [&api, target, offset, size](const NativeArgs& to, void* staging) {
      return api.EnqueueReadBuffer(to.queue, target->native.get(), CL_FALSE, offset, size, staging, to.count,
                                   to.list, to.event);
    };
  } else {
    command = [&api, target, offset, size](const NativeArgs& to, void* staging) {
      return api.EnqueueWriteBuffer(to.queue, target->native.get(), CL_FALSE, offset, size, staging, to.count,
                                    to.list, to.event);
    };
  }
  return MakeStagedTransfer(channel, std::move(request), std::move(command));
}

}  // namespace clopencl::rankserver
