// Decodes arbitrary bytes as a packet, encodes what came out, and compares: every message has exactly one
// encoding, so the bytes must be those that were decoded.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/wire/dispatch.h"
#include "common/wire/packet.h"
#include "support/packet_recording.h"

namespace clopencl::wire {
namespace {

class Reencoder {
 public:
  template <typename Message>
  void On(const Message& message) {
    builder_.Add(message);
  }
  ByteBuffer Take() { return builder_.Take(0); }

 private:
  PacketBuilder builder_{0};
};

template <typename List>
void Check(ByteView packet) {
  Reencoder reencoder;
  Arena arena;
  const PacketError error = Dispatch<List>(packet, reencoder, arena);
  const ByteBuffer again = reencoder.Take();
  const size_t frames = again.size() - kPacketHeaderSize;
  // After a malformed frame only those before it came out.
  const bool whole = again.size() == packet.size();
  if (again.size() > packet.size() || (error == PacketError::kNone) != whole ||
      std::memcmp(again.data() + kPacketHeaderSize, packet.data() + kPacketHeaderSize, frames) != 0) {
    std::fprintf(stderr, "decoded and encoded again, %zu bytes became %zu others (error %d)\n", packet.size(),
                 again.size(), static_cast<int>(error));
    std::abort();
  }
}

}  // namespace
}  // namespace clopencl::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace clopencl;
  testing::ForEachRecord(std::as_bytes(std::span(data, size)), [](const testing::RecordedPacket& record) {
    // Frames are tried whatever the header says, so that the fuzzer need not keep it right.
    ByteBuffer packet(wire::kPacketHeaderSize);
    packet.insert(packet.end(), record.body.begin(), record.body.end());
    wire::PacketHeader header;
    wire::ReadHeader(record.body, header);
    if ((record.kind & testing::RecordedPacket::kToFrontend) == 0) {
      wire::Check<wire::ServerMessages>(packet);
    } else {
      wire::Check<wire::FrontendMessages>(packet);
    }
  });
  return 0;
}
