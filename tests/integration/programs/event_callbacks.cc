// Event callbacks at each status, their number, order and arguments, and OpenCL functions called from them.
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/names.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

// What callbacks note.
struct Notes {
  std::mutex mutex;
  std::vector<std::string> lines;
  std::atomic<int> count = 0;
  std::thread::id thread;

  void Add(const std::string& line) {
    const std::lock_guard lock(mutex);
    lines.push_back(line);
    thread = std::this_thread::get_id();
    ++count;
  }
  std::string String() {
    const std::lock_guard lock(mutex);
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : ", ") + line;
    return text;
  }
};

void CL_CALLBACK Note(cl_event, cl_int status, void* data) {
  static_cast<Notes*>(data)->Add(StatusName(status));
}

bool Await(Notes& notes, int count) {
  return Eventually([&] { return notes.count >= count; });
}

class Test {
 public:
  Test() : log_(s_.device, s_.context) {}

  void Run() {
    EachStatus();
    AlreadyComplete();
    SeveralOfOneStatus();
    ManyEvents();
    UserEvents();
    FailedUserEvent();
    EventOfEveryKind();
    CallsFromCallback();
    ReleaseInCallback();
    ChainOfCallbacks();
  }

 private:
  void EachStatus() {
    const Event gate = MakeUserEvent(s_.context);
    Event event;
    log_.AppendSlowly(s_.queue, 1, {gate}, event.Out());
    Notes notes;
    for (cl_int status : {CL_COMPLETE, CL_RUNNING, CL_SUBMITTED}) {
      Must(clSetEventCallback(event, status, Note, &notes));
    }
    Must(clFlush(s_.queue));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Must(clFinish(s_.queue));
    Expect(Await(notes, 3), "each status is called");
    // The order in which callbacks run is not defined; each must come once, with the status it was set for.
    std::string text = notes.String();
    for (const char* name : {"CL_SUBMITTED", "CL_RUNNING", "CL_COMPLETE"}) {
      Expect(text.find(name) != std::string::npos, std::string("callback for ") + name, "there were " + text);
    }
    Expect(notes.count == 3, "three callbacks");
  }

  void AlreadyComplete() {
    Event event;
    log_.Append(s_.queue, 2, {}, event.Out());
    Must(clFinish(s_.queue));
    Notes notes;
    for (cl_int status : {CL_COMPLETE, CL_RUNNING, CL_SUBMITTED}) {
      Must(clSetEventCallback(event, status, Note, &notes));
    }
    Expect(Await(notes, 3), "set when the event is complete");
  }

  void SeveralOfOneStatus() {
    const Event gate = MakeUserEvent(s_.context);
    Event event;
    log_.Append(s_.queue, 3, {gate}, event.Out());
    Notes notes;
    for (int i = 0; i < 20; ++i) Must(clSetEventCallback(event, CL_COMPLETE, Note, &notes));
    Must(clFlush(s_.queue));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    Expect(notes.count == 0, "none before the command has run");
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Expect(Await(notes, 20), "twenty for one status");
    Must(clFinish(s_.queue));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    Expect(notes.count == 20, "twenty and no more");
  }

  void ManyEvents() {
    Notes notes;
    for (cl_int i = 0; i < 1000; ++i) {
      Event event;
      log_.Append(s_.queue, i, {}, event.Out());
      Must(clSetEventCallback(event, CL_COMPLETE, Note, &notes));
    }
    Must(clFlush(s_.queue));
    Expect(Await(notes, 1000), "of 1000 events that are released at once");
  }

  void UserEvents() {
    const Event event = MakeUserEvent(s_.context);
    Notes notes;
    Must(clSetEventCallback(event, CL_COMPLETE, Note, &notes));
    Expect(notes.count == 0, "user event, none before its status is set");
    Must(clSetUserEventStatus(event, CL_COMPLETE));
    Expect(Await(notes, 1), "user event");
    Print("user event's status", notes.String());
  }

  void FailedUserEvent() {
    const Event event = MakeUserEvent(s_.context);
    Notes notes;
    Must(clSetEventCallback(event, CL_COMPLETE, Note, &notes));
    Must(clSetUserEventStatus(event, -77));
    // PoCL 3.1 does not call it.
    Eventually([&] { return notes.count >= 1; }, 2);
    PrintSpecified("failed user event", notes.String(), "error -77");
  }

