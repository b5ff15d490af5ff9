#include "common/backoff.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "common/local_ranks.h"

namespace clopencl {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// A poll takes tens of nanoseconds, as the clock does; so the clock is read once in so many polls.
constexpr unsigned kPollsPerClock = 8;

// From 40 ms without work on, a pause takes this part of it; before, who waits for a message sleeps for a
// smaller part: somebody who is back after 10 ms finds it within 30 us.
constexpr int kSleepDivisor = 200;
constexpr nanoseconds kSettled = milliseconds(40);
// Where each look takes time from the work.
constexpr int kSharedSleepDivisor = 64;

// Who wakes often has no claim to be woken at once any more when others want the core, too: then a sleep
// lasts for the rest of somebody's time slice, milliseconds. Longer pauses keep the claim.
constexpr nanoseconds kLateSleep = microseconds(500);
constexpr int kLateSleeps = 4;  // So many within kLateFor are no chance.
constexpr nanoseconds kLateFor = std::chrono::seconds(1);
constexpr int kLateSleepDivisor = 100;

// Where cores are few: one answer over a fast link.
constexpr nanoseconds kCrampedSpin = microseconds(10);

// Where looks are only for what the signal does not tell of.
constexpr int kMostlyToldSleepDivisor = 16;

// Where they are only a safeguard.
constexpr int kToldSleepDivisor = 4;
constexpr int kToldLongestSleeps = 12;  // The longest sleep is as many of the policy's longest.

// Sleeps end up to 50 us late by default.
constexpr unsigned long kTimerSlackNs = 1000;

// The shortest slice that Linux grants. Threads with shorter slices take the core from those with longer ones
// when they wake.
constexpr uint64_t kSliceNs = 100000;

// Coming back from a yield so late means that others want the core; that is believed for a while by all waits
// of the process.
constexpr nanoseconds kCrowdedYield = microseconds(200);
// What a short sleep takes there: an answer that comes within is had without one.
constexpr nanoseconds kCrowdedSpin = microseconds(30);
constexpr nanoseconds kCrowdedFor = std::chrono::seconds(1);
// Where cores are few, it may have been the work that is waited for.
constexpr nanoseconds kCrampedCrowdedFor = milliseconds(100);
// In place of the spin and the short sleep where the work is done by these cores, too.
constexpr nanoseconds kSharedSpin = microseconds(4);
constexpr nanoseconds kSharedSleep = microseconds(5);
std::atomic<int64_t> crowded_until_ns{0};

// As <linux/sched/types.h> has it, which does not go together with <sched.h>.
struct SchedulerAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;  // SCHED_OTHER: the slice, since Linux 6.12; earlier 0 and ignored.
  uint64_t deadline;
  uint64_t period;
};

// Once for each thread. Not put back when the wait ends: that would cost more than the wait, and the thread
// would be late for its next one.
void TuneThread() {
  thread_local bool tuned = false;
  if (std::exchange(tuned, true)) return;
  prctl(PR_SET_TIMERSLACK, kTimerSlackNs, 0, 0, 0);
  SchedulerAttributes attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.policy != SCHED_OTHER || attributes.runtime <= kSliceNs) return;
  attributes.runtime = kSliceNs;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

timespec ToTimespec(nanoseconds duration) {
  constexpr int64_t kSecond = 1000000000;
  return {static_cast<time_t>(duration.count() / kSecond), static_cast<long>(duration.count() % kSecond)};
}

// Differs between processes. Not 0.
uint32_t ProcessSeed() {
  static const uint32_t seed = static_cast<uint32_t>(getpid()) | 1;  // A system call in each wait would show.
  return seed;
}

void SpinHint() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

}  // namespace

unsigned UsableCores() {
  static const unsigned cores = [] {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
    return std::max(1u, std::thread::hardware_concurrency());  // More than 1,024 cores.
  }();
  return cores;
}

unsigned RanksOnNode() {
  static const unsigned ranks = FindLocalRanks().value_or(LocalRanks{.count = 2}).count;
  return ranks;
}

WaitPolicy MakeWaitPolicy(const Config& config, unsigned cores, unsigned ranks, bool shares_cores) {
  WaitPolicy policy;
  policy.spin = microseconds(config.spin_us);
  policy.yield = microseconds(config.yield_us);
  policy.min_sleep = microseconds(config.min_sleep_us);
  policy.max_sleep = std::max(policy.min_sleep, nanoseconds(microseconds(config.idle_sleep_us)));
  // A rank has more to do than to wait: kernels, the program's own threads.
  policy.cramped = cores < 2 * ranks;
  policy.shares_cores = shares_cores;
  if (policy.cramped && policy.spin > kCrampedSpin) {
    policy.yield += policy.spin - kCrampedSpin;
    policy.spin = kCrampedSpin;
  }
  return policy;
}

Backoff::Backoff(const WaitPolicy& policy, ProgressSignal* signal)
    : policy_(policy), signal_(signal), random_(ProcessSeed()) {}

Backoff::Backoff(const Config& config, ProgressSignal* signal, bool shares_cores)
    : Backoff(MakeWaitPolicy(config, UsableCores(), RanksOnNode(), shares_cores), signal) {}

