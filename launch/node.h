// What one machine has that a launch plan needs to know: its cores and its native OpenCL devices.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/cpu_list.h"

namespace clopencl::launch {

enum class DeviceType { kCpu, kGpu, kAccelerator, kCustom };

// "cpu", "gpu", "accelerator", "custom".
std::string_view DeviceTypeName(DeviceType type);
std::optional<DeviceType> ParseDeviceType(std::string_view name);

struct Device {
  // As `clopencl-rankserver --serve platform:device` numbers them.
  int platform_index = 0;
  int device_index = 0;
  std::string platform_name;
  std::string name;
  DeviceType type = DeviceType::kCustom;
  int compute_units = 0;
  uint64_t global_memory = 0;
  // "0000:65:00.0", or empty where the native platform doesn't say.
  std::string pci_address;
  // The CPUs beside the device's slot; empty when unknown.
  CpuSet near;
};

struct Node {
  std::string host;
  // The CPUs that we may use, core by core in the order of the machine's topology.
  std::vector<CpuSet> cores;
  std::vector<Device> devices;
};

CpuSet AllCpus(const Node& node);

// One line for messages: "gpu 0 (NVIDIA H200, NVIDIA CUDA), cpu 0 (pthread, Portable Computing Language)".
std::string DescribeDevices(const Node& node);

nlohmann::json ToJson(const Node& node);
// Throws Error on what ToJson() doesn't write.
Node NodeFromJson(const nlohmann::json& json);

}  // namespace clopencl::launch