  void EventOfEveryKind() {
    const Mem buffer = MakeBuffer(s_.context, 4096);
    char host[4096] = {};
    Notes notes;
    int count = 0;
    const auto watch = [&](cl_int code, Event& event) {
      Must(code);
      Must(clSetEventCallback(event, CL_COMPLETE, Note, &notes));
      ++count;
    };
    Event e[8];
    watch(clEnqueueWriteBuffer(s_.queue, buffer, CL_FALSE, 0, 4096, host, 0, nullptr, e[0].Out()), e[0]);
    watch(clEnqueueReadBuffer(s_.queue, buffer, CL_FALSE, 0, 4096, host, 0, nullptr, e[1].Out()), e[1]);
    watch(clEnqueueReadBuffer(s_.queue, buffer, CL_TRUE, 0, 4096, host, 0, nullptr, e[2].Out()), e[2]);
    watch(clEnqueueFillBuffer(s_.queue, buffer, host, 4, 0, 4096, 0, nullptr, e[3].Out()), e[3]);
    watch(clEnqueueMarkerWithWaitList(s_.queue, 0, nullptr, e[4].Out()), e[4]);
    watch(clEnqueueBarrierWithWaitList(s_.queue, 0, nullptr, e[5].Out()), e[5]);
    cl_int code = CL_SUCCESS;
    void* mapped =
        clEnqueueMapBuffer(s_.queue, buffer, CL_FALSE, CL_MAP_READ, 0, 4096, 0, nullptr, e[6].Out(), &code);
    watch(code, e[6]);
    watch(clEnqueueUnmapMemObject(s_.queue, buffer, mapped, 0, nullptr, e[7].Out()), e[7]);
    Must(clFlush(s_.queue));
    Expect(Await(notes, count), "events of every kind of command");
  }

  // Functions that do not block may be called from a callback.
  void CallsFromCallback() {
    struct Calls {
      cl_context context;
      cl_command_queue queue;
      cl_mem buffer;
      Notes notes;
      Notes inner;
      cl_event event = nullptr;
    } calls{s_.context, s_.queue, nullptr, {}, {}, nullptr};
    const Mem buffer = MakeBuffer(s_.context, 64);
    calls.buffer = buffer;
    Event event;
    log_.Append(s_.queue, 4, {}, event.Out());
    Must(clSetEventCallback(
        event, CL_COMPLETE,
        [](cl_event self, cl_int, void* data) {
          auto& c = *static_cast<Calls*>(data);
          cl_int status = 1;
          clGetEventInfo(self, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr);
          c.notes.Add(StatusName(status));
          cl_int code = CL_SUCCESS;
          const Mem other(clCreateBuffer(c.context, 0, 64, nullptr, &code));
          c.notes.Add(ErrorName(code));
          const int pattern = 7;
          c.notes.Add(
              ErrorName(clEnqueueFillBuffer(c.queue, c.buffer, &pattern, 4, 0, 64, 0, nullptr, &c.event)));
          c.notes.Add(ErrorName(clSetEventCallback(c.event, CL_COMPLETE, Note, &c.inner)));
          c.notes.Add(ErrorName(clFlush(c.queue)));
        },
        &calls));
    Must(clFlush(s_.queue));
    Expect(Await(calls.notes, 5), "calls from a callback");
    Print("what they returned", calls.notes.String());
    Expect(Await(calls.inner, 1), "callback of a command from a callback");
    Must(clReleaseEvent(calls.event));
    Expect(ReadVector<int>(s_.queue, buffer, 16) == std::vector<int>(16, 7), "command from a callback");
  }

  void ReleaseInCallback() {
    Notes notes;
    cl_event event = nullptr;
    log_.Append(s_.queue, 5, {}, &event);
    Must(clSetEventCallback(
        event, CL_COMPLETE,
        [](cl_event self, cl_int, void* data) {
          static_cast<Notes*>(data)->Add(ErrorName(clReleaseEvent(self)));
        },
        &notes));
    Must(clFlush(s_.queue));
    Expect(Await(notes, 1), "release in a callback");
    Print("what it returned", notes.String());
    Must(clFinish(s_.queue));
  }

  // Each callback sets the user event that the next command waits for.
  void ChainOfCallbacks() {
    constexpr int kLength = 30;
    std::vector<Event> gates;
    for (int i = 0; i < kLength; ++i) gates.push_back(MakeUserEvent(s_.context));
    CommandLog log(s_.device, s_.context);
    std::vector<cl_int> expected;
    for (int i = 0; i < kLength; ++i) {
      Event event;
      log.Append(s_.queue, i, {gates[static_cast<size_t>(i)]}, event.Out());
      expected.push_back(i);
      if (i + 1 == kLength) break;
      Must(clSetEventCallback(
          event, CL_COMPLETE,
          [](cl_event, cl_int, void* next) {
            clSetUserEventStatus(static_cast<cl_event>(next), CL_COMPLETE);
          },
          gates[static_cast<size_t>(i) + 1].get()));
    }
    Must(clFlush(s_.queue));
    Must(clSetUserEventStatus(gates[0], CL_COMPLETE));
    Must(clFinish(s_.queue));
    log.ExpectValues(s_.queue, expected, "chain of callbacks");
  }

  Session s_;
  CommandLog log_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
