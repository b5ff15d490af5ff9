// User events that hold commands back, and failures that spread to what depends on them.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/names.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

class Test {
 public:
  Test() : unordered_(MakeQueue(s_.context, s_.device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)) {}

  void Run() {
    HoldsBack();
    HoldsBackTransfers();
    SeveralGates();
    SetByThread();
    SetBeforeUse();
    ReleasedBeforeSet();
    WaitFromThread();
    OneGateManyCommands();
    FailureSpreads();
    FailureOnWait();
    FailureOfSeveral();
    FailureCallsBack();
  }

 private:
  void HoldsBack() {
    CommandLog log(s_.device, s_.context);
    const Event gate = MakeUserEvent(s_.context);
    Print("new user event", StatusName(EventStatus(gate)));
    Event held;
    log.Append(unordered_, 2, {gate}, held.Out());
    log.Append(unordered_, 1);
    Must(clFlush(unordered_));
    Expect(Eventually([&] { return log.Values(s_.queue) == std::vector<cl_int>{1}; }),
           "another command overtakes");
    Expect(EventStatus(held) > CL_COMPLETE, "held back");
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Print("user event afterwards", StatusName(EventStatus(gate)));
    Must(clFinish(unordered_));
    log.ExpectValues(s_.queue, {1, 2}, "after the gate");
  }

