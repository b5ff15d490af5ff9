// What a running mpirun keeps on its machine for a job: a folder of some MiB, and its ranks' shared memory.
// It removes both, unless it crashes, as Open MPI's now and then does once the job is over, or is killed.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace clopencl::launch {

struct MpirunSession {
  std::string folder;  // Empty where it is not known.
  std::string job;     // As names of shared memory have it; empty where it is not known.
};

// As a rank's environment ("NAME=value") tells it.
MpirunSession FindMpirunSession(const std::vector<std::string>& rank_environment);

// Removes what is this user's and named after the job or the pid, of an mpirun that is no more, nor its
// ranks.
void RemoveMpirunSession(const MpirunSession& session, pid_t mpirun);

}  // namespace clopencl::launch
