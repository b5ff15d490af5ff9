// Objects released in every order, with commands under way, by others than who made them; references counted.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr char kSource[] =
    "kernel void add(global int* data, int value) { data[get_global_id(0)] += value; }";

// The objects of a small program, which can be released one by one in any order.
struct World {
  explicit World(const Device& device)
      : context(MakeContext(device)),
        queue(MakeQueue(context, device)),
        buffer(MakeBuffer(context, 4000)),
        program(BuildProgram(context, device, kSource)),
        kernel(MakeKernel(program, "add")) {
    const cl_buffer_region region = {0, 2000};
    cl_int code = CL_SUCCESS;
    sub_buffer = Mem(clCreateSubBuffer(buffer, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &code));
    Must(code);
    const cl_int zero = 0;
    Must(clEnqueueFillBuffer(queue, buffer, &zero, 4, 0, 4000, 0, nullptr, nullptr));
    SetArgs(kernel, sub_buffer, cl_int{5});
    const size_t items = 500;
    Must(clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, event.Out()));
    Must(clEnqueueReadBuffer(queue, buffer, CL_FALSE, 0, 4000, result.data(), 0, nullptr, read.Out()));
    Must(clFlush(queue));
  }
  void Release(size_t which) {
    switch (which) {
      case 0:
        return context.Reset();
      case 1:
        return queue.Reset();
      case 2:
        return buffer.Reset();
      case 3:
        return program.Reset();
      case 4:
        return kernel.Reset();
      case 5:
        return sub_buffer.Reset();
      case 6:
        return event.Reset();
      default:
        return;
    }
  }

  std::vector<cl_int> result = std::vector<cl_int>(1000, -1);
  Context context;
  Queue queue;
  Mem buffer;
  Program program;
  Kernel kernel;
  Mem sub_buffer;
  Event event;
  Event read;
};

class Test {
 public:
  void Run() {
    Orders();
    References();
    ReleaseQueueWithCommands();
    ReleaseBuffersInFlight();
    KernelArgumentsReleased();
    EventsOutliveAll();
    ProgramsOutliveKernels();
    MappedToTheEnd();
    ThousandsOfObjects();
  }

 private:
  // Every order would be 5040 of them: a sample.
  void Orders() {
    std::array<size_t, 7> order = {0, 1, 2, 3, 4, 5, 6};
    Random random(1);
    std::vector<cl_int> expected(1000, 0);
    std::fill(expected.begin(), expected.begin() + 500, 5);
    int right = 0;
    for (int round = 0; round < 40; ++round) {
      for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
      World world(device_);
      for (size_t which : order) world.Release(which);
      const cl_event list[] = {world.read};
      Must(clWaitForEvents(1, list));
      if (world.result == expected) ++right;
    }
    PrintNumber("orders of release", right);
    Expect(right == 40, "results in every order");
  }

  template <typename Retain, typename ReleaseOne, typename CountOf>
  static void CountReferences(const std::string& name, Retain retain, ReleaseOne release, CountOf count) {
    const cl_uint before = count();
    for (int i = 0; i < 5; ++i) Must(retain());
    const cl_uint retained = count();
    for (int i = 0; i < 5; ++i) Must(release());
    const cl_uint after = count();
    Expect(retained == before + 5 && after == before, "references of a " + name,
           std::to_string(before) + " " + std::to_string(retained) + " " + std::to_string(after));
  }

  void References() {
    const Session s;
    const Mem buffer = MakeBuffer(s.context, 64);
    const Program program = BuildProgram(s.context, device_, kSource);
    const Kernel kernel = MakeKernel(program, "add");
    const Event event = MakeUserEvent(s.context);
    const auto query = [](auto function, auto object, cl_uint token) {
      cl_uint count = 0;
      Must(function(object, token, sizeof count, &count, nullptr));
      return count;
    };
    CountReferences(
        "context", [&] { return clRetainContext(s.context); }, [&] { return clReleaseContext(s.context); },
        [&] { return query(clGetContextInfo, s.context.get(), CL_CONTEXT_REFERENCE_COUNT); });
    CountReferences(
        "queue", [&] { return clRetainCommandQueue(s.queue); },
        [&] { return clReleaseCommandQueue(s.queue); },
        [&] { return query(clGetCommandQueueInfo, s.queue.get(), CL_QUEUE_REFERENCE_COUNT); });
    CountReferences(
        "buffer", [&] { return clRetainMemObject(buffer); }, [&] { return clReleaseMemObject(buffer); },
        [&] { return query(clGetMemObjectInfo, buffer.get(), CL_MEM_REFERENCE_COUNT); });
    CountReferences(
        "program", [&] { return clRetainProgram(program); }, [&] { return clReleaseProgram(program); },
        [&] { return query(clGetProgramInfo, program.get(), CL_PROGRAM_REFERENCE_COUNT); });
    CountReferences(
        "kernel", [&] { return clRetainKernel(kernel); }, [&] { return clReleaseKernel(kernel); },
        [&] { return query(clGetKernelInfo, kernel.get(), CL_KERNEL_REFERENCE_COUNT); });
    CountReferences(
        "event", [&] { return clRetainEvent(event); }, [&] { return clReleaseEvent(event); },
        [&] { return query(clGetEventInfo, event.get(), CL_EVENT_REFERENCE_COUNT); });
    Must(clSetUserEventStatus(event, CL_COMPLETE));
  }

