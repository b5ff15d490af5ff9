// Commands that move data between memory objects and the frontend, and contents between servers.
#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "rankserver/command.h"
#include "rankserver/transfers/mapping.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

using Size3 = std::array<size_t, 3>;

Size3 ToSizes(const std::array<uint64_t, 3>& values) { return {values[0], values[1], values[2]}; }

// region[0] * region[1] * region[2] * unit; false when that is more than 64 bits hold.
bool PackedSize(const std::array<uint64_t, 3>& region, uint64_t unit, uint64_t& size) {
  size = unit;
  for (const uint64_t extent : region) {
    if (extent != 0 && size > std::numeric_limits<uint64_t>::max() / extent) return false;
    size *= extent;
  }
  return true;
}

bool InRange(uint64_t offset, uint64_t size, uint64_t whole) {
  return offset <= whole && size <= whole - offset;
}

}  // namespace

// What the commands that move data have in common.
struct Channel::Move {
  const wire::Command& command;
  MemId mem;
  uint64_t size = 0;
  Direction direction = Direction::kFromDevice;
  uint32_t tag = 0;
  wire::ByteView data;    // Of a write with tag 0.
  bool blocking = false;  // Of a write: TransferRequest::blocking.
};

// The transfer's request, with `mem` found and usable; or the failure is reported and the payload, if one was
// announced, still travels.
template <typename Check>
std::optional<TransferRequest> Channel::PrepareMove(Enqueue& command, const Move& move, Check check) {
  const bool reads = move.direction == Direction::kFromDevice;
  if (reads && move.tag == 0) command.ReadsInline();
  Mem* mem = command.Use(move.mem, AccessOf(move.direction));
  if (mem != nullptr && !check(*mem)) command.Fail(CL_INVALID_VALUE);
  if (!reads && move.tag == 0 && move.data.size() != move.size) command.Fail(CL_INVALID_VALUE);
  if (reads && move.tag == 0 && !move.command.event) command.Fail(CL_INVALID_EVENT);
  // Rather than contents without what a refused command was to do. clFinish tells it, too: the program may
  // have no event of the read to look at.
  if (reads && command.ok() && command.queue().in_order && std::exchange(command.queue().refused, false))
    command.Fail(command.queue().error);
  Transfer::Request request;
  if (const std::shared_ptr<Queue>* queue = queues.Find(move.command.queue)) request.queue = *queue;
  request.event = move.command.event;
  request.direction = move.direction;
  request.peer = {0, move.tag};
  request.size = move.size;
  request.blocking = move.blocking;
  if (!command.ok()) {
    std::make_shared<FailedTransfer>(*this, std::move(request))->StartFailed(command.error());
    return std::nullopt;
  }
  request.mem = *mems.Find(move.mem);
  return request;
}

void Channel::StartMove(Enqueue& command, const std::shared_ptr<Transfer>& transfer, const Move& move) {
  if (move.direction == Direction::kToDevice && move.tag == 0) transfer->SetInlineData(move.data);
  WaitList waits = command.waits();
  // Even a read comes after moves from here: a mapping that it uses must not be in the way of theirs.
  OrderAfterNewContents(command.queue(), *transfer->request().mem, Access::kWrites, waits);
  transfer->Start(waits);
}

// A small transfer in an idle queue, with the buffer mapped: no native command, no waiting. False when it is
// not so.
bool Channel::MoveAtOnce(Enqueue& command, Mem& mem, const Move& move, uint64_t offset) {
  Queue& queue = command.queue();
  Mem& root = *mem.Root();
  if (move.tag != 0 || !command.waits().empty() || root.mapping == nullptr || !root.mapping->usable() ||
      !root.open.empty() || !queue.open.empty() || !CheckQuiet(queue)) {
    return false;
  }
  wire::ProfilingTimes times{};
  if (queue.profiling) {
    times[0] = queue.device->clock.Now();
    if (times[0] == 0) return false;
    times[1] = times[2] = times[0];
  }
  ++root.host_uses;
  std::byte* const at = root.mapping->base() + mem.root_offset + offset;
  if (move.direction == Direction::kToDevice) std::ranges::copy(move.data, at);
  if (queue.profiling) times[3] = times[4] = queue.device->clock.Now();
  if (!move.command.event) return true;
  Event event;
  event.queue = command.shared_queue();
  InsertEvent(move.command.event, std::move(event));
  const wire::ByteView data(at, move.size);
  CompleteEvent(move.command.event, nullptr, CL_COMPLETE, times,
                move.direction == Direction::kFromDevice ? &data : nullptr);
  return true;
}

