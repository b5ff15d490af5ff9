// What SLURM says of a job, in its own forms, and what mpirun's own job steps need to be told.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "launch/child_process.h"

namespace clopencl::launch {

// "fn[1-3,07],gpu01" is fn1 fn2 fn3 fn07 gpu01. Throws Error.
std::vector<std::string> ExpandNodeList(std::string_view text);

// "2(x3),1", a count for each node, is 2 2 2 1. Throws Error.
std::vector<int> ExpandCounts(std::string_view text);

// How many GPUs a job has on each of its nodes, from what `scontrol show job --details` prints.
std::map<std::string, int> GpusOfNodes(std::string_view details);

// The same for the job around us. Empty where there is none, or where SLURM does not say.
const std::map<std::string, int>& OurGpus();

// What to change in the environment of an mpirun that starts daemons on these hosts. Each daemon is in a job
// step, and a step may use the GPUs that the job was asked for with: none of them where it was whole nodes
// that were asked for, and more than there are where it was a number for all nodes. Empty outside of a job.
EnvironmentChanges StepEnvironment(const std::vector<std::string>& hosts);

}  // namespace clopencl::launch
