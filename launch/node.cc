#include "launch/node.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "launch/error.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr std::array kTypeNames = {"cpu", "gpu", "accelerator", "custom"};

}  // namespace

std::string_view DeviceTypeName(DeviceType type) { return kTypeNames[static_cast<size_t>(type)]; }

std::optional<DeviceType> ParseDeviceType(std::string_view name) {
  for (size_t i = 0; i < kTypeNames.size(); ++i) {
    if (EqualIgnoringCase(name, kTypeNames[i])) return static_cast<DeviceType>(i);
  }
  return std::nullopt;
}

CpuSet AllCpus(const Node& node) {
  CpuSet all;
  for (const CpuSet& core : node.cores) all.insert(core.begin(), core.end());
  return all;
}

std::string DescribeDevices(const Node& node) {
  if (node.devices.empty()) return "no OpenCL device";
  std::map<DeviceType, int> next_index;
  std::vector<std::string> parts;
  for (const Device& device : node.devices) {
    parts.push_back(std::string(DeviceTypeName(device.type)) + " " +
                    std::to_string(next_index[device.type]++) + " (" + device.name + ", " +
                    device.platform_name + ")");
  }
  return Join(parts, ", ");
}

nlohmann::json ToJson(const Node& node) {
  nlohmann::json json = {
      {"host", node.host}, {"cores", nlohmann::json::array()}, {"devices", nlohmann::json::array()}};
  for (const CpuSet& core : node.cores) json["cores"].push_back(FormatCpuList(core));
  for (const Device& device : node.devices) {
    json["devices"].push_back({{"platform_index", device.platform_index},
                               {"device_index", device.device_index},
                               {"platform", device.platform_name},
                               {"name", device.name},
                               {"type", DeviceTypeName(device.type)},
                               {"compute_units", device.compute_units},
                               {"global_memory", device.global_memory},
                               {"pci_address", device.pci_address},
                               {"near", FormatCpuList(device.near)}});
  }
  return json;
}

Node NodeFromJson(const nlohmann::json& json) {
  try {
    Node node;
    node.host = json.at("host").get<std::string>();
    for (const auto& core : json.at("cores")) node.cores.push_back(ParseCpuList(core.get<std::string>()));
    for (const auto& entry : json.at("devices")) {
      Device device;
      device.platform_index = entry.at("platform_index").get<int>();
      device.device_index = entry.at("device_index").get<int>();
      device.platform_name = entry.at("platform").get<std::string>();
      device.name = entry.at("name").get<std::string>();
      const std::string type = entry.at("type").get<std::string>();
      device.type = ParseDeviceType(type).value_or(DeviceType::kCustom);
      device.compute_units = entry.at("compute_units").get<int>();
      device.global_memory = entry.at("global_memory").get<uint64_t>();
      device.pci_address = entry.at("pci_address").get<std::string>();
      const std::string near = entry.at("near").get<std::string>();
      if (!near.empty()) device.near = ParseCpuList(near);
      node.devices.push_back(std::move(device));
    }
    return node;
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("the description of a node can't be read: ") + error.what());
  }
}

}  // namespace clopencl::launch
