// Commands of contexts that span servers which wait, directly or not, for a user event that is not set.
//
// Where the current contents of a memory object are follows from the order in which commands are posted
// (residency.h). What waits for the application may have to run after commands that are enqueued later:
//   enqueue A, which waits for a user event; enqueue B on another server; clFinish(B's queue); set the event
// So such a command is posted when the last user event it waits for is set; until then it does not exist for
// the servers. That order agrees with every order that events, in-order queues and the application's own
// waiting can ask for, and no server ever waits for what is posted later.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "frontend/core/event.h"
#include "frontend/core/queue.h"

namespace clopencl::frontend {

// All but `released` under the command mutex.
struct HeldCommand {
  explicit HeldCommand(Queue& its_queue) : queue(Ref(its_queue)) {}

  // Also waits for what these wait for.
  void Block(const std::vector<Ref<Event>>& unset);

  const Ref<Queue> queue;
  Ref<Event> event;                            // Null: nobody wants one.
  std::vector<Ref<Event>> unset;               // User events.
  std::vector<Ref<Event>> wait_list;           // As given.
  std::vector<std::function<void()>> actions;  // What posts it, in order.
  bool doomed = false;                         // Something in the wait list failed, so it will not run.
  std::atomic<bool> released{false};
};

// `event` is set: posts what waited for nothing else, in the order in which it was enqueued. Under the
// command mutex.
void ReleaseHeld(Context& context, const Event& event);

}  // namespace clopencl::frontend
