// One job under clrun: mpirun beside us, the program as our child.
#pragma once

#include <string>
#include <vector>

#include "launch/mpi_command.h"
#include "launch/plan.h"

namespace clopencl::launch {

// Runs the job to its end and ends this process as the program ended; with 1 when the job never came to run
// the program, or as mpirun reports it when something else than the program ended the job. Nothing of the job
// is left on this machine afterwards. Throws Error before anything was started.
[[noreturn]] void RunJob(const Plan& plan, MpiCommandOptions command);

}  // namespace clopencl::launch
