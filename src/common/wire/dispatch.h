// Takes a packet apart and calls handler.On(message) for each of its messages, in order.
//
// Every message of `List` must have an On() overload: one that is missing does not compile.
#pragma once

#include <array>

#include "common/wire/packet.h"

namespace clopencl::wire {

// False when the bytes are not one message of this kind, whole and nothing else.
template <typename Message>
bool Decode(ByteView body, Arena& arena, Message& message) {
  Reader reader(body, arena);
  reader.Get(message);
  return reader.ok() && reader.remaining() == 0;
}

namespace internal {

template <typename Message, typename Handler>
bool DecodeAndHandle(Handler& handler, ByteView body, Arena& arena) {
  Message message;
  if (!Decode(body, arena, message)) return false;
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
    Frame frame;
    if (!TakeFrame(rest, frame)) return PacketError::kMalformed;
    if (!internal::DispatchFrame(List{}, handler, frame.opcode, frame.body, arena))
      return PacketError::kMalformed;
  }
  return PacketError::kNone;
}

}  // namespace clopencl::wire
