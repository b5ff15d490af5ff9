// What the timeline of a job is made of (clrun --trace). Only sent when the frontend asked for it in
// Configure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/wire/codec.h"

namespace clopencl::wire {

// Something that took from `begin_ns` to `end_ns` of its process's monotonic clock.
struct TraceRecord {
  uint32_t lane = 0;  // Index of a text: what it happened on, for example a thread or a queue.
  uint32_t name = 0;  // Index of a text.
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  uint64_t bytes = 0;
  uint64_t link = 0;  // Records with the same link follow from one another; 0: none. See trace_log.h.
};

// --- frontend to server
// -------------------------------------------------------------------------------------------

// Reply: ClockRead, at once.
struct ReadClock {
  uint32_t request = 0;
};

// Reply: TraceFetched, with records that were not fetched before, of all channels of the server.
struct FetchTrace {
  uint32_t request = 0;
};

// --- server to frontend
// -------------------------------------------------------------------------------------------

struct ClockRead {
  uint32_t request = 0;
  int64_t now_ns = 0;  // The server's monotonic clock.
};

struct TraceFetched {
  uint32_t request = 0;
  std::span<const std::string_view> texts;  // All so far.
  std::span<const TraceRecord> records;
  uint64_t dropped = 0;  // Records for which there was no room.
  bool more = false;
};

}  // namespace clopencl::wire
