#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

void CL_CALLBACK Ignore(cl_event, cl_int, void*) {}

Event User(Fixture& f, cl_int status) {
  Event event(clCreateUserEvent(f.context, nullptr));
  if (status <= 0) clSetUserEventStatus(event, status);
  return event;
}

void Waiting(Suite& s, Fixture& f) {
  const cl_event one = f.event;
  const cl_event with_null[] = {f.event, nullptr};
  const cl_event null_first[] = {nullptr, f.event};
  const cl_event mixed[] = {f.event, f.foreign_event};
  s.Group("clWaitForEvents");
  s.Returns("count zero", CL_INVALID_VALUE, [&] { return clWaitForEvents(0, &one); });
  s.Returns("null list", CL_INVALID_VALUE, [&] { return clWaitForEvents(1, nullptr); });
  s.Returns("null event second", CL_INVALID_EVENT, [&] { return clWaitForEvents(2, with_null); });
  s.Returns("null event first", CL_INVALID_EVENT, [&] { return clWaitForEvents(2, null_first); });
  s.Returns("events of two contexts", CL_INVALID_CONTEXT, [&] { return clWaitForEvents(2, mixed); });
  s.Returns("complete event", CL_SUCCESS, [&] { return clWaitForEvents(1, &one); });
  s.Returns("failed event", CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, [&] {
    const Event failed = User(f, -5);
    const cl_event list[] = {failed};
    return clWaitForEvents(1, list);
  });
  s.Returns("complete and failed event", CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, [&] {
    const Event failed = User(f, -5);
    const cl_event list[] = {f.event, failed};
    return clWaitForEvents(2, list);
  });
}

void Queries(Suite& s, Fixture& f) {
  const auto info = [&](cl_event event, cl_event_info token, size_t size) {
    return clGetEventInfo(event, token, size, f.host, nullptr);
  };
  s.Group("clGetEventInfo");
  s.Returns("null event", CL_INVALID_EVENT, [&] { return info(nullptr, CL_EVENT_CONTEXT, sizeof f.host); });
  s.Returns("unknown token", CL_INVALID_VALUE, [&] { return info(f.event, 0x1234, sizeof f.host); });
  s.Returns("too small", CL_INVALID_VALUE, [&] { return info(f.event, CL_EVENT_COMMAND_TYPE, 3); });
  s.Returns("size zero", CL_INVALID_VALUE, [&] { return info(f.event, CL_EVENT_COMMAND_TYPE, 0); });
  s.Returns("nothing asked", CL_SUCCESS,
            [&] { return clGetEventInfo(f.event, CL_EVENT_CONTEXT, 0, nullptr, nullptr); });

  const auto profile = [&](cl_event event, cl_profiling_info token, size_t size) {
    return clGetEventProfilingInfo(event, token, size, f.host, nullptr);
  };
  s.Group("clGetEventProfilingInfo");
  s.Returns("null event", CL_INVALID_EVENT, [&] { return profile(nullptr, CL_PROFILING_COMMAND_END, 8); });
  s.Returns("queue without profiling", CL_PROFILING_INFO_NOT_AVAILABLE,
            [&] { return profile(f.event, CL_PROFILING_COMMAND_END, 8); });
  s.Returns("user event", CL_PROFILING_INFO_NOT_AVAILABLE,
            [&] { return profile(f.user_event, CL_PROFILING_COMMAND_END, 8); });
  const Queue queue = MakeQueue(f.context, f.device, CL_QUEUE_PROFILING_ENABLE);
  Event done;
  clEnqueueMarkerWithWaitList(queue, 0, nullptr, done.Out());
  clFinish(queue);
  s.Returns("unknown token", CL_INVALID_VALUE, [&] { return profile(done, 0x1234, 8); });
  s.Returns("too small", CL_INVALID_VALUE, [&] { return profile(done, CL_PROFILING_COMMAND_END, 4); });
  s.Returns("larger than needed", CL_SUCCESS, [&] { return profile(done, CL_PROFILING_COMMAND_END, 64); });
  s.Returns("not complete", CL_PROFILING_INFO_NOT_AVAILABLE, [&] {
    const Event gate = User(f, 1);
    const cl_event list[] = {gate};
    Event held;
    clEnqueueMarkerWithWaitList(queue, 1, list, held.Out());
    const cl_int code = profile(held, CL_PROFILING_COMMAND_END, 8);
    clSetUserEventStatus(gate, CL_COMPLETE);
    clFinish(queue);
    return code;
  });
}

