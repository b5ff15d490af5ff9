// Tells threads that something happened, without knowing what they wait for.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace clopencl {

// A count of things that happened, on which threads sleep until it changes. Cheap for who counts while nobody
// sleeps. Thread-safe.
class ProgressSignal {
 public:
  uint32_t count() const { return count_.load(); }

  // What the caller did before is visible to those who see the new count.
  void Happened() {
    count_.fetch_add(1);
    if (sleepers_.load() != 0) WakeAll();
  }

  // Sleeps until the count is another than `seen`, or that long. May return early.
  void WaitForOther(uint32_t seen, std::chrono::nanoseconds at_most);

 private:
  void WakeAll();

  std::atomic<uint32_t> count_{0};
  std::atomic<uint32_t> sleepers_{0};
};

}  // namespace clopencl
