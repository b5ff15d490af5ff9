// Every CLOPENCL_* environment variable, listed once. Both sides read them at start-up; `clrun` passes them
// on.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace clopencl {

struct Config {
  // Who this process is (set by clrun, the launcher and the rank server, not by users). CLOPENCL_ROLE:
  // "frontend" or "server".
  std::string role;
  // A directory private to the job on rank 0's node, where the driver marks that it joined. CLOPENCL_JOB_DIR.
  std::string job_dir;

  // How a side waits (docs/performance.md): spins for spin_us, then yields for yield_us, then sleeps with
  // pauses that grow with the time waited from min_sleep_us to idle_sleep_us. CLOPENCL_SPIN_US,
  // CLOPENCL_YIELD_US, CLOPENCL_MIN_SLEEP_US, CLOPENCL_IDLE_SLEEP_US.
  uint32_t spin_us = 50;
  uint32_t yield_us = 2000;
  uint32_t min_sleep_us = 20;
  uint32_t idle_sleep_us = 8000;

  // Data up to inline_bytes rides inside messages; more travels as payloads in pieces of chunk_bytes.
  // CLOPENCL_INLINE_BYTES, CLOPENCL_CHUNK_BYTES.
  uint64_t inline_bytes = 4096;
  uint64_t chunk_bytes = uint64_t{1} << 20;
  // Pinned staging chunks in use at once for one transfer on a device without unified memory.
  // CLOPENCL_STAGING_DEPTH.
  uint32_t staging_depth = 4;
  // Commands are packed until a packet has this size, somebody waits, or flush_us passed.
  // CLOPENCL_BATCH_BYTES, CLOPENCL_FLUSH_US.
  uint64_t batch_bytes = 8192;
  uint32_t flush_us = 50;
  // Bytes of packets in flight to one server before a caller has to wait. CLOPENCL_WINDOW_BYTES.
  uint64_t window_bytes = uint64_t{32} << 20;

  // At the end, a timeline of the whole job in this file, and counts on stderr (clrun --trace, --stats).
  // CLOPENCL_TRACE, CLOPENCL_STATS=1.
  std::string trace_file;
  bool stats = false;

  // All devices of all nodes as one platform. CLOPENCL_MERGE=1.
  bool merge = false;
  // error, warn, info, debug, trace. CLOPENCL_LOG.
  std::string log_level = "warn";
};

// Read from the environment at the first call. A value that can't be understood is reported on stderr once,
// and the default holds. Thread-safe.
const Config& GetConfig();

}  // namespace clopencl
