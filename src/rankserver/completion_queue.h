// What native callbacks and worker threads hand to the event loop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace clopencl::rankserver {

// Runs once in the event loop, then is destroyed there.
class Completion {
 public:
  virtual ~Completion() = default;
  virtual void Run() = 0;

 private:
  friend class CompletionQueue;
  Completion* next_ = nullptr;
};

// Post() may be called from any thread, also inside native callbacks: it takes no lock. Everything else
// belongs to the event loop.
class CompletionQueue {
 public:
  // `ring` is called from the posting thread when the queue was empty, to wake a sleeping loop; it must not
  // block for long.
  explicit CompletionQueue(std::function<void()> ring) : ring_(std::move(ring)) {}
  ~CompletionQueue();
  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;

  // After Close() the completion is only destroyed.
  void Post(std::unique_ptr<Completion> completion);

  // Nobody runs what is posted from now on. What was posted is destroyed.
  void Close();

  // Runs what was posted, in order. False when there was nothing.
  bool RunAll();

  bool empty() const {
    const Completion* newest = newest_.load(std::memory_order_relaxed);
    return newest == nullptr || newest == Closed();
  }

  // How many native callbacks that will post here are registered and did not come yet. Teardown waits for
  // them.
  void Expect() { expected_.fetch_add(1, std::memory_order_relaxed); }
  void Arrived() { expected_.fetch_sub(1, std::memory_order_release); }
  int expected() const { return expected_.load(std::memory_order_acquire); }

 private:
  // In place of the newest one. Nothing is there.
  static Completion* Closed() { return reinterpret_cast<Completion*>(alignof(Completion)); }

  // What there is, the oldest first; `then` is left in its place.
  Completion* TakeInOrder(Completion* then);

  const std::function<void()> ring_;
  std::atomic<Completion*> newest_{nullptr};
  std::atomic<int> expected_{0};
};

// A completion out of any callable.
template <typename Function>
std::unique_ptr<Completion> MakeCompletion(Function function) {
  class FunctionCompletion final : public Completion {
   public:
    explicit FunctionCompletion(Function run) : run_(std::move(run)) {}
    void Run() override { run_(); }

   private:
    Function run_;
  };
  return std::make_unique<FunctionCompletion>(std::move(function));
}

}  // namespace clopencl::rankserver