void UserEvents(Suite& s, Fixture& f) {
  s.Group("clCreateUserEvent");
  s.Creates("null context", CL_INVALID_CONTEXT, [&](cl_int* e) { return clCreateUserEvent(nullptr, e); });
  s.Creates("valid", CL_SUCCESS, [&](cl_int* e) { return clCreateUserEvent(f.context, e); });
  s.Yields("without errcode_ret", true, [&] { return User(f, 1) != nullptr; });

  s.Group("clSetUserEventStatus");
  s.Returns("null event", CL_INVALID_EVENT, [&] { return clSetUserEventStatus(nullptr, CL_COMPLETE); });
  s.Returns("event of a command", CL_INVALID_EVENT,
            [&] { return clSetUserEventStatus(f.event, CL_COMPLETE); });
  const struct {
    const char* name;
    cl_int status;
  } invalid[] = {
      {"running", CL_RUNNING}, {"submitted", CL_SUBMITTED}, {"queued", CL_QUEUED}, {"unknown", 77}};
  for (const auto& one : invalid) {
    s.Returns(one.name, CL_INVALID_VALUE, [&] {
      const Event event = User(f, 1);
      const cl_int code = clSetUserEventStatus(event, one.status);
      clSetUserEventStatus(event, CL_COMPLETE);
      return code;
    });
  }
  s.Returns("complete twice", CL_INVALID_OPERATION, [&] {
    const Event event = User(f, CL_COMPLETE);
    return clSetUserEventStatus(event, CL_COMPLETE);
  });
  s.Returns("failed, then complete", CL_INVALID_OPERATION, [&] {
    const Event event = User(f, -1);
    return clSetUserEventStatus(event, CL_COMPLETE);
  });
  s.Returns("complete", CL_SUCCESS, [&] {
    const Event event = User(f, 1);
    return clSetUserEventStatus(event, CL_COMPLETE);
  });
  s.Returns("failed", CL_SUCCESS, [&] {
    const Event event = User(f, 1);
    return clSetUserEventStatus(event, -1234);
  });
}

void Callbacks(Suite& s, Fixture& f) {
  s.Group("clSetEventCallback");
  s.Returns("null event", CL_INVALID_EVENT,
            [&] { return clSetEventCallback(nullptr, CL_COMPLETE, Ignore, nullptr); });
  s.Returns("null function", CL_INVALID_VALUE,
            [&] { return clSetEventCallback(f.event, CL_COMPLETE, nullptr, nullptr); });
  s.Returns("type queued", CL_INVALID_VALUE,
            [&] { return clSetEventCallback(f.event, CL_QUEUED, Ignore, nullptr); });
  s.Returns("type unknown", CL_INVALID_VALUE,
            [&] { return clSetEventCallback(f.event, 77, Ignore, nullptr); });
  s.Returns("type negative", CL_INVALID_VALUE,
            [&] { return clSetEventCallback(f.event, -1, Ignore, nullptr); });
  s.Returns("complete", CL_SUCCESS,
            [&] { return clSetEventCallback(f.event, CL_COMPLETE, Ignore, nullptr); });
  s.Returns("running", CL_SUCCESS, [&] { return clSetEventCallback(f.event, CL_RUNNING, Ignore, nullptr); });
  s.Returns("submitted", CL_SUCCESS,
            [&] { return clSetEventCallback(f.event, CL_SUBMITTED, Ignore, nullptr); });
  s.Returns("user event, complete", CL_SUCCESS,
            [&] { return clSetEventCallback(f.user_event, CL_COMPLETE, Ignore, nullptr); });
  s.Group("clRetainEvent");
  s.Returns("null event", CL_INVALID_EVENT, [&] { return clRetainEvent(nullptr); });
  s.Group("clReleaseEvent");
  s.Returns("null event", CL_INVALID_EVENT, [&] { return clReleaseEvent(nullptr); });
}

}  // namespace

void EventCases(Suite& s, Fixture& f) {
  Waiting(s, f);
  Queries(s, f);
  UserEvents(s, f);
  Callbacks(s, f);
}

}  // namespace clopencl::programs
