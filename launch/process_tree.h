// Ending whole families of processes, found through /proc.
#pragma once

#include <sys/types.h>

#include <string>

namespace clopencl::launch {

// Kills the process and all its descendants with SIGKILL; they are stopped first, so that none escapes by
// forking. Descendants that a daemon's double fork has cut off are not found.
void KillTree(pid_t root);

// The process exists and is no zombie.
bool IsAlive(pid_t pid);

// Kills every other process of the session that was started with this entry ("NAME=value") in its
// environment.
void KillMarked(pid_t session, const std::string& entry);

}  // namespace clopencl::launch
