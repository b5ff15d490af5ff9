// Who runs where: rank 0 and the rank servers, with their devices and CPUs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "launch/device_spec.h"
#include "launch/node.h"

namespace clopencl::launch {

struct PlannedServer {
  int rank = 0;
  size_t node = 0;  // Index into Plan::nodes.
  std::vector<size_t> devices;
  CpuSet cpus;
};

struct Plan {
  std::vector<Node> nodes;
  size_t rank_zero_node = 0;
  std::vector<PlannedServer> servers;  // Ranks 1, 2, ...
  // Some node is another machine than this one.
  bool remote = false;
  // Devices of rank 0's node that the program is to see through its own loader.
  std::vector<size_t> direct;
  // Some node has more ranks and CPU servers' threads than cores: whoever waits must yield.
  bool oversubscribed = false;
  // What was done that the user may not expect, a sentence each.
  std::vector<std::string> notes;
  // Of these, what the user has to hear unasked: nodes with more ranks than cores.
  std::vector<std::string> crowding;
};

// A node and the rank servers wanted on it; there may be none on rank 0's.
struct NodeShare {
  Node node;
  std::vector<ServerRequest> requests;
};

// Rank servers in the order of the shares. Throws UsageError when nothing would be served.
Plan MakePlan(std::vector<NodeShare> shares, size_t rank_zero_node, std::optional<int> reserved_cores);

// "rank 2 (node1: gpu NVIDIA H200)".
std::string DescribeServer(const Plan& plan, const PlannedServer& server);

// "--serve 0:0,1 --serve 1:0", as clopencl-rankserver takes it: the devices of each native platform.
std::vector<std::string> ServeArguments(const Plan& plan, const PlannedServer& server);

// What `clrun --list` prints: node, rank, device, type, compute units, memory, pinning.
std::string FormatTable(const Plan& plan);
nlohmann::json PlanToJson(const Plan& plan);

}  // namespace clopencl::launch
