// The nodes that a batch system gave us, read from its environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clopencl::launch {

// SLURM's compressed form: "fn[1-3,07],gpu01" is fn1 fn2 fn3 fn07 gpu01. Throws Error.
std::vector<std::string> ExpandNodeList(std::string_view text);

// The hosts of a PBS node file (a line for each process), each once, in their order.
std::vector<std::string> HostsOfNodeFile(std::string_view text);

struct Allocation {
  std::string system;  // "SLURM job 17"
  std::vector<std::string> hosts;
};

// From SLURM_JOB_NODELIST or PBS_NODEFILE; nothing outside of a job. Throws Error when they can't be read.
std::optional<Allocation> CurrentAllocation();

}  // namespace clopencl::launch
