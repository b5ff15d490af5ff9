#include "common/backoff.h"
#include "common/progress_signal.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace clopencl {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Times have generous upper bounds: a test machine may be busy. Lower bounds are exact.

TEST(ProgressSignal, EndsASleep) {
  ProgressSignal signal;
  const uint32_t seen = signal.count();
  const auto start = Clock::now();
  std::thread sleeper([&] { EXPECT_TRUE(signal.WaitForOther(seen, 60s)); });
  std::this_thread::sleep_for(20ms);
  signal.Happened();
  sleeper.join();
  EXPECT_LT(Clock::now() - start, 30s);
}

TEST(ProgressSignal, WithoutItASleepTakesItsTime) {
  ProgressSignal signal;
  const auto start = Clock::now();
  EXPECT_FALSE(signal.WaitForOther(signal.count(), 5ms));
  EXPECT_GE(Clock::now() - start, 5ms);
  EXPECT_FALSE(signal.WaitForOther(signal.count(), 0ns));
}

// Two threads that only wake each other: what is slept through shows as a sleep of a minute.
TEST(ProgressSignal, NothingIsSleptThrough) {
  constexpr int kRounds = 100000;
  const auto start = Clock::now();
  ProgressSignal signals[2];
  std::atomic<int> turn{0};
  const auto play = [&](int self) {
    for (int round = 0; round < kRounds; ++round) {
      for (;;) {
        const uint32_t seen = signals[self].count();
        if (turn.load() % 2 == self) break;
        EXPECT_TRUE(signals[self].WaitForOther(seen, 60s));
      }
      turn.fetch_add(1);
      signals[1 - self].Happened();
    }
  };
  std::thread other(play, 1);
  play(0);
  other.join();
  EXPECT_EQ(turn, 2 * kRounds);
  EXPECT_LT(Clock::now() - start, 55s);
}

TEST(ProgressSignal, ManyMaySetItOff) {
  constexpr int kThreads = 4, kTimes = 5000;
  ProgressSignal signal;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int time = 0; time < kTimes; ++time) signal.Happened();
    });
  }
  for (uint32_t seen = 0; seen < kThreads * kTimes; seen = signal.count())
    EXPECT_TRUE(signal.WaitForOther(seen, 60s));
  for (std::thread& thread : threads) thread.join();
}

TEST(ProgressSignal, WakesAllThatSleep) {
  ProgressSignal signal;
  const uint32_t seen = signal.count();
  std::atomic<int> woken{0};
  std::vector<std::thread> sleepers;
  for (int i = 0; i < 3; ++i) {
    sleepers.emplace_back([&] {
      while (signal.count() == seen) signal.WaitForOther(seen, 60s);
      ++woken;
    });
  }
  std::this_thread::sleep_for(20ms);
  const auto start = Clock::now();
  signal.Happened();
  for (std::thread& sleeper : sleepers) sleeper.join();
  EXPECT_EQ(woken, 3);
  EXPECT_LT(Clock::now() - start, 30s);
  signal.WaitForOther(seen, 60s);  // What happened before is not slept through.
  EXPECT_LT(Clock::now() - start, 30s);
}

WaitPolicy Policy(std::chrono::nanoseconds spin, std::chrono::nanoseconds yield,
                  std::chrono::nanoseconds min_sleep, std::chrono::nanoseconds max_sleep) {
  return {.spin = spin, .yield = yield, .min_sleep = min_sleep, .max_sleep = max_sleep};
}

// How often a thread switches by itself: each sleep is one.
long Sleeps() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

// In its next thousand pauses.
long SleepsOf(Backoff& backoff) {
  const long before = Sleeps();
  for (int i = 0; i < 1000; ++i) backoff.Pause();
  return Sleeps() - before;
}

TEST(Backoff, SpinsWithoutSleeping) {
  Backoff backoff(Policy(60s, 0s, 1s, 1s));
  EXPECT_EQ(SleepsOf(backoff), 0);
}

TEST(Backoff, SleepsAfterItSpunAndYielded) {
  Backoff backoff(Policy(1ms, 1ms, 200us, 200us));
  const auto start = Clock::now();
  while (Clock::now() - start < 3ms) backoff.Pause();
  const auto before = Clock::now();
  backoff.Pause();
  EXPECT_GE(Clock::now() - before, 200us);
}

TEST(Backoff, StartsOverAfterReset) {
  Backoff backoff(Policy(30s, 0s, 1s, 1s));
  backoff.Pause();
  backoff.Reset();
  EXPECT_EQ(SleepsOf(backoff), 0);
}

