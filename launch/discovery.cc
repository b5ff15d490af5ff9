#include "launch/discovery.h"

#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "launch/child_process.h"
#include "launch/error.h"
#include "launch/mpi_command.h"
#include "launch/paths.h"
#include "launch/topology.h"

namespace clopencl::launch {

namespace {

// Native platforms may take seconds to wake up their devices.
constexpr std::chrono::seconds kListingLimit{60};

}  // namespace

std::vector<Device> DevicesFromListing(const std::string& text) {
  try {
    std::vector<Device> devices;
    const nlohmann::json listing = nlohmann::json::parse(text);
    for (const auto& entry : listing.at("devices")) {
      Device device;
      device.platform_index = entry.at("platform_index").get<int>();
      device.device_index = entry.at("device_index").get<int>();
      device.platform_name = entry.at("platform").get<std::string>();
      device.name = entry.at("name").get<std::string>();
      device.type = ParseDeviceType(entry.at("type").get<std::string>()).value_or(DeviceType::kCustom);
      device.compute_units = entry.at("compute_units").get<int>();
      device.global_memory = entry.at("global_memory").get<uint64_t>();
      device.pci_address = entry.value("pci_address", std::string());
      devices.push_back(std::move(device));
    }
    return devices;
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("clopencl-rankserver --list --json answered what can't be read (is it of another "
                            "version?): ") +
                error.what());
  }
}

std::vector<Device> ListDevices(const EnvironmentChanges& changes) {
  EnvironmentChanges environment = MpiEnvironment();
  environment.emplace_back("CLOPENCL_ROLE", "server");
  environment.insert(environment.end(), changes.begin(), changes.end());
  const std::string rankserver = FindBinary("clopencl-rankserver");
  const CapturedOutput listing = RunAndCapture({rankserver, "--list", "--json"}, environment, kListingLimit);
  if (listing.timed_out) {
    throw Error("asking this machine's OpenCL platforms for their devices took longer than " +
                std::to_string(kListingLimit.count()) + " s; does clinfo answer?");
  }
  if (listing.wait_status != 0) {
    throw Error("asking this machine's OpenCL platforms for their devices failed: " + rankserver +
                " --list " + DescribeWaitStatus(listing.wait_status));
  }
  return DevicesFromListing(listing.text);
}

Node DiscoverThisNode() {
  const Topology topology;
  Node node;
  node.host = HostName();
  node.cores = topology.Cores();
  node.devices = ListDevices({});
  for (Device& device : node.devices) {
    if (!device.pci_address.empty()) device.near = topology.CpusNear(device.pci_address);
    if (device.near.empty() && device.type != DeviceType::kCpu) {
      device.near = topology.CpusNearOpenCl(device.platform_index, device.device_index);
    }
  }
  return node;
}

}  // namespace clopencl::launch
