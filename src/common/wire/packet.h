// A packet is one transport message: a header and any number of frames, each one message. See
// docs/protocol.md.
#pragma once

#include <cstdint>
#include <cstring>

#include "common/byte_buffer.h"
#include "common/wire/codec.h"
#include "common/wire/protocol.h"

namespace clopencl::wire {

struct PacketHeader {
  uint32_t magic = 0;
  uint16_t channel = 0;  // Of the server that sends or is addressed.
  uint16_t unused = 0;
  uint64_t protocol = 0;  // kProtocolHash of the sender.
  uint64_t consumed =
      0;  // Bytes of packets of this channel that the sender has taken in so far: the peer's credit.
};
inline constexpr uint32_t kPacketMagic = 0x434f4c63;  // "cLOC"
inline constexpr size_t kPacketHeaderSize = 24;
static_assert(MinEncodedSize<PacketHeader>() == kPacketHeaderSize);

struct FrameHeader {
  uint32_t size = 0;  // Of the body.
  uint16_t opcode = 0;
};
inline constexpr size_t kFrameHeaderSize = 6;
static_assert(MinEncodedSize<FrameHeader>() == kFrameHeaderSize);

struct Frame {
  uint16_t opcode = 0;
  ByteView body;
};

// The frame at the front of `rest`, which then begins behind it. False when it is not all there.
inline bool TakeFrame(ByteView& rest, Frame& frame) {
  FrameHeader header;
  if (rest.size() < kFrameHeaderSize) return false;
  std::memcpy(&header.size, rest.data(), sizeof header.size);
  std::memcpy(&header.opcode, rest.data() + sizeof header.size, sizeof header.opcode);
  if (rest.size() - kFrameHeaderSize < header.size) return false;
  frame = {header.opcode, rest.subspan(kFrameHeaderSize, header.size)};
  rest = rest.subspan(kFrameHeaderSize + header.size);
  return true;
}

inline constexpr uint16_t kNoOpcode = 0xffff;

// Of the frame at the front of `rest`; kNoOpcode when there is none.
inline uint16_t NextOpcode(ByteView rest) {
  uint16_t opcode = kNoOpcode;
  if (rest.size() >= kFrameHeaderSize)
    std::memcpy(&opcode, rest.data() + sizeof(FrameHeader::size), sizeof opcode);
  return opcode;
}

// One message as it lies in a packet, at the end of `buffer`.
template <typename Message>
void AppendFrame(const Message& message, ByteBuffer& buffer) {
  const size_t at = buffer.size();
  const size_t body = EncodedSize(message);
  buffer.resize(at + kFrameHeaderSize + body);
  const FrameHeader header{static_cast<uint32_t>(body), kOpcode<Message>};
  Write(message, Write(header, buffer.data() + at));
}

// Collects messages for one channel. Not thread-safe.
class PacketBuilder {
 public:
  explicit PacketBuilder(uint16_t channel) : channel_(channel) {}

  bool empty() const { return buffer_.size() <= kPacketHeaderSize; }
  size_t size() const { return buffer_.size(); }

  template <typename Message>
  void Add(const Message& message) {
    if (buffer_.empty()) buffer_.resize(kPacketHeaderSize);
    AppendFrame(message, buffer_);
  }
  // What AppendFrame() made.
  void AddFrame(ByteView frame) {
    if (buffer_.empty()) buffer_.resize(kPacketHeaderSize);
    buffer_.insert(buffer_.end(), frame.begin(), frame.end());
  }

  // The packet, complete; the builder is empty again and goes on in `next` (its memory is reused, its
  // contents not).
  ByteBuffer Take(uint64_t consumed, ByteBuffer next = {}) {
    if (buffer_.empty()) buffer_.resize(kPacketHeaderSize);
    const PacketHeader header{kPacketMagic, channel_, 0, kProtocolHash, consumed};
    Write(header, buffer_.data());
    next.clear();
    buffer_.swap(next);
    return next;
  }

 private:
  const uint16_t channel_;
  ByteBuffer buffer_;
};

enum class PacketError { kNone, kNotOurs, kOtherProtocol, kMalformed };

// Reads only the header.
inline PacketError ReadHeader(ByteView packet, PacketHeader& header) {
  Arena arena;
  Reader reader(packet, arena);
  reader.Get(header);
  if (!reader.ok() || header.magic != kPacketMagic) return PacketError::kNotOurs;
  return header.protocol == kProtocolHash ? PacketError::kNone : PacketError::kOtherProtocol;
}

}  // namespace clopencl::wire
