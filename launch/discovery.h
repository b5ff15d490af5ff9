// What native OpenCL devices a machine has. OpenCL is never loaded into the asking process (its runtimes
// start threads and take signals): a rank server in its listing mode answers.
#pragma once

#include <string>
#include <vector>

#include "launch/child_process.h"
#include "launch/node.h"

namespace clopencl::launch {

// What the OpenCL platforms of this machine offer to a process with these changes to our environment. Throws
// Error.
std::vector<Device> ListDevices(const EnvironmentChanges& changes);

// This machine: its cores, and what `clopencl-rankserver --list --json` would serve. Throws Error.
Node DiscoverThisNode();

// The devices in the answer of `clopencl-rankserver --list --json`. Throws Error.
std::vector<Device> DevicesFromListing(const std::string& text);

}  // namespace clopencl::launch
