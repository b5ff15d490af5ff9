#include "rankserver/process_setup.h"

#include <hwloc.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>

#include "common/connection_watch.h"
#include "common/local_ranks.h"
#include "common/log.h"

namespace clopencl::rankserver {
namespace {

using Topology = std::unique_ptr<std::remove_pointer_t<hwloc_topology_t>, decltype(&hwloc_topology_destroy)>;
using Bitmap = std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)>;

// Without what would load OpenCL.
Topology LoadTopology() {
  setenv("HWLOC_COMPONENTS", "-opencl,-gl", 1);
  // Even unused, that plugin brings an OpenCL loader, and some of those load every driver at once.
  setenv("HWLOC_PLUGINS_BLACKLIST", "hwloc_opencl.so,hwloc_gl.so", 0);
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return {nullptr, &hwloc_topology_destroy};
  Topology owned(topology, &hwloc_topology_destroy);
  if (hwloc_topology_load(topology) != 0) return {nullptr, &hwloc_topology_destroy};
  return owned;
}

std::string ListOf(hwloc_const_bitmap_t set) {
  char* text = nullptr;
  if (hwloc_bitmap_list_asprintf(&text, set) < 0) return "?";
  std::string result(text);
  std::free(text);
  return result;
}

// A PoCL that is told nothing offers a compute unit for each core of the machine.
void LimitPocl(unsigned cpus) {
  const std::string count = std::to_string(cpus);
  setenv("POCL_MAX_PTHREAD_COUNT", count.c_str(), 1);  // PoCL 3
  setenv("POCL_CPU_MAX_CU_COUNT", count.c_str(), 1);   // PoCL 4 and later
  unsetenv("POCL_AFFINITY");                           // Would pin its threads elsewhere.
}

}  // namespace

void PrepareEnvironment() {
  setenv("CLOPENCL_ROLE", "server", 1);
  const char* vendors = std::getenv("OCL_ICD_VENDORS");
  if (vendors == nullptr) return;
  // Either the path of our own ICD file or library, or a folder in which it may lie with others. The driver
  // offers nothing in a server, so that a folder is no harm.
  const std::string name = std::filesystem::path(vendors).filename();
  if (name == "clopencl.icd" || name.rfind("libclopencl.so", 0) == 0) unsetenv("OCL_ICD_VENDORS");
}

bool PinToCpus(const std::vector<unsigned>& cpus, std::string& error) {
  const Topology topology = LoadTopology();
  if (topology == nullptr) {
    error = "hwloc can't read this machine's topology";
    return false;
  }
  const Bitmap wanted(hwloc_bitmap_alloc(), &hwloc_bitmap_free);
  for (const unsigned cpu : cpus) hwloc_bitmap_set(wanted.get(), cpu);
  const hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(topology.get());
  if (!hwloc_bitmap_isincluded(wanted.get(), allowed)) {
    error = "--cpus " + ListOf(wanted.get()) + " names CPUs that this process may not use; it may use " +
            ListOf(allowed);
    return false;
  }
  if (hwloc_set_cpubind(topology.get(), wanted.get(), HWLOC_CPUBIND_PROCESS) != 0) {
    error = "this process can't be bound to the CPUs " + ListOf(wanted.get()) + ": " + std::strerror(errno);
    return false;
  }
  // Memory from beside these CPUs while there is some. Containers may forbid to say so, which costs speed
  // alone.
  if (hwloc_set_membind(topology.get(), wanted.get(), HWLOC_MEMBIND_BIND, 0) != 0) {
    Log().info("memory is not bound to the CPUs {}: {}", ListOf(wanted.get()), std::strerror(errno));
  }
  LimitPocl(static_cast<unsigned>(cpus.size()));
  return true;
}

std::vector<unsigned> ShareOfCpus(Share share) {
  const Topology topology = LoadTopology();
  if (topology == nullptr || share.servers == 0) return {};
  const Bitmap bound(hwloc_bitmap_alloc(), &hwloc_bitmap_free);
  if (hwloc_get_cpubind(topology.get(), bound.get(), HWLOC_CPUBIND_PROCESS) != 0) return {};
  const int cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology.get(), bound.get(), HWLOC_OBJ_CORE);
  std::vector<unsigned> cpus;
  const auto add = [&](hwloc_const_bitmap_t set) {
    unsigned cpu = 0;
    hwloc_bitmap_foreach_begin(cpu, set) {
      if (hwloc_bitmap_isset(bound.get(), cpu)) cpus.push_back(cpu);
    }
    hwloc_bitmap_foreach_end();
  };
  if (cores < static_cast<int>(share.servers)) {
    add(bound.get());
    return cpus;
  }
  const auto count = static_cast<unsigned>(cores);
  for (unsigned core = share.server * count / share.servers;
       core < (share.server + 1) * count / share.servers; ++core) {
    add(hwloc_get_obj_inside_cpuset_by_type(topology.get(), bound.get(), HWLOC_OBJ_CORE, core)->cpuset);
  }
  return cpus;
}

Share ShareOfNode() {
  const LocalRanks ranks = FindLocalRanks().value_or(LocalRanks{});
  // Ranks of a node are numbered in their order in the job, so rank 0 is the first of its own. A server whose
  // local and global ranks are the same is beside it.
  const bool beside_rank_0 = ranks.rank == ranks.index;
  if (beside_rank_0 && ranks.count > 1 && ranks.index > 0) return {ranks.index - 1, ranks.count - 1};
  return {ranks.index, ranks.count};
}

void EndWithParent() {
  constexpr int kLooksApart = 6;
  const pid_t parent = getppid();
  const pid_t mpi = ParentOfMpi();
  std::thread([parent, mpi] {
    for (int round = 1; getppid() == parent; ++round) {
      // Cut off from mpirun, its daemon would go on trying for a quarter of an hour.
      if (mpi > 0 && round % kLooksApart == 0 && !FindStuckHost(mpi, {}).empty()) kill(mpi, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    _exit(1);
  }).detach();
}

std::string HostName() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace clopencl::rankserver