  void HoldsBackTransfers() {
    const Mem buffer = MakeBuffer(s_.context, 1 << 20);
    std::vector<unsigned char> first(1 << 20, 1);
    std::vector<unsigned char> second(1 << 20, 2);
    std::vector<unsigned char> got(1 << 20, 3);
    const Event gate = MakeUserEvent(s_.context);
    const cl_event list[] = {gate};
    WriteAll(s_.queue, buffer, first.data(), first.size());
    Event written;
    Must(clEnqueueWriteBuffer(unordered_, buffer, CL_FALSE, 0, second.size(), second.data(), 1, list,
                              written.Out()));
    const cl_event after[] = {written};
    Event read;
    Must(clEnqueueReadBuffer(unordered_, buffer, CL_FALSE, 0, got.size(), got.data(), 1, after, read.Out()));
    Must(clFlush(unordered_));
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, first.size()), first, "before the gate");
    Expect(got[0] == 3 && got.back() == 3, "nothing read before the gate");
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    const cl_event last[] = {read};
    Must(clWaitForEvents(1, last));
    ExpectEqual(got, second, "write and read behind the gate");
  }

  void SeveralGates() {
    CommandLog log(s_.device, s_.context);
    std::vector<Event> gates;
    for (int i = 0; i < 10; ++i) gates.push_back(MakeUserEvent(s_.context));
    Event held;
    log.Append(s_.queue, 1, std::vector<cl_event>(gates.begin(), gates.end()), held.Out());
    Must(clFlush(s_.queue));
    for (size_t i : {7, 1, 0, 9, 2, 4, 3, 8, 5}) Must(clSetUserEventStatus(gates[i], CL_COMPLETE));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    Expect(EventStatus(held) > CL_COMPLETE, "nine of ten gates");
    Must(clSetUserEventStatus(gates[6], CL_COMPLETE));
    const cl_event list[] = {held};
    Must(clWaitForEvents(1, list));
    log.ExpectValues(s_.queue, {1}, "ten gates");
  }

  // The program is inside a blocking call while another thread opens the gate.
  void SetByThread() {
    CommandLog log(s_.device, s_.context);
    const Event gate = MakeUserEvent(s_.context);
    for (cl_int i = 0; i < 10; ++i)
      log.Append(s_.queue, i, i == 3 ? std::vector<cl_event>{gate} : std::vector<cl_event>{});
    std::thread opener([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      Must(clSetUserEventStatus(gate, CL_COMPLETE));
    });
    Must(clFinish(s_.queue));
    opener.join();
    log.ExpectValues(s_.queue, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "set by a thread during a finish");
  }

  void SetBeforeUse() {
    CommandLog log(s_.device, s_.context);
    const Event gate = MakeUserEvent(s_.context);
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    log.Append(s_.queue, 1, {gate});
    log.ExpectValues(s_.queue, {1}, "set before its use");
  }

  // The command keeps the event alive; the program's own reference goes after the status is set.
  void ReleasedBeforeSet() {
    CommandLog log(s_.device, s_.context);
    Event gate = MakeUserEvent(s_.context);
    log.Append(s_.queue, 1, {gate});
    Must(clFlush(s_.queue));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    gate.Reset();
    log.ExpectValues(s_.queue, {1}, "released right after its status is set");
  }

  void WaitFromThread() {
    const Event gate = MakeUserEvent(s_.context);
    cl_int code = -9999;
    std::thread waiter([&] {
      const cl_event list[] = {gate};
      code = clWaitForEvents(1, list);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    waiter.join();
    PrintError("wait for a user event in a thread", code);
  }

  void OneGateManyCommands() {
    CommandLog log(s_.device, s_.context);
    const Event gate = MakeUserEvent(s_.context);
    std::vector<Queue> queues;
    std::vector<Event> events(64);
    for (int i = 0; i < 8; ++i) queues.push_back(MakeQueue(s_.context, s_.device));
    const Mem buffer = MakeBuffer(s_.context, 64);
    const cl_event list[] = {gate};
    for (size_t i = 0; i < events.size(); ++i) {
      const auto value = static_cast<unsigned char>(100 + i);
      Must(clEnqueueFillBuffer(queues[i % 8], buffer, &value, 1, i, 1, 1, list, events[i].Out()));
    }
    for (const Queue& queue : queues) Must(clFlush(queue));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    for (const Queue& queue : queues) Must(clFinish(queue));
    std::vector<unsigned char> expected(64);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<unsigned char>(100 + i);
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, 64), expected, "one gate before eight queues");
  }

  // A command whose wait list holds a failed event is not run, and neither is what waits for it.
  void FailureSpreads() {
    CommandLog log(s_.device, s_.context);
    const Queue queue = MakeQueue(s_.context, s_.device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    const Event gate = MakeUserEvent(s_.context);
    Event first;
    Event second;
    log.Append(queue, 1, {gate}, first.Out());
    log.Append(queue, 2, {first}, second.Out());
    Must(clFlush(queue));
    Must(clSetUserEventStatus(gate, -5));
    Expect(Eventually([&] { return EventStatus(second) < 0; }), "failure reaches the second command");
    Expect(EventStatus(gate) == -5, "the user event's own status");
    Expect(EventStatus(first) < 0, "the first command has failed");
    PrintSpecified("status of the first command", StatusName(EventStatus(first)),
                   "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST");
    PrintSpecified("status of the second command", StatusName(EventStatus(second)),
                   "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST");
    log.Append(s_.queue, 3);
    log.ExpectValues(s_.queue, {3}, "failed commands are not run");
  }

  void FailureOnWait() {
    const Queue queue = MakeQueue(s_.context, s_.device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    const Event gate = MakeUserEvent(s_.context);
    const cl_event list[] = {gate};
    Event marker;
    Must(clEnqueueMarkerWithWaitList(queue, 1, list, marker.Out()));
    Must(clFlush(queue));
    Must(clSetUserEventStatus(gate, CL_OUT_OF_RESOURCES));
    const cl_event all[] = {marker};
    Expect(Eventually([&] { return EventStatus(marker) < 0; }), "failure reaches a marker");
    PrintError("wait for a failed command", clWaitForEvents(1, all));
    PrintError("wait for a failed user event", clWaitForEvents(1, list));
  }

  // In an in-order queue, asked for after the failure.
  void FailureOfSeveral() {
    CommandLog log(s_.device, s_.context);
    const Queue queue = MakeQueue(s_.context, s_.device);
    const Event gate = MakeUserEvent(s_.context);
    std::vector<Event> events(4);
    for (Event& event : events) log.Append(queue, 1, {gate}, event.Out());
    bool waiting = true;
    for (const Event& event : events) waiting = waiting && EventStatus(event) > CL_COMPLETE;
    Expect(waiting, "four commands wait");
    Must(clSetUserEventStatus(gate, -1));
    const std::vector<cl_event> list(events.begin(), events.end());
    PrintError("wait for four failed commands", clWaitForEvents(CountOf(list), list.data()));
    bool failed = true;
    for (const Event& event : events) failed = failed && EventStatus(event) < 0;
    Expect(failed, "four commands have failed");
    PrintError("finish after failed commands", clFinish(queue));
  }

  // Callbacks of failed commands. PoCL 3.1 does not call them.
  void FailureCallsBack() {
    for (const bool in_order : {true, false}) {
      const Queue queue =
          MakeQueue(s_.context, s_.device, in_order ? 0 : CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
      const Event gate = MakeUserEvent(s_.context);
      const cl_event list[] = {gate};
      const Mem buffer = MakeBuffer(s_.context, 64);
      const cl_int pattern = 1;
      Event event;
      Must(clEnqueueFillBuffer(queue, buffer, &pattern, sizeof pattern, 0, 64, 1, list, event.Out()));
      std::atomic<cl_int> told = CL_QUEUED;
      const auto tell = [](cl_event, cl_int status, void* to) {
        static_cast<std::atomic<cl_int>*>(to)->store(status);
      };
      Must(clSetEventCallback(event, CL_COMPLETE, tell, &told));
      Must(clSetUserEventStatus(gate, -5));
      PrintError("finish behind a failure", clFinish(queue));
      Eventually([&] { return told < 0; }, 2);
      PrintSpecified("a failed command calls back", told < 0 ? "yes" : "no", "yes");
    }
  }

  Session s_;
  Queue unordered_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
