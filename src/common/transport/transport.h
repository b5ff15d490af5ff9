// How packets and payloads travel between ranks. Implementations: MPI (mpi_transport.cc, the only file that
// knows MPI) and in-process loopback for tests.
//
// A packet is a short ordered message (control). A payload is bulk data that goes straight from the sender's
// memory into the receiver's; both sides name it by a tag that no other payload between the two ranks uses at
// the time.
//
// Threads: not thread-safe. The caller serialises all calls with one lock (MPI_THREAD_SERIALIZED is enough).
// Nothing here blocks, except Close().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/byte_buffer.h"
#include "common/shared_signal.h"
#include "common/transport/traffic.h"

namespace clopencl::transport {

using Rank = int;
using Tag = uint32_t;

// Payload tags lie in [kFirstPayloadTag, kLastPayloadTag]: inside the smallest MPI_TAG_UB that MPI allows
// (32767).
inline constexpr Tag kFirstPayloadTag = 16;
inline constexpr Tag kLastPayloadTag = 32767;

// Called from Progress() or Close(), never from the call that started the transfer. ok is false when the
// transfer was given up because the transport closes or the peer is gone.
using Done = std::function<void(bool ok)>;

// Receives packets in the order in which each peer sent them. `packet` is valid during the call only. Called
// from Progress(); may call the transport's Send*/Receive* functions, not Progress() or Close().
class PacketHandler {
 public:
  virtual ~PacketHandler() = default;
  virtual void OnPacket(Rank from, std::span<const std::byte> packet) = 0;
  // The peer told us to end (see Transport::SendQuit).
  virtual void OnQuit(Rank from) = 0;
  // The peer is gone, once for each: transfers with it fail, packets to it vanish, none of its own will come.
  virtual void OnPeerLost(Rank /*peer*/) {}
};

class Transport {
 public:
  explicit Transport(int size) : traffic_(size), signals_(static_cast<size_t>(size)) {}
  virtual ~Transport() = default;

  virtual Rank rank() const = 0;
  virtual int size() const = 0;

  // Any size; takes the buffer over. Packets to one peer arrive in order.
  virtual void SendPacket(Rank to, ByteBuffer packet) = 0;

  // An empty buffer with capacity from packets sent before, to fill the next one without allocating.
  virtual ByteBuffer AcquireBuffer() = 0;

  // The memory must stay valid and (for sends) unchanged until `done` is called. Sizes of both ends must be
  // equal; both ends split what is larger than `chunk` bytes into pieces of that size and must agree on it.
  // Any size including above 2 GiB; size 0 completes without travelling.
  virtual void SendPayload(Rank to, Tag tag, std::span<const std::byte> data, size_t chunk, Done done) = 0;
  virtual void ReceivePayload(Rank from, Tag tag, std::span<std::byte> into, size_t chunk, Done done) = 0;

  // Moves things on: delivers packets that arrived, completes transfers. True when anything happened.
  virtual bool Progress(PacketHandler& handler) = 0;

  // Whether sends or receives (other than for the next packet) are under way, so that Progress() is needed
  // soon.
  virtual bool HasPending() const = 0;

  // Whether Progress() has nothing to do until a peer has sent something.
  virtual bool AwaitsArrivals() const { return false; }

  // From now on `signal` is set off whenever something was sent to that peer, which may sleep on it. What was
  // sent may arrive a moment later.
  virtual void SetSignal(Rank peer, std::shared_ptr<SharedSignal> signal) {
    signals_[static_cast<size_t>(peer)] = std::move(signal);
  }

  // Tells a peer to end (its handler's OnQuit), even one that has not started to listen. Eight fixed bytes on
  // the packet channel, so that any process of the job can say it.
  virtual void SendQuit(Rank to) = 0;

  // What this rank has sent so far, by rank. From any thread.
  std::vector<Traffic> traffic() const { return traffic_.Read(); }

  // Collective over all ranks: completes what was sent, leaves. Nothing may be called afterwards. Blocks
  // until every rank has called it or the other side is gone.
  virtual void Close() = 0;

 protected:
  void Ring(Rank peer) {
    if (const auto& signal = signals_[static_cast<size_t>(peer)]) signal->signal().Happened();
  }

  TrafficCounters traffic_;

 private:
  std::vector<std::shared_ptr<SharedSignal>> signals_;  // By rank; null: it looks by itself.
};

inline constexpr char kQuitMessage[9] = "CLO-QUIT";  // Eight bytes on the wire.

}  // namespace clopencl::transport
