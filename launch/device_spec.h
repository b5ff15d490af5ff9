// The words that select devices, the same in `clrun --devices` and in a line of a hostfile:
//
//   spec   := term { ("," | " ") term }
//   term   := [ "platform=" NAME "/" ] KIND [ ":" LIST ] [ "*" COUNT ]  |  "platform=" NAME [ "*" COUNT ]
//   KIND   := "cpu" | "gpu" | "accelerator" | "custom" | "all"
//   LIST   := numbers and ranges, "0,1" or "0-7"
//
// A kind alone is every such device of the node, a rank server each. LIST picks devices by their index among
// the node's devices of that kind, except for cpu, where it is the set of CPUs that the server gets. "*COUNT"
// asks for that many rank servers: so many of the devices, or, where there are fewer, CPU devices divided by
// cores; after a LIST it is the number of servers for each listed device (or that share the listed CPUs).
// NAME is any part of the native platform's name, upper and lower case alike; in double quotes it may hold
// spaces, commas and slashes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/cpu_list.h"
#include "launch/node.h"

namespace clopencl::launch {

struct DeviceTerm {
  std::string text;  // As written, for messages.
  std::string platform;
  std::optional<DeviceType> type;  // None: every device.
  std::vector<int> indices;        // Empty: every one.
  std::optional<CpuSet> cpus;
  int count = 0;  // 0: not given.
};

// One rank server that is wanted: the devices (indices into Node::devices) it drives, and the CPUs it may use
// where the user named them.
struct ServerRequest {
  std::vector<size_t> devices;
  std::optional<CpuSet> cpus;
};

inline constexpr int kMaxServersPerNode = 1024;

// Throws UsageError, which says what is allowed.
std::vector<DeviceTerm> ParseDeviceSpec(std::string_view text);

// The rank servers that the terms ask for on this node, in their order. Throws UsageError, which says what
// the node really has.
std::vector<ServerRequest> SelectDevices(const Node& node, const std::vector<DeviceTerm>& terms);

// Changes the requests to `count` rank servers: fewer serve several devices each; more divide CPU devices by
// cores, or share devices where there is no CPU device.
std::vector<ServerRequest> SpreadRequests(const Node& node, std::vector<ServerRequest> requests, int count);

}  // namespace clopencl::launch
