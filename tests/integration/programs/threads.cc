// OpenCL from several threads: each with its own queue and kernels in one context, all on one queue, contexts
// of their own, and threads that wait for each other's commands.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr size_t kThreads = 8;
constexpr size_t kItems = 5000;
constexpr char kSource[] = R"(
kernel void advance(global uint* data, uint factor, uint summand) {
  data[get_global_id(0)] = data[get_global_id(0)] * factor + summand;
}
)";

// Runs `work(i)` in kThreads threads.
void InThreads(const std::function<void(size_t)>& work) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

// A thread's data on the device and the model of it.
class Worker {
 public:
  Worker(cl_context context, cl_program program, size_t index)
      : random_(index),
        model_(RandomVector<cl_uint>(kItems, index)),
        kernel_(MakeKernel(program, "advance")),
        buffer_(MakeBuffer(context, kItems * sizeof(cl_uint), CL_MEM_COPY_HOST_PTR, model_.data())) {}

  // One random command; the worker's commands must run in order.
  void Step(cl_command_queue queue) {
    switch (random_.Below(6)) {
      case 0:
        return Write(queue);
      case 1:
        return Fill(queue);
      case 2:
        return Map(queue);
      case 3:
        return Check(queue);
      default:
        return Launch(queue);
    }
  }
  void Launch(cl_command_queue queue) {
    const auto factor = static_cast<cl_uint>(random_.Next() | 1);
    const auto summand = static_cast<cl_uint>(random_.Next());
    SetArgs(kernel_, buffer_, factor, summand);
    Must(clEnqueueNDRangeKernel(queue, kernel_, 1, nullptr, &kItems, nullptr, 0, nullptr, nullptr));
    for (cl_uint& value : model_) value = value * factor + summand;
  }
  void Check(cl_command_queue queue) {
    if (ReadVector<cl_uint>(queue, buffer_, kItems) != model_) right_ = false;
  }
  bool right() const { return right_; }

