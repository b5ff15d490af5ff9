#include "common/progress_signal.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>

namespace clopencl {

void ProgressSignal::WaitForOther(uint32_t seen, std::chrono::nanoseconds at_most) {
  static_assert(sizeof count_ == sizeof(uint32_t));
  const timespec timeout = {static_cast<time_t>(at_most.count() / 1000000000),
                            static_cast<long>(at_most.count() % 1000000000)};
  // Either Happened() sees the sleeper, or the kernel sees the new count.
  sleepers_.fetch_add(1);
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&count_), FUTEX_WAIT_PRIVATE, seen, &timeout, nullptr, 0);
  sleepers_.fetch_sub(1);
}

void ProgressSignal::WakeAll() {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&count_), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace clopencl
