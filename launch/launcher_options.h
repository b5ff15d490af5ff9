// The command line of clopencl-launcher, read by the launcher and written by clrun.
#pragma once

#include <string>
#include <vector>

namespace clopencl::launch {

struct LauncherOptions {
  // The program sees the rank servers' platforms alone, not this machine's own.
  bool only_served = false;
  std::vector<std::string> program;
};

// Ends the process on --help and on wrong usage.
LauncherOptions ParseLauncherOptions(int argc, char** argv);

// Everything after the launcher's own path.
std::vector<std::string> LauncherArguments(const LauncherOptions& options);

}  // namespace clopencl::launch
