#include "common/progress_signal.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>

namespace clopencl {
namespace {

int Operation(int operation, ProgressSignal::Reach reach) {
  return reach == ProgressSignal::Reach::kThreads ? operation | FUTEX_PRIVATE_FLAG : operation;
}

}  // namespace

bool ProgressSignal::WaitForOther(uint32_t seen, std::chrono::nanoseconds at_most) {
  static_assert(sizeof state_ == sizeof(uint32_t));
  if (at_most.count() <= 0) return count() != seen;
  if (state_.fetch_or(kSleepers) / kOnce != seen) return true;
  const timespec timeout = {static_cast<time_t>(at_most.count() / 1000000000),
                            static_cast<long>(at_most.count() % 1000000000)};
  // Either Happened() sees that there are sleepers, or the kernel sees the new count.
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&state_), Operation(FUTEX_WAIT, reach_),
          seen * kOnce | kSleepers, &timeout, nullptr, 0);
  return count() != seen;
}

void ProgressSignal::WakeAll() {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&state_), Operation(FUTEX_WAKE, reach_), INT_MAX, nullptr,
          nullptr, 0);
}

}  // namespace clopencl
