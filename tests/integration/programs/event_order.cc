// Order of commands: in-order queues, out-of-order queues with wait lists, markers and barriers, chains over
// several queues, and thousands of events at once.
#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

std::vector<cl_int> Count(cl_int from, cl_int to) {
  std::vector<cl_int> values;
  for (cl_int i = from; i < to; ++i) values.push_back(i);
  return values;
}

class Test {
 public:
  Test() : unordered_(MakeQueue(s_.context, s_.device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)) {}

  void Run() {
    InOrder();
    InOrderHeldBack();
    Chain();
    Diamond();
    Markers();
    Barriers();
    OldBarriers();
    QueuesInTurn();
    WaitForOldEvents();
    ManyEvents();
    LongWaitLists();
    WaitInAnyOrder();
    FinishCompletes();
    RunWhileTheProgramComputes();
  }

 private:
  void InOrder() {
    CommandLog log(s_.device, s_.context);
    for (cl_int i = 0; i < 1000; ++i) log.Append(s_.queue, i);
    log.ExpectValues(s_.queue, Count(0, 1000), "in order");
  }

  // Commands behind one that waits do not overtake it.
  void InOrderHeldBack() {
    CommandLog log(s_.device, s_.context);
    const Event gate = MakeUserEvent(s_.context);
    log.Append(s_.queue, 0);
    log.Append(s_.queue, 1, {gate});
    for (cl_int i = 2; i < 20; ++i) log.Append(s_.queue, i);
    Event last;
    log.Append(s_.queue, 20, {}, last.Out());
    Must(clFlush(s_.queue));
    Expect(EventStatus(last) > CL_COMPLETE, "behind a command that waits");
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    log.ExpectValues(s_.queue, Count(0, 21), "in order behind a command that waits");
    Expect(EventStatus(last) == CL_COMPLETE, "complete after a blocking read behind it");
  }

  void Chain() {
    CommandLog log(s_.device, s_.context);
    Event last;
    for (cl_int i = 0; i < 500; ++i) {
      Event next;
      log.Append(unordered_, i, last != nullptr ? std::vector<cl_event>{last} : std::vector<cl_event>{},
                 next.Out());
      last = std::move(next);
    }
    Must(clFinish(unordered_));
    log.ExpectValues(s_.queue, Count(0, 500), "out of order, chained by events");
  }

  // One first, several in the middle that each wait for the one before, one last that waits for all.
  void Diamond() {
    CommandLog log(s_.device, s_.context);
    const Event gate = MakeUserEvent(s_.context);
    Event first;
    log.AppendSlowly(unordered_, 0, {gate}, first.Out());
    std::vector<Event> middle(5);
    for (cl_int i = 0; i < 5; ++i) {
      std::vector<cl_event> wait = {first};
      if (i > 0) wait.push_back(middle[static_cast<size_t>(i) - 1]);
      log.Append(unordered_, i + 1, wait, middle[static_cast<size_t>(i)].Out());
    }
    std::vector<cl_event> all(middle.begin(), middle.end());
    Event last;
    log.Append(unordered_, 6, all, last.Out());
    Must(clFlush(unordered_));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    const cl_event list[] = {last};
    Must(clWaitForEvents(1, list));
    log.ExpectValues(s_.queue, Count(0, 7), "diamond");
  }

  void Markers() {
    CommandLog log(s_.device, s_.context);
    const Event gate = MakeUserEvent(s_.context);
    Event first;
    log.AppendSlowly(unordered_, 0, {gate}, first.Out());
    Event marker;
    Must(clEnqueueMarkerWithWaitList(unordered_, 0, nullptr, marker.Out()));
    Event partial;
    const cl_event one[] = {first};
    Must(clEnqueueMarkerWithWaitList(unordered_, 1, one, partial.Out()));
    Must(clFlush(unordered_));
    Expect(EventStatus(marker) > CL_COMPLETE, "a marker waits for what is before it");
    Expect(EventStatus(partial) > CL_COMPLETE, "a marker waits for its list");
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    const cl_event list[] = {marker, partial};
    Must(clWaitForEvents(2, list));
    Expect(EventStatus(first) == CL_COMPLETE, "a marker is complete after what is before it");
    log.Append(s_.queue, 1, {marker});
    log.ExpectValues(s_.queue, {0, 1}, "another queue behind a marker");
  }

  void Barriers() {
    CommandLog log(s_.device, s_.context);
    const Event gate = MakeUserEvent(s_.context);
    log.AppendSlowly(unordered_, 0, {gate});
    Event barrier;
    Must(clEnqueueBarrierWithWaitList(unordered_, 0, nullptr, barrier.Out()));
    log.Append(unordered_, 1);
    Must(clEnqueueBarrierWithWaitList(unordered_, 0, nullptr, nullptr));
    Event last;
    log.Append(unordered_, 2, {}, last.Out());
    Must(clFlush(unordered_));
    Expect(EventStatus(last) > CL_COMPLETE, "a command waits for the barrier before it");
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Must(clFinish(unordered_));
    log.ExpectValues(s_.queue, {0, 1, 2}, "barriers");
    Expect(EventStatus(barrier) == CL_COMPLETE, "a barrier's event");
  }

