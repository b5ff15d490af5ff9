// Tells threads that something happened, without knowing what they wait for.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace clopencl {

// A count of things that happened, on which threads sleep until it changes. Cheap for who counts while nobody
// sleeps. Nothing is slept through: who reads the count, then looks, then sleeps until it is another, sleeps
// not at all when something happened since. Thread-safe.
class ProgressSignal {
 public:
  enum class Reach {
    kThreads,    // Of one process.
    kProcesses,  // That have it in shared memory.
  };

  explicit ProgressSignal(Reach reach = Reach::kThreads) : reach_(reach) {}
  ProgressSignal(const ProgressSignal&) = delete;
  ProgressSignal& operator=(const ProgressSignal&) = delete;

  uint32_t count() const { return state_.load() / kOnce; }

  // What the caller did before is visible to those who see the new count. Sleepers are woken once: until one
  // of them sleeps again, which may take them long, this is one atomic operation.
  void Happened() {
    uint32_t state = state_.load(std::memory_order_relaxed);
    while (!state_.compare_exchange_weak(state, (state & ~kSleepers) + kOnce)) {
    }
    if ((state & kSleepers) != 0) WakeAll();
  }

  // Sleeps until the count is another than `seen`, or that long. May return early. True when the count is
  // another.
  bool WaitForOther(uint32_t seen, std::chrono::nanoseconds at_most);

 private:
  static constexpr uint32_t kSleepers = 1;  // There may be some.
  static constexpr uint32_t kOnce = 2;

  void WakeAll();

  const Reach reach_;
  std::atomic<uint32_t> state_{0};  // The count, and whether there are sleepers.
};

}  // namespace clopencl
