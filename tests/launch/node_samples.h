// Machines for the tests of selection, pinning and planning.
#pragma once

#include "launch/node.h"

namespace clopencl::launch {

inline Device MakeDevice(DeviceType type, int platform, int index, const std::string& platform_name,
                         const std::string& name, CpuSet near = {}) {
  Device device;
  device.type = type;
  device.platform_index = platform;
  device.device_index = index;
  device.platform_name = platform_name;
  device.name = name;
  device.compute_units = type == DeviceType::kCpu ? 16 : 132;
  device.global_memory = uint64_t{1} << 34;
  device.near = std::move(near);
  return device;
}

// Two cores, PoCL.
inline Node SmallNode() {
  Node node;
  node.host = "small";
  node.cores = {{0}, {1}};
  node.devices = {MakeDevice(DeviceType::kCpu, 0, 0, "Portable Computing Language", "pthread")};
  return node;
}

// Two sockets of four cores with two hardware threads each (numbered as Linux does: 0-7, then 8-15), a GPU at
// each socket, PoCL, and an accelerator of a third platform.
inline Node BigNode() {
  Node node;
  node.host = "big";
  for (int core = 0; core < 8; ++core) node.cores.push_back({core, core + 8});
  const CpuSet first = ParseCpuList("0-3,8-11");
  const CpuSet second = ParseCpuList("4-7,12-15");
  node.devices = {MakeDevice(DeviceType::kGpu, 0, 0, "NVIDIA CUDA", "H200", first),
                  MakeDevice(DeviceType::kGpu, 0, 1, "NVIDIA CUDA", "H200", second),
                  MakeDevice(DeviceType::kCpu, 1, 0, "Portable Computing Language", "pthread"),
                  MakeDevice(DeviceType::kAccelerator, 2, 0, "Some FPGA", "board")};
  return node;
}

}  // namespace clopencl::launch
