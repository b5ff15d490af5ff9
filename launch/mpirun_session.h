// The folder in which a running mpirun keeps the job's files (some MiB). An mpirun that crashes, as Open MPI's
// now and then does once the job is over, or that has to be killed, leaves it behind.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace clopencl::launch {

// As a rank's environment ("NAME=value") tells it; empty where it doesn't.
std::string FindMpirunSession(const std::vector<std::string>& rank_environment);

// Removes the folder of an mpirun that is no more; only if it is this user's and is named after the pid.
void RemoveMpirunSession(const std::string& folder, pid_t mpirun);

}  // namespace clopencl::launch
