// One job under clrun when the program runs on another machine: mpirun carries its streams and signals.
#pragma once

#include "launch/mpi_command.h"
#include "launch/plan.h"

namespace clopencl::launch {

// Runs the job to its end and ends this process as mpirun ended, which is as the program ended where MPI lets
// us.
[[noreturn]] void RunRemoteJob(const Plan& plan, const MpiCommandOptions& command);

// One line on standard error that says which rank brought the job down, with its machine and devices.
struct RankEnd;
void ReportRankEnd(const Plan& plan, const RankEnd& end);

}  // namespace clopencl::launch
