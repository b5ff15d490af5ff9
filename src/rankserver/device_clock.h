// A native device's profiling clock, read from the host.
#pragma once

#include <cstdint>
#include <ctime>

namespace clopencl::rankserver {

// Relates CL_PROFILING_* times to the host's clock, so that transfers which are no native commands get times
// that fit between those of native ones. Not thread-safe.
class DeviceClock {
 public:
  // The host's own clock in nanoseconds.
  static int64_t HostNow();

  // A native command ended at `device_end` (CL_PROFILING_COMMAND_END); on the host it was enqueued at
  // `before` and seen complete at `after`. The tightest observation counts.
  void Observe(int64_t before, uint64_t device_end, int64_t after);

  bool known() const { return exact_ || window_ >= 0; }

  // Now, in the device's clock. 0 before the first observation.
  uint64_t Now() const;

 private:
  bool exact_ = false;  // The device uses clock_.
  clockid_t clock_ = CLOCK_MONOTONIC;
  int64_t window_ = -1;  // How far off offset_ may be; negative: not known.
  int64_t offset_ = 0;   // Device time minus host time.
};

}  // namespace clopencl::rankserver
