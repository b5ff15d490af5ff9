#include "rankserver/worker_pool.h"

#include <utility>

namespace clopencl::rankserver {

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Run(std::function<void()> job) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (running_ + jobs_.size() > threads_.size() && threads_.size() < max_threads_) {
      threads_.emplace_back([this] { Work(); });
    }
  }
  wake_.notify_one();
}

bool WorkerPool::busy() const {
  std::lock_guard lock(mutex_);
  return running_ > 0 || !jobs_.empty();
}

void WorkerPool::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    ++running_;
    lock.unlock();
    job();
    job = nullptr;  // What it captured goes before it counts as done.
    lock.lock();
    --running_;
  }
}

}  // namespace clopencl::rankserver
