// Profiling: times of every kind of command are there, in order, in nanoseconds, and fit each other.
#include <chrono>
#include <string>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/names.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

struct Times {
  explicit Times(cl_event event) {
    const auto get = [&](cl_profiling_info token) {
      cl_ulong time = 0;
      Must(clGetEventProfilingInfo(event, token, sizeof time, &time, nullptr));
      return time;
    };
    queued = get(CL_PROFILING_COMMAND_QUEUED);
    submitted = get(CL_PROFILING_COMMAND_SUBMIT);
    started = get(CL_PROFILING_COMMAND_START);
    ended = get(CL_PROFILING_COMMAND_END);
  }
  bool InOrder() const { return queued <= submitted && submitted <= started && started <= ended; }
  std::string String() const {
    return std::to_string(queued) + " " + std::to_string(submitted) + " " + std::to_string(started) + " " +
           std::to_string(ended);
  }

  cl_ulong queued, submitted, started, ended;
};

class Test {
 public:
  Test() : log_(s_.device, s_.context) {}

  void Run() {
    EveryKind();
    CommandsInOrder();
    Dependent();
    Durations();
    Availability();
  }

 private:
  void ExpectTimes(const std::string& name, cl_event event) {
    const cl_event list[] = {event};
    Must(clWaitForEvents(1, list));
    const Times times(event);
    Expect(times.InOrder() && times.ended > 0, name, times.String());
  }

  void EveryKind() {
    const Mem buffer = MakeBuffer(s_.context, 1 << 20);
    const Mem other = MakeBuffer(s_.context, 1 << 20);
    std::vector<char> host(1 << 20);
    const size_t origin[] = {0, 0, 0};
    const size_t region[] = {64, 16, 2};
    const cl_mem mem = buffer;
    Event e;
    Must(clEnqueueWriteBuffer(s_.queue, mem, CL_FALSE, 0, host.size(), host.data(), 0, nullptr, e.Out()));
    ExpectTimes("write", e);
    Must(clEnqueueReadBuffer(s_.queue, mem, CL_FALSE, 0, host.size(), host.data(), 0, nullptr, e.Out()));
    ExpectTimes("read", e);
    Must(clEnqueueReadBuffer(s_.queue, mem, CL_TRUE, 0, host.size(), host.data(), 0, nullptr, e.Out()));
    ExpectTimes("blocking read", e);
    Must(clEnqueueReadBuffer(s_.queue, mem, CL_TRUE, 0, 4, host.data(), 0, nullptr, e.Out()));
    ExpectTimes("blocking read of four bytes", e);
    Must(clEnqueueCopyBuffer(s_.queue, mem, other, 0, 0, host.size(), 0, nullptr, e.Out()));
    ExpectTimes("copy", e);
    Must(clEnqueueFillBuffer(s_.queue, mem, host.data(), 4, 0, host.size(), 0, nullptr, e.Out()));
    ExpectTimes("fill", e);
    Must(clEnqueueReadBufferRect(s_.queue, mem, CL_FALSE, origin, origin, region, 64, 1024, 64, 1024,
                                 host.data(), 0, nullptr, e.Out()));
    ExpectTimes("rectangular read", e);
    Must(clEnqueueCopyBufferRect(s_.queue, mem, other, origin, origin, region, 64, 1024, 64, 1024, 0, nullptr,
                                 e.Out()));
    ExpectTimes("rectangular copy", e);
    Must(clEnqueueMigrateMemObjects(s_.queue, 1, &mem, 0, 0, nullptr, e.Out()));
    ExpectTimes("migration", e);
    Must(clEnqueueMarkerWithWaitList(s_.queue, 0, nullptr, e.Out()));
    ExpectTimes("marker", e);
    Must(clEnqueueBarrierWithWaitList(s_.queue, 0, nullptr, e.Out()));
    ExpectTimes("barrier", e);
    cl_int code = CL_SUCCESS;
    void* mapped = clEnqueueMapBuffer(s_.queue, mem, CL_TRUE, CL_MAP_READ, 0, 64, 0, nullptr, e.Out(), &code);
    Must(code);
    ExpectTimes("mapping", e);
    Must(clEnqueueUnmapMemObject(s_.queue, mem, mapped, 0, nullptr, e.Out()));
    ExpectTimes("unmapping", e);
    log_.Append(s_.queue, 1, {}, e.Out());
    ExpectTimes("kernel", e);
  }

  // In an in-order queue a command does not start before the one before it has ended.
  void CommandsInOrder() {
    std::vector<Event> events(50);
    for (cl_int i = 0; i < 50; ++i) log_.Append(s_.queue, i, {}, events[static_cast<size_t>(i)].Out());
    Must(clFinish(s_.queue));
    bool right = true;
    std::string detail;
    for (size_t i = 0; i < events.size(); ++i) {
      const Times now(events[i]);
      right = right && now.InOrder();
      if (i == 0) continue;
      const Times before(events[i - 1]);
      if (before.ended > now.started || before.queued > now.queued) {
        right = false;
        detail = before.String() + " before " + now.String();
      }
    }
    Expect(right, "commands of an in-order queue", detail);
  }

  void Dependent() {
    const Queue first = MakeQueue(s_.context, s_.device, CL_QUEUE_PROFILING_ENABLE);
    const Queue second = MakeQueue(s_.context, s_.device, CL_QUEUE_PROFILING_ENABLE);
    Event one;
    Event two;
    log_.AppendSlowly(first, 1, {}, one.Out());
    Must(clFlush(first));
    log_.Append(second, 2, {one}, two.Out());
    Must(clFinish(second));
    const Times a(one);
    const Times b(two);
    Expect(a.ended <= b.started, "a command that waits for another queue's",
           a.String() + " before " + b.String());
  }

  // Times are nanoseconds of the device: a long kernel's duration fits into what the host saw.
  void Durations() {
    Must(clFinish(s_.queue));
    const auto begin = std::chrono::steady_clock::now();
    Event event;
    log_.AppendSlowly(s_.queue, 1, {}, event.Out());
    Must(clFinish(s_.queue));
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin)
            .count();
    const Times times(event);
    const cl_ulong duration = times.ended - times.started;
    Expect(duration > 100000, "a long kernel takes longer than 0.1 ms", std::to_string(duration) + " ns");
    Expect(duration <= static_cast<cl_ulong>(elapsed), "a kernel takes no longer than the host waited",
           std::to_string(duration) + " ns of " + std::to_string(elapsed));
  }

  void Availability() {
    const Queue plain = MakeQueue(s_.context, s_.device);
    Event event;
    cl_ulong time = 0;
    log_.Append(plain, 1, {}, event.Out());
    Must(clFinish(plain));
    PrintError("queue without profiling",
               clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof time, &time, nullptr));
    const Event gate = MakeUserEvent(s_.context);
    log_.Append(s_.queue, 1, {gate}, event.Out());
    PrintError("not complete",
               clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof time, &time, nullptr));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Must(clFinish(s_.queue));
    PrintError("complete",
               clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof time, &time, nullptr));
  }

  Session s_;
  CommandLog log_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
