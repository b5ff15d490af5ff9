// How a thread waits for what it can only poll for: it spins, then yields, then sleeps with growing pauses.
// See docs/performance.md for the numbers and what they cost.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/config.h"
#include "common/progress_signal.h"

namespace clopencl {

// How long the steps take. A step of no length is left out.
struct WaitPolicy {
  using Duration = std::chrono::nanoseconds;
  Duration spin{};
  Duration yield{};
  // A pause is as long as a small, fixed part of the time waited so far: so what a sleep adds to a wait stays
  // in proportion to it. These bound it.
  Duration min_sleep{};
  Duration max_sleep{};
  // There are fewer cores than two for each rank: who waits for work that needs one does not spin.
  bool cramped = false;
  // The work that is waited for is done by these cores: each look takes time from it. Where cores are many
  // and others want them, too, who spins uses up his share, and gets no core when the work is done.
  bool shares_cores = false;
};

// What a thread waits for.
enum class Awaited {
  kAnswer,  // Of another process that is at it now: it comes soon.
  kWork,    // Of a device, which may be the cores of this node.
};

// How a thread learns that it came.
enum class Told {
  kByLooks,
  kMostlyBySignal,  // What it does not tell of can wait for a part of the time waited.
  kBySignal,        // Looks are for the case that the signal comes before what it tells of: few will do.
};

// The policy of the options, except that on a machine with `cores` for the `ranks` of this node to share, too
// few for all to spin and work, most of the spinning is spent yielding.
WaitPolicy MakeWaitPolicy(const Config& config, unsigned cores, unsigned ranks, bool shares_cores = false);

// Cores that this process may run on, as it was when first asked.
unsigned UsableCores();
// Ranks of the job on this node, from what the launchers of MPI put into the environment; 2 when they say
// nothing.
unsigned RanksOnNode();

// One thread's way through the steps. Not thread-safe; cheap to make, so a wait may have its own.
//
// Pauses of a thread differ by up to a half at random: two processes that pause for equally long and answer
// each other would fall into step, each asleep while the other looks.
//
// A thread that waited for longer than a moment has exact timers and short scheduler slices from then on, so
// that it is woken promptly beside busy processes; its share of the core stays what it was.
class Backoff {
 public:
  // `signal` ends sleeps early, and the steps start over; null: nobody does. It outlives this.
  explicit Backoff(const WaitPolicy& policy, ProgressSignal* signal = nullptr);
  // With the policy of these options for this process.
  explicit Backoff(const Config& config, ProgressSignal* signal = nullptr, bool shares_cores = false);
  Backoff(const Backoff&) = delete;
  Backoff& operator=(const Backoff&) = delete;

  // There was work: the steps start over.
  void Reset() { fresh_ = true; }

  // There was none: waits as the current step says.
  void Pause(Awaited what = Awaited::kAnswer, Told told = Told::kByLooks);

  // As Pause() in the steps before those that sleep. False, without a pause, when it is time to sleep, or to
  // leave a core to others where these are few: for a thread that another will wake.
  bool PauseAwake(Awaited what);

  // As Pause(), but sleeps in every step: for a thread that nobody waits for.
  void Sleep(Told told = Told::kByLooks);

 private:
  using Clock = std::chrono::steady_clock;
  using Duration = std::chrono::nanoseconds;

  enum class Step { kSpin, kYield, kSleep };

  void Begin();
  Step NextStep(Awaited what, Duration& elapsed);
  Duration SpinTime(Awaited what) const;
  // The awaited work is done by these cores.
  bool SharesCores(Awaited what) const { return what == Awaited::kWork && policy_.shares_cores; }
  // So is somebody else's, and cores are many.
  bool SharesBusyCores(Awaited what) const { return crowded_ && SharesCores(what) && !policy_.cramped; }
  // Cores are many and not at the awaited work: looks cost nobody anything, and keep a core awake for who is
  // back soon.
  bool LooksAreFree(Awaited what, Duration elapsed) const;
  Duration LeastSleep(Awaited what, Told told, Duration elapsed) const;
  void Yield();
  Duration Jitter(Duration pause);
  void SleepFor(Awaited what, Told told, Duration elapsed);
  void SleepUntilTold(Duration at_most);
  void NoteLateSleep(Clock::time_point now);

  const WaitPolicy policy_;
  ProgressSignal* const signal_;
  uint32_t seen_ = 0;  // Of the signal, before the last look.
  bool fresh_ = true;
  bool spinning_ = false;
  bool crowded_ = false;  // Others want the core: sleeping gets it back sooner than yielding.
  unsigned polls_ = 0;
  uint32_t random_;
  Clock::time_point since_{};       // When the wait began.
  Clock::time_point late_since_{};  // When the first or, if they are many, the last sleep ended late.
  int late_sleeps_ = 0;
};

}  // namespace clopencl