TEST(Backoff, PausesGrowWithTheTimeWaited) {
  Backoff backoff(Policy(0s, 0s, 10us, 5ms));
  const auto pause = [&] {
    const auto before = Clock::now();
    backoff.Pause();
    return Clock::now() - before;
  };
  pause();  // The wait begins.
  std::this_thread::sleep_for(400ms);
  EXPECT_GE(pause(), 2ms) << "1/200 of the time waited";
  std::this_thread::sleep_for(1600ms);
  EXPECT_GE(pause(), 5ms) << "the longest";
  backoff.Reset();
  int short_ones = 0;
  for (int i = 0; i < 10; ++i) short_ones += pause() < 2ms ? 1 : 0;
  EXPECT_GT(short_ones, 0) << "short again after work came";
}

TEST(Backoff, LooksRarelyWhereThatTakesTimeFromTheWork) {
  WaitPolicy policy = Policy(0s, 0s, 10us, 60s);
  policy.shares_cores = true;
  Backoff backoff(policy);
  backoff.Pause();  // The wait begins.
  std::this_thread::sleep_for(256ms);
  const auto start = Clock::now();
  backoff.Pause(Awaited::kWork);
  EXPECT_GE(Clock::now() - start, 4ms) << "1/64 of the time waited";
}

TEST(Backoff, WhereCoresAreFewItYieldsAtOnceWhileADeviceWorks) {
  WaitPolicy policy = Policy(60s, 0s, 1ms, 1ms);
  // Who yields or sleeps has exact timers from then on.
  const auto leaves_the_core = [&](Awaited what) {
    int slack = 0;
    std::thread([&] {
      prctl(PR_SET_TIMERSLACK, 50000, 0, 0, 0);
      Backoff backoff(policy);
      for (int i = 0; i < 100; ++i) backoff.Pause(what);
      slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    }).join();
    return slack == 1000;
  };
  EXPECT_FALSE(leaves_the_core(Awaited::kWork));
  policy.cramped = true;
  EXPECT_FALSE(leaves_the_core(Awaited::kAnswer));
  EXPECT_TRUE(leaves_the_core(Awaited::kWork));
}

// Who wants the core is known from the first yield that comes back late, though there is work by then.
TEST(Backoff, SleepsInsteadOfYieldingWhereOthersWantTheCore) {
  std::atomic<bool> over{false};
  const auto pin = [cpu = sched_getcpu()] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
  };
  std::thread other([&] {
    pin();
    while (!over) {
    }
  });
  std::thread([&] {
    pin();
    Backoff backoff(Policy(0s, 60s, 1ms, 1ms));
    const long before = Sleeps();
    const auto start = Clock::now();
    while (Sleeps() == before && Clock::now() - start < 20s) {
      backoff.Pause();
      backoff.Reset();
    }
    EXPECT_GT(Sleeps(), before);
  }).join();
  over = true;
  other.join();
}

TEST(Backoff, PausesDiffer) {
  Backoff backoff(Policy(0s, 0s, 10ms, 60s));
  std::set<int64_t> pauses;  // In half milliseconds.
  for (int i = 0; i < 8; ++i) {
    backoff.Reset();
    const auto before = Clock::now();
    backoff.Pause();
    const auto pause = Clock::now() - before;
    EXPECT_GE(pause, 10ms);
    pauses.insert(pause / 500us);
  }
  EXPECT_GT(pauses.size(), 1u);
}

TEST(Backoff, SleepLeavesOutTheOtherSteps) {
  Backoff backoff(Policy(60s, 60s, 2ms, 2ms));
  const auto start = Clock::now();
  backoff.Sleep();
  EXPECT_GE(Clock::now() - start, 2ms);
}

// A handler that takes its time makes them late, as another process does that has the core.
TEST(Backoff, SleepsLongerWhereSleepsEndLate) {
  struct sigaction action {};
  action.sa_handler = [](int) {
    const auto start = Clock::now();
    while (Clock::now() - start < 800us) {
    }
  };
  struct sigaction before;
  sigaction(SIGUSR1, &action, &before);
  std::atomic<bool> sleeping{false}, was_late{false};
  std::thread sleeper([&] {
    Backoff backoff(Policy(0s, 0s, 20us, 8ms));
    while (!was_late) {
      backoff.Sleep();
      sleeping = true;
    }
    backoff.Reset();
    for (const auto start = Clock::now(); Clock::now() - start < 10ms;) backoff.Sleep();
    for (int i = 0; i < 20; ++i) {
      const auto start = Clock::now();
      backoff.Sleep();
      EXPECT_GE(Clock::now() - start, 100us) << "a hundredth of the time waited";
    }
  });
  while (!sleeping) std::this_thread::yield();
  for (int i = 0; i < 10; ++i) {
    pthread_kill(sleeper.native_handle(), SIGUSR1);
    std::this_thread::sleep_for(2ms);
  }
  was_late = true;
  sleeper.join();
  sigaction(SIGUSR1, &before, nullptr);
}

