#include "rankserver/completion_queue.h"

namespace clopencl::rankserver {

CompletionQueue::~CompletionQueue() {
  for (Completion* next = TakeInOrder(); next != nullptr;) {
    std::unique_ptr<Completion> completion(std::exchange(next, next->next_));
  }
}

void CompletionQueue::Post(std::unique_ptr<Completion> completion) {
  Completion* const added = completion.release();
  Completion* newest = newest_.load(std::memory_order_relaxed);
  do {
    added->next_ = newest;
  } while (
      !newest_.compare_exchange_weak(newest, added, std::memory_order_release, std::memory_order_relaxed));
  if (newest == nullptr && ring_) ring_();
}

Completion* CompletionQueue::TakeInOrder() {
  Completion* newest = newest_.exchange(nullptr, std::memory_order_acquire);
  Completion* in_order = nullptr;
  while (newest != nullptr) {
    Completion* const next = newest->next_;
    newest->next_ = in_order;
    in_order = newest;
    newest = next;
  }
  return in_order;
}

bool CompletionQueue::RunAll() {
  if (empty()) return false;
  for (Completion* next = TakeInOrder(); next != nullptr;) {
    std::unique_ptr<Completion> completion(std::exchange(next, next->next_));
    completion->Run();
  }
  return true;
}

}  // namespace clopencl::rankserver
