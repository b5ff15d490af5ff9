#include "frontend/core/event.h"

#include "frontend/api/api.h"
#include "frontend/core/command.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {

void WaitForEvents(cl_uint count, const cl_event* handles) {
  Require(count > 0 && handles != nullptr, CL_INVALID_VALUE);
  std::vector<Event*> events;
  for (cl_uint i = 0; i < count; ++i) events.push_back(&Get<Event>(handles[i], CL_INVALID_EVENT));
  for (Event* event : events) Require(&event->context() == &events.front()->context(), CL_INVALID_CONTEXT);
  Require(frontend::WaitForEvents(events), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
}

void GetEventInfo(cl_event handle, cl_event_info param, size_t size, void* value, size_t* size_ret) {
  Event& event = Get<Event>(handle, CL_INVALID_EVENT);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_EVENT_COMMAND_QUEUE:
      return sink.Put(event.queue() == nullptr ? nullptr : event.queue()->handle());
    case CL_EVENT_CONTEXT:
      return sink.Put(event.context().handle());
    case CL_EVENT_COMMAND_TYPE:
      return sink.Put(event.type());
    case CL_EVENT_COMMAND_EXECUTION_STATUS:
      return sink.Put(event.CurrentStatus());
    case CL_EVENT_REFERENCE_COUNT:
      return sink.Put<cl_uint>(event.api_references.load());
    default:
      Fail(CL_INVALID_VALUE);
  }
}

cl_event CreateUserEvent(cl_context handle) {
  return (new Event(Get<Context>(handle, CL_INVALID_CONTEXT)))->handle();
}

void RetainEvent(cl_event event) { Get<Event>(event, CL_INVALID_EVENT).Retain(); }
void ReleaseEvent(cl_event event) { Get<Event>(event, CL_INVALID_EVENT).Release(); }

void SetUserEventStatus(cl_event handle, cl_int status) {
  Event& event = Get<Event>(handle, CL_INVALID_EVENT);
  Require(event.is_user(), CL_INVALID_EVENT);
  Require(status <= CL_COMPLETE, CL_INVALID_VALUE);
  Require(event.SetUserStatus(status), CL_INVALID_OPERATION);
}

void SetEventCallback(cl_event handle, cl_int type, NotifyEvent notify, void* user_data) {
  Event& event = Get<Event>(handle, CL_INVALID_EVENT);
  Require(notify != nullptr && (type == CL_SUBMITTED || type == CL_RUNNING || type == CL_COMPLETE),
          CL_INVALID_VALUE);
  event.AddCallback(type, [=](cl_int status) { notify(handle, status, user_data); });
}

void GetEventProfilingInfo(cl_event handle, cl_profiling_info param, size_t size, void* value,
                           size_t* size_ret) {
  Event& event = Get<Event>(handle, CL_INVALID_EVENT);
  const bool known = param >= CL_PROFILING_COMMAND_QUEUED && param <= CL_PROFILING_COMMAND_COMPLETE;
  Require(!event.is_user() && event.queue()->profiling(), CL_PROFILING_INFO_NOT_AVAILABLE);
  Require(known, CL_INVALID_VALUE);
  const wire::ProfilingTimes times = event.Times();
  Require(event.status() == CL_COMPLETE, CL_PROFILING_INFO_NOT_AVAILABLE);
  InfoSink(size, value, size_ret).Put<cl_ulong>(times[param - CL_PROFILING_COMMAND_QUEUED]);
}

}  // namespace clopencl::frontend::api
