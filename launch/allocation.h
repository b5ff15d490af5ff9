// The nodes that a batch system gave us, read from its environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clopencl::launch {

struct AllocatedHost {
  std::string name;
  // So many at most, the program among them. Only where the job was asked for with a number.
  std::optional<int> ranks;
  // The job's, where the batch system says.
  std::optional<int> gpus;
};

struct Allocation {
  std::string system;  // "SLURM job 17"
  std::vector<AllocatedHost> hosts;
};

// The hosts of a PBS node file, each once, in their order. The file has a line for each process, but also for
// each chunk that was asked for without a number of processes; so lines are ranks only if a host has several.
std::vector<AllocatedHost> HostsOfNodeFile(std::string_view text);

// From SLURM_JOB_NODELIST or PBS_NODEFILE; nothing outside of a job. Throws Error when they can't be read.
std::optional<Allocation> CurrentAllocation();

}  // namespace clopencl::launch
