#include "frontend/callbacks.h"

#include <csignal>

namespace clopencl::frontend {

void CallbackThread::Add(std::function<void()> callback) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  queue_.push_back(std::move(callback));
  if (!started_) {
    started_ = true;
    // Signals belong to the application's threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    std::thread([this] { Run(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  changed_.notify_one();
}

void CallbackThread::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  queue_.clear();
  changed_.notify_one();
}

void CallbackThread::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
    if (stopped_) return;
    const auto callback = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    callback();
    lock.lock();
  }
}

}  // namespace clopencl::frontend