 private:
  void Write(cl_command_queue queue) {
    const size_t offset = random_.Below(kItems);
    const std::vector<cl_uint> data = RandomVector<cl_uint>(kItems - offset, random_.Next());
    Must(clEnqueueWriteBuffer(queue, buffer_, CL_TRUE, offset * sizeof(cl_uint),
                              data.size() * sizeof(cl_uint), data.data(), 0, nullptr, nullptr));
    std::copy(data.begin(), data.end(), model_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void Fill(cl_command_queue queue) {
    const auto pattern = static_cast<cl_uint>(random_.Next());
    const size_t offset = random_.Below(kItems);
    Must(clEnqueueFillBuffer(queue, buffer_, &pattern, sizeof pattern, offset * sizeof pattern,
                             (kItems - offset) * sizeof pattern, 0, nullptr, nullptr));
    std::fill(model_.begin() + static_cast<std::ptrdiff_t>(offset), model_.end(), pattern);
  }
  void Map(cl_command_queue queue) {
    cl_int code = CL_SUCCESS;
    auto* mapped =
        static_cast<cl_uint*>(clEnqueueMapBuffer(queue, buffer_, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                                                 kItems * sizeof(cl_uint), 0, nullptr, nullptr, &code));
    Must(code);
    if (!std::equal(model_.begin(), model_.end(), mapped)) right_ = false;
    for (size_t i = 0; i < kItems; i += 7) mapped[i] = model_[i] = static_cast<cl_uint>(i);
    Must(clEnqueueUnmapMemObject(queue, buffer_, mapped, 0, nullptr, nullptr));
  }

  Random random_;
  std::vector<cl_uint> model_;
  Kernel kernel_;
  Mem buffer_;
  bool right_ = true;
};

class Test {
 public:
  Test() : program_(BuildProgram(s_.context, s_.device, kSource)) {}

  void Run() {
    OwnQueues();
    OneQueue();
    OwnContexts();
    HandOver();
    CreateAndRelease();
    WaitForOthers();
    Queries();
    SharedEvent();
  }

 private:
  void OwnQueues() {
    std::vector<std::string> results(kThreads);
    InThreads([&](size_t i) {
      const Queue queue = MakeQueue(s_.context, s_.device);
      Worker worker(s_.context, program_, i);
      for (int step = 0; step < 100; ++step) worker.Step(queue);
      worker.Check(queue);
      results[i] = worker.right() ? "right" : "wrong";
    });
    for (size_t i = 0; i < kThreads; ++i)
      Expect(results[i] == "right", "own queues, thread " + std::to_string(i));
  }

  void OneQueue() {
    std::vector<std::string> results(kThreads);
    InThreads([&](size_t i) {
      Worker worker(s_.context, program_, 100 + i);
      for (int step = 0; step < 100; ++step) worker.Step(s_.queue);
      worker.Check(s_.queue);
      results[i] = worker.right() ? "right" : "wrong";
    });
    for (size_t i = 0; i < kThreads; ++i)
      Expect(results[i] == "right", "one queue, thread " + std::to_string(i));
  }

  void OwnContexts() {
    std::vector<std::string> results(kThreads);
    InThreads([&](size_t i) {
      const Context context = MakeContext(s_.device);
      const Queue queue = MakeQueue(context, s_.device);
      const Program program = BuildProgram(context, s_.device, kSource);
      Worker worker(context, program, 200 + i);
      for (int step = 0; step < 50; ++step) worker.Step(queue);
      worker.Check(queue);
      results[i] = worker.right() ? "right" : "wrong";
    });
    for (size_t i = 0; i < kThreads; ++i)
      Expect(results[i] == "right", "own contexts, thread " + std::to_string(i));
  }

  // A buffer that goes from thread to thread, by events.
  void HandOver() {
    CommandLog log(s_.device, s_.context);
    std::vector<Event> gates;
    for (size_t i = 0; i <= kThreads; ++i) gates.push_back(MakeUserEvent(s_.context));
    std::vector<Event> done(kThreads);
    std::vector<std::thread> threads;
    std::atomic<size_t> turn = 0;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const Queue queue = MakeQueue(s_.context, s_.device);
        while (turn != i) std::this_thread::yield();  // enqueued in turn; the commands wait for the gates
        log.Append(queue, static_cast<cl_int>(i), {gates[i]}, done[i].Out());
        Must(clFlush(queue));
        ++turn;
        const cl_event list[] = {done[i]};
        Must(clWaitForEvents(1, list));
        Must(clSetUserEventStatus(gates[i + 1], CL_COMPLETE));
      });
    }
    Must(clSetUserEventStatus(gates[0], CL_COMPLETE));
    for (std::thread& thread : threads) thread.join();
    log.ExpectValues(s_.queue, {0, 1, 2, 3, 4, 5, 6, 7}, "hand over from thread to thread");
  }

  void CreateAndRelease() {
    InThreads([&](size_t i) {
      Random random(i);
      for (int round = 0; round < 100; ++round) {
        const Queue queue = MakeQueue(s_.context, s_.device);
        const Mem buffer = MakeBuffer(s_.context, 1 + random.Below(100000));
        const Kernel kernel = MakeKernel(program_, "advance");
        Event event;
        const unsigned char zero = 0;
        Must(clEnqueueFillBuffer(queue, buffer, &zero, 1, 0, 1, 0, nullptr, event.Out()));
        if (random.OneIn(2)) Must(clFinish(queue));
      }
    });
    Print("created and released in eight threads", "done");
  }

  void WaitForOthers() {
    std::vector<Event> events(kThreads);
    std::vector<Queue> queues;
    CommandLog log(s_.device, s_.context);
    const Event gate = MakeUserEvent(s_.context);
    Event last;
    for (size_t i = 0; i < kThreads; ++i) {
      queues.push_back(MakeQueue(s_.context, s_.device));
      log.Append(queues[i], static_cast<cl_int>(i), {i == 0 ? gate.get() : events[i - 1].get()},
                 events[i].Out());
      Must(clFlush(queues[i]));
    }
    std::atomic<int> done = 0;
    std::thread opener([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      Must(clSetUserEventStatus(gate, CL_COMPLETE));
    });
    InThreads([&](size_t i) {
      const cl_event list[] = {events[kThreads - 1 - i]};
      Must(clWaitForEvents(1, list));
      Must(clFinish(queues[i]));
      ++done;
    });
    opener.join();
    PrintNumber("threads that waited for others' events", done);
  }

  void Queries() {
    const Mem buffer = MakeBuffer(s_.context, 12345);
    std::atomic<int> wrong = 0;
    InThreads([&](size_t) {
      for (int i = 0; i < 2000; ++i) {
        size_t size = 0;
        if (clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof size, &size, nullptr) != CL_SUCCESS ||
            size != 12345)
          ++wrong;
        Must(clRetainMemObject(buffer));
        if (s_.device.Get<cl_uint>(CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS) < 1) ++wrong;
        Must(clReleaseMemObject(buffer));
      }
    });
    Expect(wrong == 0, "queries and reference counts in eight threads");
    cl_uint count = 0;
    Must(clGetMemObjectInfo(buffer, CL_MEM_REFERENCE_COUNT, sizeof count, &count, nullptr));
    PrintNumber("reference count afterwards", count);
  }

  // All threads wait for one event.
  void SharedEvent() {
    const Event gate = MakeUserEvent(s_.context);
    std::atomic<int> ready = 0;
    std::thread opener([&] {
      while (ready < static_cast<int>(kThreads)) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      Must(clSetUserEventStatus(gate, CL_COMPLETE));
    });
    std::atomic<int> woken = 0;
    InThreads([&](size_t) {
      ++ready;
      const cl_event list[] = {gate};
      Must(clWaitForEvents(1, list));
      ++woken;
    });
    opener.join();
    PrintNumber("threads that waited for one event", woken);
  }

  Session s_;
  Program program_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
