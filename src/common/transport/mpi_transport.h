// The transport over MPI 2.1, all on MPI_COMM_WORLD.
#pragma once

#include <memory>
#include <string>

#include "common/transport/transport.h"

namespace clopencl::transport {

// Joins the MPI job: initialises MPI (once in a process's life, from any thread) and leaves the program's own
// signal handlers as they were. Null when that can't be done; `error` then says why. Collective: returns when
// every rank of the job has come. The transport must be closed, not just destroyed, or the job counts as
// failed.
std::unique_ptr<Transport> JoinMpi(std::string& error);

}  // namespace clopencl::transport
