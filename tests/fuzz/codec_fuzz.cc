// Decodes arbitrary bytes as a packet, encodes what came out, and compares: every message has exactly one
// encoding, so the bytes must be those that were decoded.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/wire/dispatch.h"
#include "common/wire/packet.h"
#include "fuzz/fuzz_input.h"

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
  using namespace clopencl::wire;
  if (size == 0) return 0;
  const ByteView packet(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  PacketHeader header;
  ReadHeader(packet, header);
  // Frames are tried whatever the header says, so that the fuzzer need not keep it right.
  if (packet.size() < kPacketHeaderSize) return 0;
  if (data[0] % 2 == clopencl::fuzz::kToServer) {
    Check<ServerMessages>(packet);
  } else {
    Check<FrontendMessages>(packet);
  }
  return 0;
}
