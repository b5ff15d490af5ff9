// Where our own files lie: found relative to the running binary, so that the build folder, an installation
// and a copy of it elsewhere all work.
#pragma once

#include <string>

namespace clopencl::launch {

// The folder of the running executable.
std::string SelfDirectory();

// Absolute paths. Throw Error, which says where the file was expected.
std::string FindBinary(const std::string& name);  // Beside us: "clopencl-rankserver".
std::string FindDriver();                         // libclopencl.so
std::string FindShared(const std::string& name);  // "transport/tcp.conf" below share/clopencl

// The mpirun to use: $CLOPENCL_MPIRUN, else the one of the MPI that we were built with, else the one in PATH.
std::string FindMpirun();

// As a shell would find it: with a slash as it is, else along PATH. Empty if there is none; `executable` says
// whether it may be run.
std::string FindProgram(const std::string& name, bool& executable);

// $TMPDIR or /tmp, whichever leaves room for the names of sockets.
std::string TemporaryDirectory();

// This machine's name as MPI shows it.
std::string HostName();

}  // namespace clopencl::launch
