// What this process does to itself before OpenCL is loaded: its environment, its CPUs, its end.
#pragma once

#include <string>
#include <vector>

#include "rankserver/offer.h"

namespace clopencl::rankserver {

// Says that this process is a rank server and hides our own driver from the ICD loader.
void PrepareEnvironment();

// Binds this process and the threads it will start to these CPUs, and has PoCL offer as many compute units.
// Has to come before OpenCL is loaded. False when it can't be done; `error` says why.
bool PinToCpus(const std::vector<unsigned>& cpus, std::string& error);

// The CPUs of this process that are its own when `share.servers` processes divide them core by core. All of
// them when there are fewer cores than processes.
std::vector<unsigned> ShareOfCpus(Share share);

// This process among those of its node, if the launcher of MPI says so: rank 0 of the job is no server.
Share ShareOfNode();

// A thread that ends the process when its parent does (mpirun's daemon, whose end can otherwise go
// unnoticed).
void EndWithParent();

std::string HostName();

}  // namespace clopencl::rankserver
