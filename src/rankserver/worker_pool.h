// A few threads for native calls that take long: builds and what depends on them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace clopencl::rankserver {

// Threads start with the first job. Jobs run in any order. Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(unsigned max_threads) : max_threads_(max_threads) {}
  // Waits for the jobs that run; those that did not start are dropped.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Run(std::function<void()> job);

  // Whether any job runs or waits.
  bool busy() const;

 private:
  void Work();

  const unsigned max_threads_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  unsigned running_ = 0;
  bool stopping_ = false;
};

}  // namespace clopencl::rankserver
