// Entry points that are observed: clrun --stats and --trace.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace clopencl::frontend {

// One entry point. What it counts is thread-safe.
struct CallSite {
  std::string_view name;  // Without the "cl" in front.
  std::atomic<uint64_t> calls{0};
  std::atomic<int64_t> total_ns{0};
};

// The call that the application is in on this thread; null: none.
inline thread_local CallSite* current_call = nullptr;

// From the beginning of an observed call to its end.
class CallScope {
 public:
  explicit CallScope(CallSite& site);
  ~CallScope();
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  CallSite& site_;
  CallSite* const outer_;
  const int64_t begin_ns_;
};

}  // namespace clopencl::frontend
