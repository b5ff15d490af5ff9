#include "launch/allocation.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "launch/error.h"
#include "launch/slurm.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// In a job step (srun around us) the counts are the step's.
std::vector<int> TasksOfSlurmNodes(size_t nodes) {
  if (Environment("SLURM_NTASKS").empty() || !Environment("SLURM_STEP_ID").empty()) return {};
  std::vector<int> tasks = ExpandCounts(Environment("SLURM_TASKS_PER_NODE"));
  if (tasks.size() != nodes) return {};
  return tasks;
}

Allocation SlurmAllocation(const std::string& list) {
  Allocation allocation{"SLURM job " + Environment("SLURM_JOB_ID"), {}};
  const std::vector<std::string> names = ExpandNodeList(list);
  const std::vector<int> tasks = TasksOfSlurmNodes(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    AllocatedHost host{.name = names[i]};
    if (!tasks.empty()) host.ranks = tasks[i];
    if (const auto gpus = OurGpus().find(names[i]); gpus != OurGpus().end()) host.gpus = gpus->second;
    allocation.hosts.push_back(std::move(host));
  }
  return allocation;
}

Allocation PbsAllocation(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  Allocation allocation{"PBS job " + Environment("PBS_JOBID"), HostsOfNodeFile(text.str())};
  if (allocation.hosts.empty()) throw Error("PBS_NODEFILE=" + path + " can't be read or names no host");
  return allocation;
}

}  // namespace

std::vector<AllocatedHost> HostsOfNodeFile(std::string_view text) {
  std::vector<AllocatedHost> hosts;
  bool counted = false;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::string_view name = Trim(line);
    if (name.empty()) continue;
    const auto known = std::find_if(hosts.begin(), hosts.end(),
                                    [name](const AllocatedHost& host) { return host.name == name; });
    if (known == hosts.end()) {
      hosts.push_back({.name = std::string(name), .ranks = 1});
    } else {
      ++*known->ranks;
      counted = true;
    }
  }
  if (!counted) {
    for (AllocatedHost& host : hosts) host.ranks.reset();
  }
  return hosts;
}

std::optional<Allocation> CurrentAllocation() {
  if (const std::string list = Environment("SLURM_JOB_NODELIST"); !list.empty()) return SlurmAllocation(list);
  if (const std::string path = Environment("PBS_NODEFILE"); !path.empty()) return PbsAllocation(path);
  return std::nullopt;
}

}  // namespace clopencl::launch
