#include "rankserver/completion_queue.h"

namespace clopencl::rankserver {

CompletionQueue::~CompletionQueue() { Close(); }

void CompletionQueue::Close() {
  for (Completion* next = TakeInOrder(Closed()); next != nullptr;) {
    std::unique_ptr<Completion> completion(std::exchange(next, next->next_));
  }
}

void CompletionQueue::Post(std::unique_ptr<Completion> completion) {
  Completion* const added = completion.release();
  Completion* newest = newest_.load(std::memory_order_relaxed);
  do {
    if (newest == Closed()) return delete added;
    added->next_ = newest;
  } while (
      !newest_.compare_exchange_weak(newest, added, std::memory_order_release, std::memory_order_relaxed));
  if (newest == nullptr && ring_) ring_();
}

Completion* CompletionQueue::TakeInOrder(Completion* then) {
  Completion* newest = newest_.exchange(then, std::memory_order_acquire);
  if (newest == Closed()) return nullptr;
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
  for (Completion* next = TakeInOrder(nullptr); next != nullptr;) {
    std::unique_ptr<Completion> completion(std::exchange(next, next->next_));
    completion->Run();
  }
  return true;
}

}  // namespace clopencl::rankserver
