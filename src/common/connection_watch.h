// Sees that a machine no longer takes what mpirun, or its daemon, sends it. Keepalive, which mpirun can be
// told to use, only works on idle connections; with data under way the kernel goes on trying for a quarter of
// an hour.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace clopencl {

// The other ends ("10.1.0.7", "fd00::7") of those connections in the text of /proc/net/tcp or tcp6, of
// sockets with these inodes, on which the kernel has sent the same data again and again for some six seconds.
std::vector<std::string> StuckPeers(const std::string& table, const std::set<uint64_t>& inodes);

// The first of the hosts to which the process has such a connection; an address when it is none of theirs;
// empty when all is well.
std::string FindStuckHost(pid_t process, const std::vector<std::string>& hosts);

// The parent of this process, if that is mpirun or its daemon on another machine ("orted"), and of a job on
// several machines; else -1. Looking at its connections takes milliseconds.
pid_t ParentOfMpi();

}  // namespace clopencl