void Channel::MoveBuffer(const Move& move, uint64_t offset) {
  Enqueue command(*this, move.command);
  auto request = PrepareMove(
      command, move, [&](const Mem& mem) { return mem.is_buffer && InRange(offset, move.size, mem.size); });
  if (!request) return;
  if (MoveAtOnce(command, *request->mem, move, offset)) return;
  const bool quiet = command.waits().empty() && CheckQuiet(command.queue()) && command.queue().open.empty();
  StartMove(command, MakeBufferTransfer(*this, std::move(*request), offset, quiet), move);
}

void Channel::On(const wire::ReadBuffer& m) {
  MoveBuffer({m.command, m.mem, m.size, Direction::kFromDevice, m.to.payload_tag, {}}, m.offset);
}

void Channel::On(const wire::WriteBuffer& m) {
  MoveBuffer({m.command, m.mem, m.size, Direction::kToDevice, m.from.payload_tag, m.from.data, m.blocking},
             m.offset);
}

// `function`: clEnqueueReadBufferRect or clEnqueueWriteBufferRect.
template <typename Message, typename Function>
void Channel::MoveRect(const Message& m, Move move, Function function) {
  if (!PackedSize(m.region, 1, move.size))
    return FailChannel("a rectangle of more bytes than 64 bits can count");
  const uint64_t row = m.pitches[0] != 0 ? m.pitches[0] : m.region[0];
  const uint64_t slice = m.pitches[1] != 0 ? m.pitches[1] : row * m.region[1];
  const bool one_range = (m.region[1] == 1 && m.region[2] == 1) ||
                         (row == m.region[0] && (m.region[2] == 1 || slice == m.region[0] * m.region[1]));
  uint64_t offset = 0, rows = 0, slices = 0;
  if (one_range && move.size > 0 && !__builtin_mul_overflow(m.origin[1], row, &rows) &&
      !__builtin_mul_overflow(m.origin[2], slice, &slices) &&
      !__builtin_add_overflow(m.origin[0], rows, &offset) &&
      !__builtin_add_overflow(offset, slices, &offset)) {
    return MoveBuffer(move, offset);
  }
  Enqueue command(*this, move.command);
  auto request =
      PrepareMove(command, move, [&](const Mem& mem) { return mem.is_buffer && move.size <= mem.size; });
  if (!request) return;
  const cl_mem native = request->mem->native.get();
  const StagedCommand run = [native, function, mem_owner = request->mem, origin = ToSizes(m.origin),
                             region = ToSizes(m.region),
                             pitches = m.pitches](const NativeArgs& to, void* staging) {
    constexpr Size3 kHostOrigin{};
    return function(to.queue, native, CL_FALSE, origin.data(), kHostOrigin.data(), region.data(), pitches[0],
                    pitches[1], region[0], region[0] * region[1], staging, to.count, to.list, to.event);
  };
  StartMove(command, MakeStagedTransfer(*this, std::move(*request), run), move);
}

void Channel::On(const wire::ReadBufferRect& m) {
  MoveRect(m, {m.command, m.mem, 0, Direction::kFromDevice, m.to.payload_tag, {}},
           api().EnqueueReadBufferRect);
}

void Channel::On(const wire::WriteBufferRect& m) {
  MoveRect(m, {m.command, m.mem, 0, Direction::kToDevice, m.from.payload_tag, m.from.data, m.blocking},
           api().EnqueueWriteBufferRect);
}

namespace {

// Reads or writes a region of an image, tightly packed on the host's side.
StagedCommand ImageCommand(const NativeApi& api, std::shared_ptr<Mem> mem, Direction direction, Size3 origin,
                           Size3 region) {
  return [&api, mem = std::move(mem), direction, origin, region](const NativeArgs& to, void* staging) {
    return direction == Direction::kFromDevice
               ? api.EnqueueReadImage(to.queue, mem->native.get(), CL_FALSE, origin.data(), region.data(), 0,
                                      0, staging, to.count, to.list, to.event)
               : api.EnqueueWriteImage(to.queue, mem->native.get(), CL_FALSE, origin.data(), region.data(), 0,
                                       0, staging, to.count, to.list, to.event);
  };
}

}  // namespace

