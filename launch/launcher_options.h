// The command line of clopencl-launcher, read by the launcher and written by clrun.
#pragma once

#include <string>
#include <vector>

#include "launch/job_directory.h"

namespace clopencl::launch {

struct LauncherOptions {
  // Which of this machine's own platforms the program sees beside those of the rank servers.
  NativePlatforms natives;
  std::vector<std::string> program;
  // Where not empty, no program is run: the ranks, one on each of these hosts, measure the transport.
  std::vector<std::string> check_transport;
};

// Ends the process on --help and on wrong usage.
LauncherOptions ParseLauncherOptions(int argc, char** argv);

// Everything after the launcher's own path.
std::vector<std::string> LauncherArguments(const LauncherOptions& options);

}  // namespace clopencl::launch