void Backoff::Begin() {
  fresh_ = false;
  spinning_ = policy_.spin.count() > 0;
  polls_ = 0;
  // What happened since the last look is noticed after the first sleep, which is short.
  if (signal_ != nullptr) seen_ = signal_->count();
  since_ = Clock::now();
  crowded_ = since_.time_since_epoch().count() < crowded_until_ns.load(std::memory_order_relaxed);
}

Backoff::Duration Backoff::SpinTime(Awaited what) const {
  if (what == Awaited::kWork && policy_.cramped) return Duration(0);
  if (!crowded_) return policy_.spin;
  if (SharesBusyCores(what)) return std::min(kSharedSpin, policy_.spin + policy_.yield);
  return std::max(policy_.spin, std::min(kCrowdedSpin, policy_.spin + policy_.yield));
}

Backoff::Step Backoff::NextStep(Awaited what, Duration& elapsed) {
  if (fresh_) Begin();
  const Duration spin = SpinTime(what);
  if (spinning_ && spin.count() > 0 && ++polls_ % kPollsPerClock != 0) return Step::kSpin;
  elapsed = Clock::now() - since_;
  spinning_ = elapsed < spin;
  if (spinning_) return Step::kSpin;
  return elapsed < policy_.spin + policy_.yield && !crowded_ ? Step::kYield : Step::kSleep;
}

void Backoff::Pause(Awaited what, Told told) {
  Duration elapsed{};
  switch (NextStep(what, elapsed)) {
    case Step::kSpin:
      return SpinHint();
    case Step::kYield:
      return Yield();
    case Step::kSleep:
      return SleepFor(what, told, elapsed);
  }
}

bool Backoff::PauseAwake(Awaited what) {
  Duration elapsed{};
  const Step step = NextStep(what, elapsed);
  if (step == Step::kSleep || (step == Step::kYield && policy_.cramped)) return false;
  step == Step::kSpin ? SpinHint() : Yield();
  return true;
}

void Backoff::Yield() {
  TuneThread();
  const Clock::time_point before = Clock::now();
  sched_yield();
  const Clock::time_point now = Clock::now();
  if (now - before <= kCrowdedYield) return;
  crowded_ = true;
  const Duration believed = policy_.cramped ? kCrampedCrowdedFor : kCrowdedFor;
  crowded_until_ns.store((now + believed).time_since_epoch().count(), std::memory_order_relaxed);
}

// At random, up to half of it.
Backoff::Duration Backoff::Jitter(Duration pause) {
  // Marsaglia's xorshift.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return pause * (random_ & 0xff) / 512;
}

void Backoff::Sleep(Told told) {
  if (fresh_) Begin();
  SleepFor(Awaited::kAnswer, told, Clock::now() - since_);
}

bool Backoff::LooksAreFree(Awaited what, Duration elapsed) const {
  return !policy_.cramped && !SharesCores(what) && elapsed < kSettled;
}

Backoff::Duration Backoff::LeastSleep(Awaited what, Told told, Duration elapsed) const {
  if (told == Told::kBySignal) return std::max(elapsed / kToldSleepDivisor, policy_.min_sleep);
  if (told == Told::kMostlyBySignal)
    return std::clamp(elapsed / kMostlyToldSleepDivisor, policy_.min_sleep, policy_.max_sleep);
  if (what == Awaited::kAnswer && elapsed < kSettled) {
    Duration part = elapsed / kSleepDivisor * (elapsed / microseconds(1)) / (kSettled / microseconds(1));
    if (late_sleeps_ >= kLateSleeps && since_ + elapsed < late_since_ + kLateFor)
      part = std::max(part, elapsed / kLateSleepDivisor);
    return std::clamp(part, policy_.min_sleep, policy_.max_sleep);
  }
  const Duration part = elapsed / (SharesCores(what) ? kSharedSleepDivisor : kSleepDivisor);
  const Duration shortest =
      SharesBusyCores(what) ? std::min(kSharedSleep, policy_.min_sleep) : policy_.min_sleep;
  return std::clamp(part, shortest, policy_.max_sleep);
}

void Backoff::SleepFor(Awaited what, Told told, Duration elapsed) {
  TuneThread();
  if (signal_ == nullptr || LooksAreFree(what, elapsed)) told = Told::kByLooks;
  const Duration least = LeastSleep(what, told, elapsed);
  const Duration longest = policy_.max_sleep * (told == Told::kBySignal ? kToldLongestSleeps : 1);
  const Duration pause = std::min(least + Jitter(least), longest);
  SleepUntilTold(pause);
  const Clock::time_point now = Clock::now();
  if (now - since_ > elapsed + pause + kLateSleep) NoteLateSleep(now);
}

void Backoff::SleepUntilTold(Duration at_most) {
  if (signal_ == nullptr) {
    const timespec request = ToTimespec(at_most);
    if (at_most.count() > 0) nanosleep(&request, nullptr);
  } else if (signal_->WaitForOther(seen_, at_most)) {
    Reset();
  }
}

// Once there are enough, each further one prolongs it.
void Backoff::NoteLateSleep(Clock::time_point now) {
  if (now - late_since_ > kLateFor) late_sleeps_ = 0;
  if (late_sleeps_ == 0 || late_sleeps_ >= kLateSleeps) late_since_ = now;
  ++late_sleeps_;
}

}  // namespace clopencl