template <typename Message>
void Channel::MoveImage(const Message& m, const Move& move) {
  Enqueue command(*this, move.command);
  auto request = PrepareMove(command, move, [&](const Mem& mem) {
    uint64_t packed = 0;
    return mem.image.element_size > 0 && PackedSize(m.region, mem.image.element_size, packed) &&
           packed == move.size;
  });
  if (!request) return;
  const ImageRegion part{ToSizes(m.origin), ToSizes(m.region)};
  StagedCommand run = ImageCommand(api(), request->mem, move.direction, part.origin, part.region);
  const bool quiet = command.waits().empty() && CheckQuiet(command.queue()) && command.queue().open.empty();
  StartMove(command, MakeImageTransfer(*this, std::move(*request), part, quiet, std::move(run)), move);
}

void Channel::On(const wire::ReadImage& m) {
  MoveImage(m, {m.command, m.mem, m.size, Direction::kFromDevice, m.to.payload_tag, {}});
}

void Channel::On(const wire::WriteImage& m) {
  MoveImage(m, {m.command, m.mem, m.size, Direction::kToDevice, m.from.payload_tag, m.from.data});
}

// A move of contents that is no command of the application.
struct Channel::Contents {
  MemId mem;
  uint64_t offset = 0;
  uint64_t size = 0;
  Direction direction = Direction::kFromDevice;
  Peer peer;
  uint64_t rows = 1;  // So many of `size` bytes, `pitch` apart.
  uint64_t pitch = 0;
  bool fresh = false;                    // No command has used the object.
  const wire::ByteView* data = nullptr;  // Of an upload inside the message.

  // From the first byte to the last. False when that is more than 64 bits can count.
  bool Extent(uint64_t& extent) const {
    return rows > 0 && !__builtin_mul_overflow(rows - 1, pitch, &extent) &&
           !__builtin_add_overflow(extent, size, &extent);
  }
};

std::shared_ptr<Transfer> Channel::MakeContentsTransfer(const Contents& contents, TransferRequest request) {
  const std::shared_ptr<Mem> mem = request.mem;
  if (!mem->is_buffer) {
    return MakeImageTransfer(*this, std::move(request), {{}, mem->image.extent}, true,
                             ImageCommand(api(), mem, contents.direction, {}, mem->image.extent));
  }
  if (contents.rows == 1) return MakeBufferTransfer(*this, std::move(request), contents.offset, true);
  const bool reads = contents.direction == Direction::kFromDevice;
  const Size3 origin{contents.offset % contents.pitch, contents.offset / contents.pitch, 0};
  const Size3 region{contents.size, contents.rows, 1};
  const size_t pitch = contents.pitch;
  return MakeStagedTransfer(
      *this, std::move(request), [=, &native_api = api()](const NativeArgs& to, void* staging) {
        constexpr Size3 kHostOrigin{};
        const cl_mem native = mem->native.get();
        return reads ? native_api.EnqueueReadBufferRect(to.queue, native, CL_FALSE, origin.data(),
                                                        kHostOrigin.data(), region.data(), pitch, 0,
                                                        region[0], 0, staging, to.count, to.list, to.event)
                     : native_api.EnqueueWriteBufferRect(to.queue, native, CL_FALSE, origin.data(),
                                                         kHostOrigin.data(), region.data(), pitch, 0,
                                                         region[0], 0, staging, to.count, to.list, to.event);
      });
}

