// Diagnostics: one line each on stderr, "clOpenCL[rank 2 @ node1] warning: …". Logged once, where an error is
// first seen.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace clopencl {

// The process's logger, created on first use with the level from CLOPENCL_LOG. Thread-safe.
spdlog::logger& Log();

// Puts who we are in front of every further line, for example "rank 2 @ node1".
void SetLogName(const std::string& who);

}  // namespace clopencl
