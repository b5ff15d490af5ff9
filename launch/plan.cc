#include "launch/plan.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "launch/cluster.h"
#include "launch/error.h"
#include "launch/pinning.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

std::string FormatBytes(uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, value < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
  return text;
}

// A CPU device of a pinned server has no more compute units than the server has CPUs. None given: not pinned.
int ComputeUnits(const Device& device, const CpuSet& cpus) {
  if (device.type != DeviceType::kCpu || cpus.empty()) return device.compute_units;
  return std::min(device.compute_units, static_cast<int>(cpus.size()));
}

nlohmann::json DeviceToJson(const Device& device, const CpuSet& cpus) {
  return {{"name", device.name},
          {"platform", device.platform_name},
          {"type", DeviceTypeName(device.type)},
          {"compute_units", ComputeUnits(device, cpus)},
          {"global_memory", device.global_memory},
          {"platform_index", device.platform_index},
          {"device_index", device.device_index},
          {"pci_address", device.pci_address}};
}

// Rank 0's node may be one of which nothing is known, because nothing is served there.
bool IsOversubscribed(const Node& node, const std::vector<ServerRequest>& requests, const Pinning& pinning,
                      bool rank_zero_here) {
  if (requests.empty()) return false;
  if (requests.size() + (rank_zero_here ? 1 : 0) > node.cores.size()) return true;
  // CPU servers' threads on every core leave none to rank 0's waiting.
  CpuSet busy;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (DrivesCpu(node, requests[i])) busy = Union(busy, pinning.cpus[i]);
  }
  return rank_zero_here && busy == AllCpus(node);
}

std::string OversubscriptionNote(const NodeShare& share, bool rank_zero_here) {
  const std::string servers = Count(share.requests.size(), "rank server");
  return share.node.host + " is over-subscribed: " + Count(share.node.cores.size(), "core") + " for " +
         servers + (rank_zero_here ? " and the program" : "") +
         "; so ranks that wait yield their core to the others, and sleep sooner";
}

}  // namespace

Plan MakePlan(std::vector<NodeShare> shares, size_t rank_zero_node, std::optional<int> reserved_cores) {
  Plan plan;
  plan.rank_zero_node = rank_zero_node;
  for (size_t i = 0; i < shares.size(); ++i) {
    NodeShare& share = shares[i];
    const bool rank_zero_here = i == rank_zero_node;
    const Pinning pinning = PinServers(share.node, share.requests, {rank_zero_here, reserved_cores});
    for (size_t j = 0; j < share.requests.size(); ++j) {
      const int rank = static_cast<int>(plan.servers.size()) + 1;
      plan.servers.push_back({rank, i, share.requests[j].devices, pinning.cpus[j]});
    }
    plan.notes.insert(plan.notes.end(), pinning.notes.begin(), pinning.notes.end());
    if (IsOversubscribed(share.node, share.requests, pinning, rank_zero_here)) {
      plan.oversubscribed = true;
      plan.notes.push_back(OversubscriptionNote(share, rank_zero_here));
      const size_t ranks = share.requests.size() + (rank_zero_here ? 1 : 0);
      if (ranks > share.node.cores.size()) plan.crowding.push_back(plan.notes.back());
    }
    plan.remote |= !IsThisHost(share.node.host);
    plan.nodes.push_back(std::move(share.node));
  }
  if (plan.servers.empty()) throw UsageError("nothing is selected that a rank server could serve");
  return plan;
}

std::string DescribeServer(const Plan& plan, const PlannedServer& server) {
  const Node& node = plan.nodes[server.node];
  std::vector<std::string> devices;
  for (size_t d : server.devices) {
    devices.push_back(std::string(DeviceTypeName(node.devices[d].type)) + " " + node.devices[d].name);
  }
  return "rank " + std::to_string(server.rank) + " (" + node.host + ": " + Join(devices, ", ") + ")";
}

std::vector<std::string> ServeArguments(const Plan& plan, const PlannedServer& server) {
  std::map<int, std::vector<std::string>> devices;
  for (size_t d : server.devices) {
    const Device& device = plan.nodes[server.node].devices[d];
    devices[device.platform_index].push_back(std::to_string(device.device_index));
  }
  std::vector<std::string> arguments;
  for (const auto& [platform, indices] : devices) {
    arguments.insert(arguments.end(), {"--serve", std::to_string(platform) + ":" + Join(indices, ",")});
  }
  return arguments;
}

std::string FormatTable(const Plan& plan) {
  using Row = std::array<std::string, 7>;
  std::vector<Row> rows = {{"node", "rank", "device", "type", "units", "memory", "CPUs"}};
  rows.push_back({plan.nodes[plan.rank_zero_node].host, "0", "(the program)", "-", "-", "-", "any"});
  for (size_t d : plan.direct) {
    const Device& device = plan.nodes[plan.rank_zero_node].devices[d];
    rows.push_back({rows.back()[0], "0", device.name + " (" + device.platform_name + "), direct",
                    std::string(DeviceTypeName(device.type)), std::to_string(device.compute_units),
                    FormatBytes(device.global_memory), "any"});
  }
  for (const PlannedServer& server : plan.servers) {
    const Node& node = plan.nodes[server.node];
    for (size_t d : server.devices) {
      const Device& device = node.devices[d];
      rows.push_back({node.host, std::to_string(server.rank), device.name + " (" + device.platform_name + ")",
                      std::string(DeviceTypeName(device.type)),
                      std::to_string(ComputeUnits(device, server.cpus)), FormatBytes(device.global_memory),
                      FormatCpuList(server.cpus)});
    }
  }
  std::array<size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string table;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    table += line + "\n";
  }
  for (const std::string& note : plan.notes) table += "note: " + note + "\n";
  return table;
}

nlohmann::json PlanToJson(const Plan& plan) {
  const Node& rank_zero = plan.nodes[plan.rank_zero_node];
  nlohmann::json json = {{"rank_zero_node", rank_zero.host},
                         {"oversubscribed", plan.oversubscribed},
                         {"notes", plan.notes},
                         {"direct", nlohmann::json::array()},
                         {"servers", nlohmann::json::array()}};
  for (size_t d : plan.direct) json["direct"].push_back(DeviceToJson(rank_zero.devices[d], {}));
  for (const PlannedServer& server : plan.servers) {
    const Node& node = plan.nodes[server.node];
    nlohmann::json devices = nlohmann::json::array();
    for (size_t d : server.devices) devices.push_back(DeviceToJson(node.devices[d], server.cpus));
    json["servers"].push_back({{"rank", server.rank},
                               {"node", node.host},
                               {"cpus", FormatCpuList(server.cpus)},
                               {"devices", devices}});
  }
  return json;
}

}  // namespace clopencl::launch