void Channel::MoveContents(const Contents& contents) {
  Transfer::Request request;
  request.direction = contents.direction;
  request.peer = contents.peer;
  request.internal = true;
  request.announce_moved = contents.direction == Direction::kToDevice && contents.data == nullptr;
  cl_int status = CL_SUCCESS;
  uint64_t extent = 0;
  const bool countable = contents.Extent(extent) && (contents.rows == 1 || contents.pitch >= contents.size);
  if (!countable) return FailChannel("contents are to move whose size can't be");
  request.size = contents.rows * contents.size;
  if (const std::shared_ptr<Mem>* mem = mems.Find(contents.mem, status)) {
    const bool fits = (*mem)->is_buffer ? InRange(contents.offset, extent, (*mem)->size)
                                        : contents.offset == 0 && contents.rows == 1 &&
                                              contents.size == (*mem)->size && (*mem)->image.element_size > 0;
    if (!fits || (contents.data != nullptr && contents.data->size() != contents.size))
      status = CL_INVALID_VALUE;
    if ((*mem)->error != CL_SUCCESS) status = (*mem)->error;
    request.mem = *mem;
    if (status == CL_SUCCESS) request.queue = (*mem)->context->TransferQueue(status);
  }
  if (status != CL_SUCCESS) {
    std::make_shared<FailedTransfer>(*this, std::move(request))->StartFailed(status);
    return;
  }
  std::vector<OwnedEvent> uses =
      contents.fresh ? std::vector<OwnedEvent>{} : EarlierUses(*request.mem, AccessOf(request.direction));
  const std::shared_ptr<Transfer> transfer = MakeContentsTransfer(contents, std::move(request));
  if (contents.data != nullptr) transfer->SetInlineData(*contents.data);
  transfer->Start({}, std::move(uses));
}

// The events of the native commands that were told to use the object so far, but of those that only read no
// more than `access` has to wait for, and of the transfers that its last move does not wait for anyway. Moves
// of one object come one after another: a native read for one, in the queue of all moves, must not have to
// wait for a mapping that another sends from.
std::vector<OwnedEvent> Channel::EarlierUses(Mem& mem, Access access) {
  std::vector<OwnedEvent> uses;
  Mem& root = *mem.Root();
  const auto add = [&](cl_event event) {
    if (event == nullptr) return;
    api().RetainEvent(event);
    uses.emplace_back(api(), event);
  };
  const auto last_move = std::find_if(root.open.rbegin(), root.open.rend(),
                                      [](const Transfer* transfer) { return transfer->request().internal; });
  auto first = last_move == root.open.rend() ? root.open.begin() : std::prev(last_move.base());
  for (; first != root.open.end(); ++first) add((*first)->OrderEvent(nullptr));
  for (LastUse& use : root.last_uses) {
    const bool both_read = access == Access::kReads && use.access == Access::kReads;
    if (!both_read) add(use.event.get());
  }
  if (mem.context->spans_servers) return uses;
  // Nobody noted the uses, since nobody was to ask; so all commands of the context count.
  queues.ForEach([&](const std::shared_ptr<Queue>& queue) {
    if (queue->context != mem.context || CheckQuiet(*queue)) return;
    OwnedEvent event;
    cl_int status = CL_SUCCESS;
    EnqueueOwn(*this, queue, {}, &event, status, [&](const NativeArgs& to) {
      return api().EnqueueMarkerWithWaitList(to.queue, to.count, to.list, to.event);
    });
    if (event) uses.push_back(std::move(event));
  });
  return uses;
}

void Channel::On(const wire::UploadContents& m) {
  MoveContents({m.mem,
                m.offset,
                m.size,
                Direction::kToDevice,
                {0, m.payload_tag},
                1,
                0,
                true,
                m.payload_tag == 0 ? &m.data : nullptr});
}

bool Channel::IsPeer(uint32_t rank, uint32_t tag) {
  if (rank < static_cast<uint32_t>(environment_.transport.size()) && tag >= transport::kFirstPayloadTag &&
      tag <= transport::kLastPayloadTag) {
    return true;
  }
  FailChannel("contents are to travel to or from rank " + std::to_string(rank) + " with the tag " +
              std::to_string(tag) + ", which can't be");
  return false;
}

void Channel::On(const wire::SendContents& m) {
  if (!IsPeer(m.peer_rank, m.payload_tag)) return;
  const Peer peer{static_cast<transport::Rank>(m.peer_rank), m.payload_tag};
  MoveContents({m.mem, m.offset, m.size, Direction::kFromDevice, peer, m.rows, m.pitch});
}

void Channel::On(const wire::ReceiveContents& m) {
  if (!IsPeer(m.peer_rank, m.payload_tag)) return;
  const Peer peer{static_cast<transport::Rank>(m.peer_rank), m.payload_tag};
  MoveContents({m.mem, m.offset, m.size, Direction::kToDevice, peer, m.rows, m.pitch});
}

}  // namespace clopencl::rankserver
