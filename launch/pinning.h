// Which CPUs each rank server of a node gets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/cpu_list.h"
#include "launch/device_spec.h"
#include "launch/node.h"

namespace clopencl::launch {

struct PinningOptions {
  // Rank 0, the program, runs on this node.
  bool rank_zero_here = true;
  // Cores that CPU servers leave free. Not given: one for rank 0 and one for the GPU servers, but never more
  // than a quarter of the cores, so that small machines compute with all they have.
  std::optional<int> reserved_cores;
};

struct Pinning {
  // One for each request, none empty.
  std::vector<CpuSet> cpus;
  CpuSet reserved;
  // What was done that the user may not expect.
  std::vector<std::string> notes;
};

// Whether a server for these devices computes on the CPU itself.
bool DrivesCpu(const Node& node, const ServerRequest& request);

// CPU servers get disjoint sets of whole cores (of hardware threads where cores don't suffice; shared ones
// where those don't either); the others get cores beside their device, away from the CPU servers where
// possible. Sets that the user named are kept as they are and avoided by everybody else.
Pinning PinServers(const Node& node, const std::vector<ServerRequest>& requests,
                   const PinningOptions& options);

}  // namespace clopencl::launch
