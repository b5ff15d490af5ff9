// What a rank has sent to each other rank.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace clopencl::transport {

// To one rank. Payloads count as one message each, in however many pieces they travel.
struct Traffic {
  uint64_t packets = 0;
  uint64_t packet_bytes = 0;
  uint64_t payloads = 0;
  uint64_t payload_bytes = 0;
};

// Written by whoever may use the transport; read by any thread.
class TrafficCounters {
 public:
  explicit TrafficCounters(int ranks) : to_(static_cast<size_t>(ranks)) {}

  void CountPacket(int to, uint64_t bytes) {
    Add(At(to).packets, 1);
    Add(At(to).packet_bytes, bytes);
  }
  void CountPayload(int to, uint64_t bytes) {
    Add(At(to).payloads, 1);
    Add(At(to).payload_bytes, bytes);
  }

  // By rank.
  std::vector<Traffic> Read() const {
    std::vector<Traffic> all;
    for (const Counters& to : to_)
      all.push_back(
          {to.packets.load(std::memory_order_relaxed), to.packet_bytes.load(std::memory_order_relaxed),
           to.payloads.load(std::memory_order_relaxed), to.payload_bytes.load(std::memory_order_relaxed)});
    return all;
  }

 private:
  using Counter = std::atomic<uint64_t>;
  struct Counters {
    Counter packets{0};
    Counter packet_bytes{0};
    Counter payloads{0};
    Counter payload_bytes{0};
  };

  Counters& At(int rank) { return to_[static_cast<size_t>(rank)]; }
  // There is one writer at a time.
  static void Add(Counter& counter, uint64_t amount) {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  std::vector<Counters> to_;
};

}  // namespace clopencl::transport
