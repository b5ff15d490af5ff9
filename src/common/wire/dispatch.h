// Takes a packet apart and calls handler.On(message) for each of its messages, in order.
//
// Every message of `List` must have an On() overload: one that is missing does not compile.
#pragma once

#include <array>

#include "common/wire/packet.h"

namespace clopencl::wire {

namespace internal {

template <typename Message, typename Handler>
bool DecodeAndHandle(Handler& handler, ByteView body, Arena& arena) {
  Message message{};
  Reader reader(body, arena);
  reader.Get(message);
  if (!reader.ok() || reader.remaining() != 0) return false;
  handler.On(static_cast<const Message&>(message));
  return true;
}

template <typename Handler, typename... Ts>
bool DispatchFrame(TypeList<Ts...>, Handler& handler, uint16_t opcode, ByteView body, Arena& arena) {
  using Function = bool (*)(Handler&, ByteView, Arena&);
  static constexpr std::array<Function, sizeof...(Ts)> kTable{&DecodeAndHandle<Ts, Handler>...};
  return opcode < kTable.size() && kTable[opcode](handler, body, arena);
}

}  // namespace internal

// The packet's header has been read and found good. kMalformed: a frame was wrong; those before it were
// handled. The arena is reset before each message; `packet` must stay while handlers run.
template <typename List, typename Handler>
PacketError Dispatch(ByteView packet, Handler& handler, Arena& arena) {
  ByteView rest = packet.subspan(kPacketHeaderSize);
  while (!rest.empty()) {
    arena.Reset();
    FrameHeader frame;
    Reader reader(rest, arena);
    reader.Get(frame);
    if (!reader.ok() || reader.remaining() < frame.size) return PacketError::kMalformed;
    const ByteView body = rest.subspan(kFrameHeaderSize, frame.size);
    if (!internal::DispatchFrame(List{}, handler, frame.opcode, body, arena)) return PacketError::kMalformed;
    rest = rest.subspan(kFrameHeaderSize + frame.size);
  }
  return PacketError::kNone;
}

}  // namespace clopencl::wire
