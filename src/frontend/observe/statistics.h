// What clrun --stats prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frontend/observe/observer.h"

namespace clopencl::frontend {

struct SessionReport {
  std::string server;
  std::string platform;
  SessionCounts counts;
  uint64_t moved_bytes = 0;  // That the server sent to others.
};

// A table with a line for each channel of a server, and the calls that waited most for each. `several`: the
// waits for more than one server at once.
std::string StatisticsText(const std::vector<SessionReport>& reports, const SessionCounts::ByCall& several,
                           int64_t elapsed_ns);

}  // namespace clopencl::frontend
