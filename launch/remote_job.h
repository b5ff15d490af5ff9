// One job under clrun when the program runs on another machine: mpirun carries its streams and signals.
#pragma once

#include <sys/types.h>

#include "launch/mpi_command.h"
#include "launch/mpirun_output.h"
#include "launch/plan.h"

namespace clopencl::launch {

// Runs the job to its end and ends this process as mpirun ended, which is as the program ended where MPI lets
// us.
[[noreturn]] void RunRemoteJob(const Plan& plan, const MpiCommandOptions& command);

// For a job over several machines, once a second: when mpirun can't reach one of them any more, ends mpirun, says so,
// and returns true.
bool EndWhereHostIsLost(const Plan& plan, pid_t mpirun);

// What mpirun reported about the end, in a line on standard error that names ranks, machine and devices.
// False when the report says nothing of the kind.
bool ReportCause(const Plan& plan, const MpirunOutput& output);

}  // namespace clopencl::launch
