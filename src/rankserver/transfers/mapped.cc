// Transfers straight from and into mapped memory.
#include <array>
#include <cstring>
#include <utility>

#include "rankserver/transfers/mapping.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// What of a mapped object is to move: a range of a buffer, or a region of an image.
class MappedPart {
 public:
  explicit MappedPart(uint64_t offset) : offset_(offset) {}
  MappedPart(const ImageShape& image, const ImageRegion& part) : image_(image), part_(part) {}

  // Once the object is mapped.
  void Find(const Mapping& mapping) {
    if (image_.element_size == 0) {
      start_ = mapping.base() + offset_;
      return;
    }
    const bool rows_are_layers = image_.type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
    row_stride_ = rows_are_layers ? mapping.slice_pitch() : mapping.row_pitch();
    slice_stride_ = mapping.slice_pitch();
    row_bytes_ = part_.region[0] * image_.element_size;
    start_ = mapping.base() + part_.origin[0] * image_.element_size + part_.origin[1] * row_stride_ +
             part_.origin[2] * slice_stride_;
  }

  // Whether its bytes lie in memory as they travel; they begin at start().
  bool packed() const {
    return image_.element_size == 0 ||
           ((part_.region[1] == 1 || row_stride_ == row_bytes_) &&
            (part_.region[2] == 1 || slice_stride_ == part_.region[1] * row_bytes_));
  }
  std::byte* start() const { return start_; }

  // Calls copy(row in the mapped memory, row as it travels, bytes) for each row.
  template <typename Copy>
  void ForEachRow(std::byte* travels, Copy copy) const {
    for (size_t z = 0; z < part_.region[2]; ++z) {
      for (size_t y = 0; y < part_.region[1]; ++y, travels += row_bytes_)
        copy(start_ + z * slice_stride_ + y * row_stride_, travels, row_bytes_);
    }
  }

 private:
  uint64_t offset_ = 0;  // Of a buffer's range, in the root.
  ImageShape image_;
  ImageRegion part_;
  std::byte* start_ = nullptr;
  size_t row_bytes_ = 0;
  size_t row_stride_ = 0;
  size_t slice_stride_ = 0;
};

class MappedTransfer final : public Transfer {
 public:
  MappedTransfer(Channel& channel, Request request, MappedPart part)
      : Transfer(channel, std::move(request)),
        root_(RootOf(request_.mem)),
        part_(std::move(part)),
        native_uses_(root_->native_uses),
        native_writes_(root_->native_writes) {}

 private:
  static std::shared_ptr<Mem> RootOf(std::shared_ptr<Mem> mem) {
    while (mem->parent != nullptr) mem = mem->parent;
    return mem;
  }

  void Begin(const WaitList& waits) override {
    ++root_->host_uses;
    AwaitClearWay(waits, [this] { BeginMoving(); });
  }

  void BeginMoving() {
    const Access access = AccessOf(request_.direction);
    // What commands here read is sent to other servers beside them.
    const bool writable =
        !request_.internal || access == Access::kWrites || root_->last_native == Access::kWrites;
    mapping_ = Mapping::Get(channel_, root_, access, writable);
    mapping_->AddUser(this);
    mapping_->WhenReady([this, self = shared_from_this()](std::byte*, cl_int error) {
      if (error == CL_SUCCESS) return Move();
      mapping_->RemoveUser(this);
      GiveUp(error);
    });
  }

  void Move() {
    Moving();
    part_.Find(*mapping_);
    std::byte* data = part_.start();
    if (!part_.packed()) {
      packed_.resize(request_.size);
      data = packed_.data();
    }
    if (request_.direction == Direction::kFromDevice) {
      if (!part_.packed()) {
        part_.ForEachRow(data, [](const std::byte* mapped, std::byte* travels, size_t size) {
          std::memcpy(travels, mapped, size);
        });
      }
      SendPayload({data, request_.size}, [this](bool ok) { Moved(ok ? CL_COMPLETE : CL_OUT_OF_RESOURCES); });
    } else {
      ReceivePayload({data, request_.size}, [this](bool ok) {
        if (ok && !part_.packed()) {
          part_.ForEachRow(packed_.data(), [](std::byte* mapped, const std::byte* travels, size_t size) {
            std::memcpy(mapped, travels, size);
          });
        }
        Moved(ok ? CL_COMPLETE : CL_OUT_OF_RESOURCES);
      });
    }
  }

  void Moved(cl_int status) {
    mapping_->RemoveUser(this);
    // If nothing else came, the buffer stays mapped for the next transfer.
    const bool wanted_back = root_->native_writes != native_writes_ ||
                             (mapping_->writable() && root_->native_uses != native_uses_);
    if (!wanted_back && !mapping_->closing()) return Finish(status);
    mapping_->Close(channel_, root_, [this, self = shared_from_this(), status] { Finish(status); });
  }

  const std::shared_ptr<Mem> root_;
  MappedPart part_;
  ByteBuffer packed_;                           // What travels, when that is not how it lies in memory.
  const uint64_t native_uses_, native_writes_;  // Of the root, before this transfer.
  std::shared_ptr<Mapping> mapping_;
};

}  // namespace

std::shared_ptr<Transfer> MakeMappedTransfer(Channel& channel, Transfer::Request request, uint64_t offset) {
  const uint64_t in_root = offset + request.mem->root_offset;
  return std::make_shared<MappedTransfer>(channel, std::move(request), MappedPart(in_root));
}

namespace {

// The first small transfer after a native use is not worth a mapping, which the next use would have to undo.
constexpr uint64_t kMapAtOnce = 64 << 10;

}  // namespace

std::shared_ptr<Transfer> MakeImageTransfer(Channel& channel, Transfer::Request request,
                                            const ImageRegion& part, bool quiet, StagedCommand command) {
  const Mem& mem = *request.mem;
  bool inside = true;  // Else the native command is to refuse it.
  for (size_t i = 0; i < part.region.size(); ++i) {
    inside = inside && part.origin[i] <= mem.image.extent[i] &&
             part.region[i] <= mem.image.extent[i] - part.origin[i];
  }
  // The memory of an image that is made of another object is that one's to map.
  const bool by_map = mem.context->unified && mem.parent == nullptr && inside &&
                      (quiet || request.internal) && (mem.mapping != nullptr || request.size >= kMapAtOnce);
  // NVIDIA's runtime refuses to copy between 1D arrays and buffers.
  const bool by_buffer = !mem.context->unified && inside && mem.image.type != CL_MEM_OBJECT_IMAGE1D_ARRAY;
  if (by_buffer && request.size > channel.environment().limits.chunk_bytes && request.peer.tag != 0) {
    return MakeChunkedTransfer(channel, std::move(request), part);
  }
  if (!by_map) return MakeStagedTransfer(channel, std::move(request), std::move(command));
  return std::make_shared<MappedTransfer>(channel, std::move(request), MappedPart(mem.image, part));
}

std::shared_ptr<Transfer> MakeBufferTransfer(Channel& channel, Transfer::Request request, uint64_t offset,
                                             bool quiet) {
  // Below this a command in a queue that is at work is better staged: data then moves while the queue works.
  constexpr uint64_t kStagedRead = 256 << 10;
  constexpr uint64_t kStagedWrite = 4 << 20;

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
