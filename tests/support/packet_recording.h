// Packets of tests, kept as inputs for the fuzzers. Where the environment variable CLOPENCL_RECORD_PACKETS
// names a folder, every test of the loopback layer leaves a file there: the packets between rank 0 and each
// server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/transport/transport.h"

namespace clopencl::testing {

// A file is a sequence of these: kind, size of the body (two bytes, little-endian), body.
struct RecordedPacket {
  // Bits of the kind.
  static constexpr uint8_t kToFrontend = 1;  // Else to a server.
  static constexpr uint8_t kOfPeer = 2;      // From another server, not from rank 0.
  static constexpr uint8_t kRaw = 4;         // The body is the whole packet; else what follows its header.
  static constexpr uint8_t kPassShift = 3;   // The higher bits: how many passes a server makes after it.

  uint8_t kind = 0;
  std::span<const std::byte> body;
};

// The largest file, and with that the largest input of a fuzzer.
inline constexpr size_t kLargestRecording = 16384;

void AppendRecord(const RecordedPacket& packet, std::vector<std::byte>& to);

// Calls `use` for each record. A size beyond the end means what there is.
void ForEachRecord(std::span<const std::byte> bytes, const std::function<void(const RecordedPacket&)>& use);

// The transport of rank 0, `inner` itself where nothing is to be recorded.
std::unique_ptr<transport::Transport> RecordPackets(std::unique_ptr<transport::Transport> inner);

}  // namespace clopencl::testing
