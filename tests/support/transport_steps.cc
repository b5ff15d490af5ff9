#include "support/transport_steps.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

namespace clopencl::transport {

ByteBuffer Pattern(uint32_t seed, size_t size) {
  ByteBuffer bytes(size);
  uint64_t state = (uint64_t{seed} << 32 | 0x9e3779b9u) ^ (size * 0x2545f4914f6cdd1du);
  for (size_t at = 0; at < size; at += sizeof state) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    std::memcpy(bytes.data() + at, &state, std::min(sizeof state, size - at));
  }
  return bytes;
}

void Until(Transport& self, PacketHandler& handler, const char* what,
           const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (self.Progress(handler)) continue;
    std::this_thread::yield();
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("rank " + std::to_string(self.rank()) + " waited in vain for " + what);
    }
  }
}

ByteBuffer NextPacket(Transport& self, Mailbox& mailbox, Rank from) {
  Until(self, mailbox, "a packet", [&] { return mailbox.Count(from) > 0; });
  return mailbox.Take(from);
}

void Tell(Transport& self, Rank peer) { self.SendPacket(peer, {}); }

void Hear(Transport& self, Mailbox& mailbox, Rank peer) {
  if (!NextPacket(self, mailbox, peer).empty())
    throw std::runtime_error("a packet is not the empty one expected");
}

}  // namespace clopencl::transport
