// The thread on which callbacks of the application run: never inside MPI, never under a lock of ours.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace clopencl::frontend {

// Thread-safe. The thread starts with the first callback and runs them in the order of Add().
class CallbackThread {
 public:
  void Add(std::function<void()> callback);
  // No further callbacks run; the thread ends after the one it is in. Does not wait for it.
  void Stop();

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace clopencl::frontend
