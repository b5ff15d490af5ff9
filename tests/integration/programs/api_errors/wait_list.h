// The cases that every enqueue function has.
#pragma once

#include "api_errors/fixture.h"

namespace clopencl::programs {

// What a call works on. Shared virtual memory in a queue of another context is not defined, so there is no
// case of it.
enum class Works { kOnObjects, kOnNothing, kOnSharedMemory };

// `enqueue(queue, count, list, event)` makes an otherwise valid call.
template <typename Enqueue>
void WaitListCases(Suite& s, Fixture& f, Enqueue enqueue, Works works = Works::kOnObjects) {
  const cl_event own = f.event;
  const cl_event foreign = f.foreign_event;
  const cl_event with_null[] = {own, nullptr};
  const cl_event user = f.user_event;
  s.Enqueues("null queue", CL_INVALID_COMMAND_QUEUE,
             [&](cl_event* v) { return enqueue(nullptr, 0, nullptr, v); });
  if (works != Works::kOnSharedMemory) {
    s.Enqueues("queue of a foreign context", works == Works::kOnObjects ? CL_INVALID_CONTEXT : CL_SUCCESS,
               [&](cl_event* v) { return enqueue(f.foreign_queue, 0, nullptr, v); });
  }
  s.Enqueues("count without list", CL_INVALID_EVENT_WAIT_LIST,
             [&](cl_event* v) { return enqueue(f.queue, 1, nullptr, v); });
  s.Enqueues("list without count", CL_INVALID_EVENT_WAIT_LIST,
             [&](cl_event* v) { return enqueue(f.queue, 0, &own, v); });
  s.Enqueues("null event in list", CL_INVALID_EVENT_WAIT_LIST,
             [&](cl_event* v) { return enqueue(f.queue, 2, with_null, v); });
  s.Enqueues("foreign event", CL_INVALID_CONTEXT,
             [&](cl_event* v) { return enqueue(f.queue, 1, &foreign, v); });
  s.Enqueues("complete event", CL_SUCCESS, [&](cl_event* v) { return enqueue(f.queue, 1, &own, v); });
  s.Enqueues("complete user event", CL_SUCCESS, [&](cl_event* v) { return enqueue(f.queue, 1, &user, v); });
  s.Enqueues("no list", CL_SUCCESS, [&](cl_event* v) { return enqueue(f.queue, 0, nullptr, v); });
  s.Returns("no list, no event", CL_SUCCESS, [&] {
    const cl_int code = enqueue(f.queue, 0, nullptr, nullptr);
    clFinish(f.queue);
    return code;
  });
}

// As above, where `enqueue(queue, blocking, count, list, event)` can block.
template <typename Enqueue>
void BlockingWaitListCases(Suite& s, Fixture& f, Enqueue enqueue, Works works = Works::kOnObjects) {
  WaitListCases(
      s, f,
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
        return enqueue(queue, CL_FALSE, count, list, v);
      },
      works);
  const auto failed_event = [&] {
    Event event(clCreateUserEvent(f.context, nullptr));
    clSetUserEventStatus(event, -5);
    return event;
  };
  s.Returns("blocking", CL_SUCCESS, [&] { return enqueue(f.queue, CL_TRUE, 0, nullptr, nullptr); });
  s.Returns("blocking after a failed event", CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, [&] {
    const Event failed = failed_event();
    const cl_event list[] = {failed};
    return enqueue(f.unordered_queue, CL_TRUE, 1, list, nullptr);
  });
}

}  // namespace clopencl::programs
