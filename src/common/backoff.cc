#include "common/backoff.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace clopencl {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// A poll takes tens of nanoseconds, as the clock does; so the clock is read once in so many polls.
constexpr unsigned kPollsPerClock = 8;

// Sleeps end up to 50 us late by default.
constexpr unsigned long kTimerSlackNs = 1000;

timespec ToTimespec(nanoseconds duration) {
  constexpr int64_t kSecond = 1000000000;
  return {static_cast<time_t>(duration.count() / kSecond), static_cast<long>(duration.count() % kSecond)};
}

void SpinHint() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

}  // namespace

bool Doorbell::WaitFor(nanoseconds at_most) {
  uint32_t expected = kQuiet;
  if (at_most.count() > 0 && state_.compare_exchange_strong(expected, kSleeping, std::memory_order_acq_rel)) {
    const timespec timeout = ToTimespec(at_most);
    static_assert(sizeof state_ == sizeof(uint32_t));
    syscall(SYS_futex, reinterpret_cast<uint32_t*>(&state_), FUTEX_WAIT_PRIVATE, kSleeping, &timeout, nullptr,
            0);
  }
  return state_.exchange(kQuiet, std::memory_order_acq_rel) == kRung;
}

void Doorbell::Wake() {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&state_), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

unsigned UsableCores() {
  static const unsigned cores = [] {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
    return std::max(1u, std::thread::hardware_concurrency());  // More than 1,024 cores.
  }();
  return cores;
}

unsigned RanksOnNode() {
  static const unsigned ranks = [] {
    for (const char* name : {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_TASKS_PER_NODE"}) {
      const char* text = std::getenv(name);
      unsigned count = 0;
      if (text == nullptr) continue;
      if (std::from_chars(text, text + std::strlen(text), count).ec == std::errc{} && count > 0) return count;
    }
    return 2u;
  }();
  return ranks;
}

WaitPolicy MakeWaitPolicy(const Config& config, unsigned cores, unsigned ranks) {
  WaitPolicy policy;
  policy.spin = microseconds(config.spin_us);
  policy.yield = microseconds(config.yield_us);
  policy.min_sleep = microseconds(config.min_sleep_us);
  policy.max_sleep = std::max(policy.min_sleep, nanoseconds(microseconds(config.max_sleep_us)));
  policy.idle_after = milliseconds(config.idle_ms);
  policy.idle_sleep = std::max(policy.max_sleep, nanoseconds(microseconds(config.idle_sleep_us)));
  // A rank has more to do than to wait: kernels, the program's own threads.
  if (cores < 2 * ranks) {
    policy.yield += policy.spin;
    policy.spin = {};
  }
  return policy;
}

Backoff::Backoff(const Config& config, Doorbell* doorbell)
    : Backoff(MakeWaitPolicy(config, UsableCores(), RanksOnNode()), doorbell) {}

Backoff::~Backoff() {
  if (usual_slack_ != 0) prctl(PR_SET_TIMERSLACK, usual_slack_, 0, 0, 0);
}

void Backoff::Begin() {
  fresh_ = false;
  spinning_ = policy_.spin.count() > 0;
  polls_ = 0;
  since_ = Clock::now();
  next_sleep_ = policy_.min_sleep;
}

void Backoff::Pause(nanoseconds at_most) {
  if (fresh_) Begin();
  if (spinning_ && ++polls_ % kPollsPerClock != 0) return SpinHint();
  const nanoseconds elapsed = Clock::now() - since_;
  spinning_ = elapsed < policy_.spin;
  if (spinning_) {
    SpinHint();
  } else if (elapsed < policy_.spin + policy_.yield) {
    sched_yield();
  } else {
    SleepFor(elapsed, at_most);
  }
}

void Backoff::Sleep(nanoseconds at_most) {
  if (fresh_) Begin();
  SleepFor(Clock::now() - since_, at_most);
}

void Backoff::SleepFor(nanoseconds elapsed, nanoseconds at_most) {
  if (usual_slack_ == 0) {
    const int slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    usual_slack_ = slack > 0 ? static_cast<unsigned long>(slack) : kTimerSlackNs;
    prctl(PR_SET_TIMERSLACK, kTimerSlackNs, 0, 0, 0);
  }
  const nanoseconds longest = elapsed < policy_.idle_after ? policy_.max_sleep : policy_.idle_sleep;
  const nanoseconds pause = std::min({next_sleep_, longest, at_most});
  next_sleep_ = std::min(next_sleep_ + next_sleep_ / 2, longest);
  if (doorbell_ != nullptr) {
    doorbell_->WaitFor(pause);
  } else if (pause.count() > 0) {
    const timespec request = ToTimespec(pause);
    nanosleep(&request, nullptr);
  }
}

}  // namespace clopencl