TEST(Backoff, ASignalEndsItsSleep) {
  ProgressSignal signal;
  Backoff backoff(Policy(0s, 0s, 60s, 60s), &signal);
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    signal.Happened();
  });
  const auto start = Clock::now();
  backoff.Pause();
  EXPECT_LT(Clock::now() - start, 30s);
  other.join();
}

TEST(Backoff, StartsOverAfterASignal) {
  ProgressSignal signal;
  Backoff backoff(Policy(30s, 0s, 1s, 1s), &signal);
  backoff.Pause();
  signal.Happened();
  backoff.Sleep();
  EXPECT_EQ(SleepsOf(backoff), 0);
}

TEST(Backoff, LooksAllTheSameWhereThatIsFree) {
  ProgressSignal signal;
  WaitPolicy policy = Policy(0s, 0s, 10us, 60s);
  const auto sleeps = [&](Awaited what) {
    Backoff backoff(policy, &signal);
    backoff.Pause();  // The wait begins.
    std::this_thread::sleep_for(16ms);
    const long before = Sleeps();
    const auto start = Clock::now();
    while (Clock::now() - start < 8ms) backoff.Pause(what, Told::kBySignal);
    return Sleeps() - before;
  };
  policy.shares_cores = true;
  EXPECT_LE(sleeps(Awaited::kWork), 4) << "it takes a core from the work";
  policy.cramped = true;
  EXPECT_LE(sleeps(Awaited::kAnswer), 4) << "somebody else wants the core";
  policy.cramped = false;
  EXPECT_GT(sleeps(Awaited::kAnswer), 4);
}

TEST(Backoff, SleepsLongerWhereASignalTells) {
  ProgressSignal signal;
  Backoff backoff(Policy(0s, 0s, 10us, 60s), &signal);
  backoff.Pause();  // The wait begins.
  std::this_thread::sleep_for(200ms);
  auto start = Clock::now();
  backoff.Pause(Awaited::kWork, Told::kMostlyBySignal);
  EXPECT_GE(Clock::now() - start, 12ms) << "a sixteenth of the time waited";
  start = Clock::now();
  backoff.Pause(Awaited::kWork, Told::kBySignal);
  EXPECT_GE(Clock::now() - start, 50ms) << "a quarter of the time waited";
}

TEST(Backoff, SleepingMakesTheThreadsTimersExact) {
  std::thread([] {
    Backoff backoff(Policy(0s, 0s, 10us, 10us));
    backoff.Pause();
    EXPECT_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1000);
  }).join();
}

TEST(WaitPolicy, FollowsTheOptionsWhereCoresAreMany) {
  Config config;
  config.spin_us = 100;
  config.yield_us = 200;
  config.min_sleep_us = 3;
  const WaitPolicy policy = MakeWaitPolicy(config, 64, 4);
  EXPECT_EQ(policy.spin, 100us);
  EXPECT_EQ(policy.yield, 200us);
  EXPECT_EQ(policy.min_sleep, 3us);
  EXPECT_GE(policy.max_sleep, policy.min_sleep);
  EXPECT_FALSE(policy.cramped);
}

TEST(WaitPolicy, KnowsWhatWorkDoesOnTheseCores) {
  const Config config;
  EXPECT_TRUE(MakeWaitPolicy(config, 64, 4, true).shares_cores);
  EXPECT_FALSE(MakeWaitPolicy(config, 64, 4, false).shares_cores);
  EXPECT_TRUE(MakeWaitPolicy(config, 2, 2, true).shares_cores);
}

TEST(WaitPolicy, YieldsEarlyWhereCoresAreFew) {
  Config config;
  config.spin_us = 100;
  config.yield_us = 200;
  const WaitPolicy policy = MakeWaitPolicy(config, 2, 2);
  EXPECT_LE(policy.spin, 10us);
  EXPECT_EQ(policy.spin + policy.yield, 300us);
  EXPECT_TRUE(policy.cramped);
}

TEST(Machine, CoresAndRanksAreKnown) {
  EXPECT_GE(UsableCores(), 1u);
  EXPECT_GE(RanksOnNode(), 1u);
}

}  // namespace
}  // namespace clopencl