  // A queue whose last reference goes finishes its commands all the same.
  void ReleaseQueueWithCommands() {
    const Session s;
    CommandLog log(device_, s.context);
    std::vector<cl_int> expected;
    Event last;
    for (cl_int i = 0; i < 20; ++i) {
      const Queue queue = MakeQueue(s.context, device_);
      Event next;
      log.AppendSlowly(queue, i, last != nullptr ? std::vector<cl_event>{last} : std::vector<cl_event>{},
                       next.Out());
      Must(clFlush(queue));
      expected.push_back(i);
      last = std::move(next);
    }
    const cl_event list[] = {last};
    Must(clWaitForEvents(1, list));
    log.ExpectValues(s.queue, expected, "queues released with commands");
  }

  void ReleaseBuffersInFlight() {
    const Session s;
    const Event gate = MakeUserEvent(s.context);
    const cl_event list[] = {gate};
    std::vector<std::vector<int>> results(50, std::vector<int>(1000));
    for (size_t i = 0; i < results.size(); ++i) {
      const Mem buffer = MakeBuffer(s.context, 4000);
      const int pattern = static_cast<int>(i);
      Must(clEnqueueFillBuffer(s.queue, buffer, &pattern, 4, 0, 4000, i == 0 ? 1 : 0, i == 0 ? list : nullptr,
                               nullptr));
      Must(clEnqueueReadBuffer(s.queue, buffer, CL_FALSE, 0, 4000, results[i].data(), 0, nullptr, nullptr));
    }
    Must(clFlush(s.queue));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Must(clFinish(s.queue));
    bool right = true;
    for (size_t i = 0; i < results.size(); ++i) {
      right = right && results[i] == std::vector<int>(1000, static_cast<int>(i));
    }
    Expect(right, "50 buffers released while commands wait");
  }

  // A launch keeps what it works on.
  void KernelArgumentsReleased() {
    const Session s;
    const Program program = BuildProgram(s.context, device_, kSource);
    const Event gate = MakeUserEvent(s.context);
    const cl_event list[] = {gate};
    Mem whole = MakeBuffer(s.context, 4000);
    const cl_int zero = 0;
    Must(clEnqueueFillBuffer(s.queue, whole, &zero, 4, 0, 4000, 0, nullptr, nullptr));
    const size_t items = 1000;
    {
      const Kernel kernel = MakeKernel(program, "add");
      for (cl_int i = 1; i <= 10; ++i) {
        SetArgs(kernel, whole, i);
        Must(clEnqueueNDRangeKernel(s.queue, kernel, 1, nullptr, &items, nullptr, i == 1 ? 1 : 0,
                                    i == 1 ? list : nullptr, nullptr));
      }
    }
    std::vector<int> result(1000);
    Must(clEnqueueReadBuffer(s.queue, whole, CL_FALSE, 0, 4000, result.data(), 0, nullptr, nullptr));
    whole.Reset();
    Must(clFlush(s.queue));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Must(clFinish(s.queue));
    ExpectEqual(result, std::vector<int>(1000, 55), "kernel and buffer released while launches wait");
  }

  void EventsOutliveAll() {
    std::vector<Event> events(10);
    {
      const Session s;
      CommandLog log(device_, s.context);
      for (cl_int i = 0; i < 10; ++i) log.Append(s.queue, i, {}, events[static_cast<size_t>(i)].Out());
      Must(clFinish(s.queue));
    }
    bool complete = true;
    for (const Event& event : events) complete = complete && EventStatus(event) == CL_COMPLETE;
    Expect(complete, "events of a queue and a context that are gone");
  }

  void ProgramsOutliveKernels() {
    const Session s;
    const Program program = BuildProgram(s.context, device_, kSource);
    for (int i = 0; i < 50; ++i) {
      const Kernel kernel = MakeKernel(program, "add");
      const Mem buffer = MakeBuffer(s.context, 4000);
      SetArgs(kernel, buffer, i);
      const size_t items = 1000;
      Must(clEnqueueNDRangeKernel(s.queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr));
    }
    PrintError("50 kernels of one program, released at once", clFinish(s.queue));
  }

  // A buffer that is released while it is mapped, for good.
  void MappedToTheEnd() {
    const Session s;
    {
      const Mem buffer = MakeBuffer(s.context, 4096);
      cl_int code = CL_SUCCESS;
      auto* mapped = static_cast<char*>(clEnqueueMapBuffer(
          s.queue, buffer, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, 4096, 0, nullptr, nullptr, &code));
      Must(code);
      mapped[0] = 1;
    }
    PrintError("released while mapped", clFinish(s.queue));
  }

  void ThousandsOfObjects() {
    const Session s;
    std::vector<Mem> buffers;
    for (size_t i = 0; i < 3000; ++i) buffers.push_back(MakeBuffer(s.context, 64 + i));
    std::vector<Event> events;
    for (size_t i = 0; i < 3000; ++i) events.push_back(MakeUserEvent(s.context));
    for (const Event& event : events) Must(clSetUserEventStatus(event, CL_COMPLETE));
    Random random(9);
    while (!buffers.empty()) {
      std::swap(buffers[random.Below(buffers.size())], buffers.back());
      buffers.pop_back();
    }
    const Mem buffer = MakeBuffer(s.context, 64);
    const std::vector<int> data = RandomVector<int>(16, 1);
    WriteAll(s.queue, buffer, data.data(), 64);
    ExpectEqual(ReadVector<int>(s.queue, buffer, 16), data, "after thousands of objects");
  }

  Device device_ = ChooseDevice();
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
