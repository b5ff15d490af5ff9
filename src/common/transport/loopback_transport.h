// Ranks within one process, for tests. Behaves as mpi_transport.h does, and breaks on demand.
#pragma once

#include <memory>
#include <span>

#include "common/transport/transport.h"

namespace clopencl::transport {

namespace internal {
struct LoopbackState;
}

// Joins `size` endpoints. Thread-safe; each endpoint is used by one thread at a time, as Transport says. May
// be destroyed before its endpoints.
class LoopbackHub {
 public:
  explicit LoopbackHub(int size);
  ~LoopbackHub();

  // Once for each rank. An endpoint that is destroyed without Close() is lost to its peers, as by Drop().
  // Close() waits for the endpoints that were taken and are neither closed nor lost.
  std::unique_ptr<Transport> Endpoint(Rank rank);

  // --- faults

  // The rank is gone: its transfers under way fail (ok = false) at both ends, packets to it vanish, its peers
  // get OnPeerLost. Packets that it sent before still arrive.
  void Drop(Rank rank);

  // Makes `bytes` arrive at `to` as a packet of `from`, whatever they are.
  void InjectPacket(Rank from, Rank to, std::span<const std::byte> bytes);

  // Nothing that `from` sends arrives at `to` until Release(): packets queue up and payloads stay unmatched.
  void Hold(Rank from, Rank to);
  void Release(Rank from, Rank to);

  // From now on what `from` sends as a packet leaves in its next Progress(), as MPI's messages do that are
  // too large to be sent without hearing from their receiver.
  void SendLate(Rank from, bool late);

 private:
  std::shared_ptr<internal::LoopbackState> state_;
};

}  // namespace clopencl::transport