  void OldBarriers() {
    CommandLog log(s_.device, s_.context);
    log.AppendSlowly(unordered_, 0);
    Must(clEnqueueBarrier(unordered_));
    log.AppendSlowly(unordered_, 1);
    Must(clEnqueueBarrier(unordered_));
    log.Append(unordered_, 2);
    Event marker;
    Must(clEnqueueMarker(unordered_, marker.Out()));
    const cl_event list[] = {marker};
    Must(clWaitForEvents(1, list));
    log.ExpectValues(s_.queue, {0, 1, 2}, "barriers of OpenCL 1.1");
  }

  void QueuesInTurn() {
    CommandLog log(s_.device, s_.context);
    std::vector<Queue> queues;
    for (int i = 0; i < 6; ++i) {
      queues.push_back(
          MakeQueue(s_.context, s_.device, i % 2 == 0 ? 0 : CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE));
    }
    Event last;
    for (cl_int i = 0; i < 300; ++i) {
      const Queue& queue = queues[static_cast<size_t>(i * 7 % 6)];
      Event next;
      log.Append(queue, i, last != nullptr ? std::vector<cl_event>{last} : std::vector<cl_event>{},
                 next.Out());
      Must(clFlush(queue));
      last = std::move(next);
    }
    log.Append(s_.queue, 300, {last});
    log.ExpectValues(s_.queue, Count(0, 301), "six queues in turn");
  }

  void WaitForOldEvents() {
    CommandLog log(s_.device, s_.context);
    std::vector<Event> events(50);
    for (cl_int i = 0; i < 50; ++i) log.Append(s_.queue, i, {}, events[static_cast<size_t>(i)].Out());
    Must(clFinish(s_.queue));
    const std::vector<cl_event> list(events.begin(), events.end());
    log.Append(unordered_, 50, list);
    Must(clFinish(unordered_));
    Expect(clWaitForEvents(50, list.data()) == CL_SUCCESS, "wait for events that are long complete");
    log.ExpectValues(s_.queue, Count(0, 51), "wait list of events that are long complete");
  }

  void ManyEvents() {
    CommandLog log(s_.device, s_.context);
    std::vector<Event> events(5000);
    for (cl_int i = 0; i < 5000; ++i) log.Append(s_.queue, i, {}, events[static_cast<size_t>(i)].Out());
    Must(clFinish(s_.queue));
    const bool complete = std::all_of(events.begin(), events.end(),
                                      [](cl_event event) { return EventStatus(event) == CL_COMPLETE; });
    Expect(complete, "5000 events");
    log.ExpectValues(s_.queue, Count(0, 5000), "5000 commands");
  }

  void LongWaitLists() {
    CommandLog log(s_.device, s_.context);
    const Mem buffer = MakeBuffer(s_.context, 1000);
    std::vector<Event> fills(1000);
    for (size_t i = 0; i < fills.size(); ++i) {
      const auto value = static_cast<unsigned char>(i);
      Must(clEnqueueFillBuffer(unordered_, buffer, &value, 1, i, 1, 0, nullptr, fills[i].Out()));
    }
    const std::vector<cl_event> list(fills.begin(), fills.end());
    std::vector<unsigned char> got(1000);
    Must(clEnqueueReadBuffer(unordered_, buffer, CL_TRUE, 0, 1000, got.data(), CountOf(list), list.data(),
                             nullptr));
    std::vector<unsigned char> expected(1000);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<unsigned char>(i);
    ExpectEqual(got, expected, "wait list of 1000");
  }

  void WaitInAnyOrder() {
    CommandLog log(s_.device, s_.context);
    std::vector<Event> events(40);
    for (cl_int i = 0; i < 40; ++i) log.Append(s_.queue, i, {}, events[static_cast<size_t>(i)].Out());
    std::vector<cl_event> list(events.begin(), events.end());
    Random random(5);
    for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.Below(i)]);
    for (cl_event event : list) Must(clWaitForEvents(1, &event));
    list.insert(list.end(), list.begin(), list.begin() + 10);
    Expect(clWaitForEvents(CountOf(list), list.data()) == CL_SUCCESS,
           "events waited for in any order, and twice");
  }

  void FinishCompletes() {
    CommandLog log(s_.device, s_.context);
    for (const Queue* queue : {&s_.queue, &unordered_}) {
      Event event;
      log.AppendSlowly(*queue, 1, {}, event.Out());
      Must(clFinish(*queue));
      Expect(EventStatus(event) == CL_COMPLETE, "complete after a finish");
    }
  }

  // A flush is enough: nothing calls OpenCL until they should be over, which a query then finds.
  void RunWhileTheProgramComputes() {
    CommandLog log(s_.device, s_.context);
    log.ExpectValues(s_.queue, {}, "nothing yet");
    Event last;
    for (cl_int i = 0; i < 2000; ++i) log.Append(s_.queue, i, {}, last.Out());
    Must(clFlush(s_.queue));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    Expect(EventStatus(last) == CL_COMPLETE, "run while the program does something else");
    log.ExpectValues(s_.queue, Count(0, 2000), "after that");
  }

  Session s_;
  Queue unordered_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
