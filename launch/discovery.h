// What native OpenCL devices a machine has. OpenCL is never loaded into the asking process (its runtimes
// start threads and take signals): a rank server in its listing mode answers.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "launch/node.h"

namespace clopencl::launch {

// This machine: its cores, and what `clopencl-rankserver --list --json` would serve. Throws Error.
Node DiscoverThisNode();

// The devices in the answer of `clopencl-rankserver --list --json`. Throws Error.
std::vector<Device> DevicesFromListing(const std::string& text);

}  // namespace clopencl::launch
