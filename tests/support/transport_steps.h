// Steps that the scenarios are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "common/transport/transport.h"

namespace clopencl::transport {

// Bytes that depend on all of the seed and the size, so that what is swapped, shifted or cut shows.
ByteBuffer Pattern(uint32_t seed, size_t size);

// Keeps what arrives, in order for each peer.
class Mailbox : public PacketHandler {
 public:
  void OnPacket(Rank from, std::span<const std::byte> packet) override {
    packets_[from].emplace_back(packet.begin(), packet.end());
  }
  void OnQuit(Rank from) override { ++quits_[from]; }
  void OnPeerLost(Rank peer) override { lost_.push_back(peer); }

  size_t Count(Rank from) { return packets_[from].size(); }
  ByteBuffer Take(Rank from) {
    ByteBuffer first = std::move(packets_[from].front());
    packets_[from].pop_front();
    return first;
  }
  // Whether the peer told us to quit since the last call.
  bool TakeQuit(Rank from) { return std::exchange(quits_[from], 0) > 0; }
  const std::vector<Rank>& lost() const { return lost_; }

 private:
  std::map<Rank, std::deque<ByteBuffer>> packets_;
  std::map<Rank, int> quits_;
  std::vector<Rank> lost_;
};

// Makes progress until the condition holds; throws std::runtime_error naming `what` after a minute.
void Until(Transport& self, PacketHandler& handler, const char* what, const std::function<bool()>& condition);

// The next packet of a peer.
ByteBuffer NextPacket(Transport& self, Mailbox& mailbox, Rank from);

// An empty packet there and its arrival here: a step that ranks agree on.
void Tell(Transport& self, Rank peer);
void Hear(Transport& self, Mailbox& mailbox, Rank peer);

// Calls visit(peer) for every other rank.
template <typename Visit>
void ForEachPeer(const Transport& self, Visit visit) {
  for (Rank peer = 0; peer < self.size(); ++peer) {
    if (peer != self.rank()) visit(peer);
  }
}

}  // namespace clopencl::transport
