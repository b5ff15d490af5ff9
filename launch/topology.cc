#include "launch/topology.h"

#include <hwloc.h>

#include <cstdlib>

#include "launch/child_process.h"
#include "launch/error.h"

namespace clopencl::launch {

namespace {

CpuSet FromBitmap(hwloc_const_bitmap_t bitmap) {
  CpuSet cpus;
  for (int cpu = hwloc_bitmap_first(bitmap); cpu != -1; cpu = hwloc_bitmap_next(bitmap, cpu))
    cpus.insert(cpu);
  return cpus;
}

// The CPUs beside a device by hwloc's name for it, as a list; empty when there is no such device. For a
// process of its own: takes hwloc's plugins as they come.
std::string CpusOfOsDevice(const std::string& name) {
  setenv("HWLOC_COMPONENTS", "opencl,-gl", 1);
  unsetenv("HWLOC_PLUGINS_BLACKLIST");
  setenv("CLOPENCL_ROLE", "server", 1);
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return {};
  hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  if (hwloc_topology_load(topology) != 0) return {};
  hwloc_obj_t device = nullptr;
  while ((device = hwloc_get_next_osdev(topology, device)) != nullptr) {
    if (device->name == nullptr || name != device->name) continue;
    return FormatCpuList(FromBitmap(hwloc_get_non_io_ancestor_obj(topology, device)->cpuset));
  }
  return {};
}

}  // namespace

struct Topology::State {
  hwloc_topology_t topology = nullptr;
  CpuSet allowed;
};

Topology::Topology() : state_(new State) {
  hwloc_topology_t& topology = state_->topology;
  bool ok = hwloc_topology_init(&topology) == 0;
  if (ok) {
    // These would load vendors' libraries (and every OpenCL driver with them) into this process.
    for (const char* name : {"opencl", "gl", "cuda", "nvml", "rsmi", "levelzero"}) {
      hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, name);
    }
    hwloc_topology_set_type_filter(topology, HWLOC_OBJ_PCI_DEVICE, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
    ok = hwloc_topology_load(topology) == 0;
  }
  if (!ok) {
    if (topology != nullptr) hwloc_topology_destroy(topology);
    delete state_;
    throw Error("hwloc can't read this machine's topology; does lstopo work here?");
  }
  hwloc_bitmap_t bound = hwloc_bitmap_alloc();
  state_->allowed = FromBitmap(hwloc_topology_get_allowed_cpuset(topology));
  if (hwloc_get_cpubind(topology, bound, HWLOC_CPUBIND_PROCESS) == 0) {
    state_->allowed = Intersection(state_->allowed, FromBitmap(bound));
  }
  hwloc_bitmap_free(bound);
}

Topology::~Topology() {
  hwloc_topology_destroy(state_->topology);
  delete state_;
}

std::vector<CpuSet> Topology::Cores() const {
  std::vector<CpuSet> cores;
  CpuSet seen;
  hwloc_obj_t core = nullptr;
  while ((core = hwloc_get_next_obj_by_type(state_->topology, HWLOC_OBJ_CORE, core)) != nullptr) {
    CpuSet cpus = Intersection(FromBitmap(core->cpuset), state_->allowed);
    seen.insert(cpus.begin(), cpus.end());
    if (!cpus.empty()) cores.push_back(std::move(cpus));
  }
  // Some virtual machines show no cores.
  for (int cpu : Difference(state_->allowed, seen)) cores.push_back({cpu});
  return cores;
}

CpuSet Topology::CpusNear(const std::string& pci_address) const {
  hwloc_obj_t device = hwloc_get_pcidev_by_busidstring(state_->topology, pci_address.c_str());
  if (device == nullptr) return {};
  const hwloc_obj_t place = hwloc_get_non_io_ancestor_obj(state_->topology, device);
  return Intersection(FromBitmap(place->cpuset), state_->allowed);
}

CpuSet Topology::CpusNearOpenCl(int platform_index, int device_index) const {
  const std::string name = "opencl" + std::to_string(platform_index) + "d" + std::to_string(device_index);
  const std::string cpus = AskChild([&name] { return CpusOfOsDevice(name); });
  return cpus.empty() ? CpuSet{} : Intersection(ParseCpuList(cpus), state_->allowed);
}

}  // namespace clopencl::launch
