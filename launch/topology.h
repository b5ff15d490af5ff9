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

 private:
  struct State;
  State* state_;
};

}  // namespace clopencl::launch
