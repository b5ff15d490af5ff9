// This machine's cores as hwloc sees them, without asking any OpenCL platform.
#pragma once

#include <string>
#include <vector>

#include "launch/cpu_list.h"

namespace clopencl::launch {

class Topology {
 public:
  // Throws Error when hwloc can't read the machine.
  Topology();
  ~Topology();
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  // The CPUs that this process may use, core by core; neighbours share caches and memory.
  std::vector<CpuSet> Cores() const;

  // The usable CPUs next to a PCI device ("0000:65:00.0"); empty when the machine has no such device.
  CpuSet CpusNear(const std::string& pci_address) const;

  // The same for a device by its native OpenCL platform's and its own index, where hwloc's OpenCL plugin is
  // installed and knows the device. The plugin loads every driver of the machine, so this asks a child
  // process.
  CpuSet CpusNearOpenCl(int platform_index, int device_index) const;

 private:
  struct State;
  State* state_;
};

}  // namespace clopencl::launch
