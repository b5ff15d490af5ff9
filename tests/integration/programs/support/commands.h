// Small commands whose order can be told afterwards: each appends a number to a log on the device.
#pragma once

#include <string>
#include <vector>

#include "support/device.h"

namespace clopencl::programs {

class CommandLog {
 public:
  CommandLog(const Device& device, cl_context context);

  // Enqueues a kernel that appends `value`. Kernels on several queues must not run at the same time.
  void Append(cl_command_queue queue, cl_int value, const std::vector<cl_event>& wait = {},
              cl_event* event = nullptr);
  // As Append, but the kernel first computes for a while.
  void AppendSlowly(cl_command_queue queue, cl_int value, const std::vector<cl_event>& wait = {},
                    cl_event* event = nullptr);
  // What was appended, after all commands of `queue`.
  std::vector<cl_int> Values(cl_command_queue queue) const;
  // Expects what was appended to be `expected`.
  void ExpectValues(cl_command_queue queue, const std::vector<cl_int>& expected,
                    const std::string& name) const;

 private:
  static constexpr size_t kCapacity = 1 << 16;

  void Enqueue(cl_command_queue queue, cl_int value, cl_int rounds, const std::vector<cl_event>& wait,
               cl_event* event);

  Program program_;
  Kernel kernel_;
  Mem log_;
};

// The list's address, or null when it is empty, as enqueue functions want it.
inline const cl_event* ListOf(const std::vector<cl_event>& events) {
  return events.empty() ? nullptr : events.data();
}
inline cl_uint CountOf(const std::vector<cl_event>& events) { return static_cast<cl_uint>(events.size()); }

Event MakeUserEvent(cl_context context);

// Waits until `condition()` holds, at most `seconds`; whether it does.
template <typename Condition>
bool Eventually(Condition condition, double seconds = 20);

// The clock and the pause of Eventually.
double Now();
void ShortPause();

template <typename Condition>
bool Eventually(Condition condition, double seconds) {
  const double deadline = Now() + seconds;
  while (!condition()) {
    if (Now() > deadline) return condition();
    ShortPause();
  }
  return true;
}

}  // namespace clopencl::programs
