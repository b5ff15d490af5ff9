// The command line of clopencl-rankserver.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rankserver/offer.h"

namespace clopencl::rankserver {

struct Options {
  std::vector<ServeRequest> serve;  // Empty: every native device.
  std::vector<unsigned> cpus;       // Empty: not pinned.
  bool list = false;
  bool json = false;
};

// "0:0,2" as platform 0, devices 0 and 2. Empty when it can't be understood.
std::optional<ServeRequest> ParseServe(const std::string& text);

// "0-3,6" as Linux writes sets of CPUs. Empty when it can't be understood.
std::optional<std::vector<unsigned>> ParseCpus(const std::string& text);

// Parses the command line. When the process is to end at once (help, or a usage error, which is then
// printed), `exit_code` is set.
Options ParseOptions(int argc, char** argv, std::optional<int>& exit_code);

}  // namespace clopencl::rankserver
