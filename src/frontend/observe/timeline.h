// The timeline of a job as a file that Perfetto and chrome://tracing open.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/messages/trace.h"

namespace clopencl::frontend {

// At `here_ns` of our clock it was `there_ns` on a server's.
struct ClockReading {
  int64_t here_ns = 0;
  int64_t there_ns = 0;
};

// The time here when it was `there_ns` there: between two readings in proportion, because clocks drift apart.
// No reading: the clocks are the same.
int64_t TimeHere(const std::vector<ClockReading>& readings, int64_t there_ns);

// What one process recorded, in its own clock.
struct ProcessTrace {
  std::string name;
  std::vector<ClockReading> clock;
  std::vector<std::string> texts;
  std::vector<wire::TraceRecord> records;
  uint64_t dropped = 0;
};

// In the Trace Event Format: one process each, one thread for each lane (more, where records of a lane
// overlap), times in microseconds since `zero_ns`, arrows between records of the same link.
std::string TimelineJson(const std::vector<ProcessTrace>& processes, int64_t zero_ns);

}  // namespace clopencl::frontend
