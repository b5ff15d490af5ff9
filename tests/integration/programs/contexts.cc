// Contexts and queues: creation from types, several contexts side by side, error callbacks, destructor
// callbacks of contexts and memory objects, queues of all properties.
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

class Test {
 public:
  void Run() {
    FromType();
    SideBySide();
    ManyContexts();
    DestructorOrder();
    DestructorOfUsedMemory();
    ContextDestructor();
    KeptByObjects();
    Queues();
    ManyQueues();
    SubDevices();
  }

 private:
  // A round trip through a context, as proof that it works.
  static bool Works(cl_context context, const Device& device) {
    const Queue queue = MakeQueue(context, device);
    const std::vector<int> data = RandomVector<int>(1000, 1);
    const Mem buffer = MakeBuffer(context, data.size() * sizeof(int));
    WriteAll(queue, buffer, data.data(), data.size() * sizeof(int));
    return ReadVector<int>(queue, buffer, data.size()) == data;
  }

  void FromType() {
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                reinterpret_cast<cl_context_properties>(device_.platform), 0};
    const struct {
      const char* name;
      cl_device_type type;
    } types[] = {{"own type", device_.Get<cl_device_type>(CL_DEVICE_TYPE)},
                 {"default", CL_DEVICE_TYPE_DEFAULT},
                 {"all", CL_DEVICE_TYPE_ALL}};
    for (const auto& [name, type] : types) {
      cl_int code = CL_SUCCESS;
      const Context context(clCreateContextFromType(properties, type, nullptr, nullptr, &code));
      Must(code);
      cl_uint count = 0;
      Must(clGetContextInfo(context, CL_CONTEXT_NUM_DEVICES, sizeof count, &count, nullptr));
      std::vector<cl_device_id> devices(count);
      Must(clGetContextInfo(context, CL_CONTEXT_DEVICES, count * sizeof(cl_device_id), devices.data(),
                            nullptr));
      Device first = device_;
      first.id = devices[0];
      Expect(count >= 1 && Works(context, first), std::string("from type, ") + name);
    }
  }

  void SideBySide() {
    std::vector<Context> contexts;
    std::vector<Queue> queues;
    std::vector<Mem> buffers;
    std::vector<std::vector<int>> data;
    for (size_t i = 0; i < 8; ++i) {
      contexts.push_back(MakeContext(device_));
      queues.push_back(MakeQueue(contexts[i], device_));
      buffers.push_back(MakeBuffer(contexts[i], 4000));
      data.push_back(RandomVector<int>(1000, i));
      Must(clEnqueueWriteBuffer(queues[i], buffers[i], CL_FALSE, 0, 4000, data[i].data(), 0, nullptr,
                                nullptr));
    }
    bool right = true;
    for (size_t i = 8; i-- > 0;) right = right && ReadVector<int>(queues[i], buffers[i], 1000) == data[i];
    Expect(right, "eight contexts side by side");
  }

  void ManyContexts() {
    bool right = true;
    for (int i = 0; i < 100; ++i) {
      const Context context = MakeContext(device_);
      if (i % 10 == 0) right = right && Works(context, device_);
    }
    Expect(right, "100 contexts one after the other");
  }

  struct Calls {
    std::mutex mutex;
    std::string order;
    void Add(char letter) {
      const std::lock_guard lock(mutex);
      order += letter;
    }
    std::string Order() {
      const std::lock_guard lock(mutex);
      return order;
    }
  };
  template <char kLetter>
  static void CL_CALLBACK Note(cl_mem, void* data) {
    static_cast<Calls*>(data)->Add(kLetter);
  }

  // Callbacks of a memory object are called last registered first.
  void DestructorOrder() {
    const Context context = MakeContext(device_);
    Calls calls;
    Mem buffer = MakeBuffer(context, 64);
    Must(clSetMemObjectDestructorCallback(buffer, Note<'a'>, &calls));
    Must(clSetMemObjectDestructorCallback(buffer, Note<'b'>, &calls));
    Must(clSetMemObjectDestructorCallback(buffer, Note<'c'>, &calls));
    Must(clRetainMemObject(buffer));
    Must(clReleaseMemObject(buffer));
    Print("before the last release", "'" + calls.Order() + "'");
    buffer.Reset();
    Eventually([&] { return calls.Order().size() == 3; });
    Print("destructor callbacks", calls.Order());
  }

  // The program may free its memory when the callback says so, and not before, though commands are under way.
  void DestructorOfUsedMemory() {
    const Session s;
    static std::vector<int> memory(1 << 20);
    static std::atomic<bool> called = false;
    CommandLog log(s.device, s.context);
    const Event gate = MakeUserEvent(s.context);
    {
      const Mem buffer =
          MakeBuffer(s.context, memory.size() * sizeof(int), CL_MEM_USE_HOST_PTR, memory.data());
      Must(clSetMemObjectDestructorCallback(
          buffer, [](cl_mem, void*) { called = true; }, nullptr));
      const int pattern = 5;
      const cl_event list[] = {gate};
      Must(clEnqueueFillBuffer(s.queue, buffer, &pattern, 4, 0, memory.size() * sizeof(int), 1, list,
                               nullptr));
      Must(clFlush(s.queue));
    }
    ShortPause();
    Expect(!called, "not destroyed while a command uses it");
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Must(clFinish(s.queue));
    Expect(Eventually([&] { return called.load(); }), "destroyed after the command");
  }

  void ContextDestructor() {
    static std::atomic<int> called = 0;
    Context context = MakeContext(device_);
    for (int i = 0; i < 3; ++i) {
      Must(clSetContextDestructorCallback(
          context, [](cl_context, void*) { ++called; }, nullptr));
    }
    Mem buffer = MakeBuffer(context, 64);
    context.Reset();
    PrintNumber("context callbacks while a buffer lives", called);
    buffer.Reset();
    Expect(Eventually([&] { return called == 3; }), "context callbacks after the buffer");
  }

  // A context lives as long as its objects.
  void KeptByObjects() {
    Context context = MakeContext(device_);
    const Queue queue = MakeQueue(context, device_);
    const Mem buffer = MakeBuffer(context, 64);
    cl_context plain = context;
    context.Reset();
    cl_context asked = nullptr;
    Must(clGetMemObjectInfo(buffer, CL_MEM_CONTEXT, sizeof asked, &asked, nullptr));
    Expect(asked == plain, "context kept by a buffer");
    const std::vector<int> data = RandomVector<int>(16, 2);
    WriteAll(queue, buffer, data.data(), 64);
    Expect(ReadVector<int>(queue, buffer, 16) == data, "commands in a context that was released");
  }

  void Queues() {
    const Context context = MakeContext(device_);
    for (cl_command_queue_properties properties :
         {cl_command_queue_properties{0}, cl_command_queue_properties{CL_QUEUE_PROFILING_ENABLE},
          cl_command_queue_properties{CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE},
          cl_command_queue_properties{CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE}}) {
      const cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, properties, 0};
      cl_int code = CL_SUCCESS;
      const Queue queue(clCreateCommandQueueWithProperties(context, device_.id, list, &code));
      Must(code);
      CommandLog log(device_, context);
      Event event;
      log.Append(queue, 1, {}, event.Out());
      Must(clFinish(queue));
      cl_ulong time = 0;
      PrintError("profiling of queue " + std::to_string(properties),
                 clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof time, &time, nullptr));
    }
  }

  void ManyQueues() {
    const Context context = MakeContext(device_);
    std::vector<Queue> queues;
    const Mem buffer = MakeBuffer(context, 200 * sizeof(int));
    for (int i = 0; i < 200; ++i) {
      queues.push_back(MakeQueue(context, device_));
      Must(clEnqueueFillBuffer(queues.back(), buffer, &i, sizeof i, static_cast<size_t>(i) * sizeof i,
                               sizeof i, 0, nullptr, nullptr));
    }
    for (const Queue& queue : queues) Must(clFinish(queue));
    std::vector<int> expected(200);
    for (int i = 0; i < 200; ++i) expected[static_cast<size_t>(i)] = i;
    ExpectEqual(ReadVector<int>(queues[0], buffer, 200), expected, "200 queues");
  }

  void SubDevices() {
    const cl_device_partition_property properties[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
    cl_uint count = 0;
    const cl_int code = clCreateSubDevices(device_.id, properties, 0, nullptr, &count);
    PrintError("sub-devices", code);
    if (code != CL_SUCCESS) return;
    std::vector<cl_device_id> parts(count);
    Must(clCreateSubDevices(device_.id, properties, count, parts.data(), nullptr));
    for (cl_device_id part : parts) {
      Device device = device_;
      device.id = part;
      const Context context = MakeContext(device);
      CommandLog log(device, context);
      const Queue queue = MakeQueue(context, device);
      for (cl_int i = 0; i < 10; ++i) log.Append(queue, i);
      log.ExpectValues(queue, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "context of a sub-device");
      Expect(Works(context, device), "transfers of a sub-device");
    }
    for (cl_device_id part : parts) Must(clReleaseDevice(part));
  }

  Device device_ = ChooseDevice();
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
