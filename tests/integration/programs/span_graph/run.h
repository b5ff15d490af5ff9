// The command line of the programs that run random graphs.
#pragma once

#include <vector>

#include "support/device.h"

namespace clopencl::programs {

//   [--seed N] [--graphs N] [--steps N] [--only N,N,…] [--tell]
// Runs graphs with the seeds N, N + 1, … of so many steps, or of those numbered ones only. Ends with 1 at the
// first that goes wrong. The exit code.
int RunGraphs(int argc, char** argv, const std::vector<Device>& devices);

}  // namespace clopencl::programs
