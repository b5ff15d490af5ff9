// Command buffers (cl_khr_command_buffer): recording, enqueueing once and often, order, states, errors.
#include <string>
#include <vector>

#include "command_buffers/functions.h"
#include "support/commands.h"
#include "support/device.h"
#include "support/names.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr char kSource[] = R"(
kernel void add(global int* values, int amount) { values[get_global_id(0)] += amount; }
kernel void twice(global int* values) { values[get_global_id(0)] *= 2; })";

class Test {
 public:
  explicit Test(const CommandBufferFunctions& cl) : cl_(cl) {}

  void Run() {
    Kernels();
    ArgumentsAreKept();
    CopiesAndFills();
    Rectangles();
    if (s_.device.HasImages()) Images();
    OutOfOrder();
    BetweenOtherCommands();
    States();
    SimultaneousUse();
    ReleasedWhilePending();
    OtherQueue();
    Events();
    Errors();
    RecordingErrors();
  }

 private:
  // Owns a command buffer.
  class Buffer {
   public:
    Buffer(const Test& test, cl_command_queue queue, cl_command_buffer_flags_khr flags = 0) : cl_(test.cl_) {
      const cl_command_buffer_properties_khr properties[] = {CL_COMMAND_BUFFER_FLAGS_KHR, flags, 0};
      cl_int code = CL_SUCCESS;
      buffer_ = cl_.Create(1, &queue, flags != 0 ? properties : nullptr, &code);
      Must(code);
    }
    ~Buffer() { Release(); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    operator cl_command_buffer_khr() const { return buffer_; }
    void Release() {
      if (buffer_ != nullptr) Must(cl_.Release(std::exchange(buffer_, nullptr)));
    }
    void Finalize() const { Must(cl_.Finalize(buffer_)); }
    void Enqueue(const std::vector<cl_event>& wait = {}, cl_event* event = nullptr) const {
      Must(cl_.Enqueue(0, nullptr, buffer_, CountOf(wait), ListOf(wait), event));
    }
    void Launch(cl_kernel kernel, size_t count, const std::vector<cl_sync_point_khr>& after = {},
                cl_sync_point_khr* point = nullptr) const {
      Must(cl_.NDRangeKernel(buffer_, nullptr, nullptr, kernel, 1, nullptr, &count, nullptr,
                             static_cast<cl_uint>(after.size()), after.empty() ? nullptr : after.data(),
                             point, nullptr));
    }
    cl_command_buffer_state_khr State() const {
      cl_command_buffer_state_khr state = 99;
      Must(cl_.GetInfo(buffer_, CL_COMMAND_BUFFER_STATE_KHR, sizeof state, &state, nullptr));
      return state;
    }

   private:
    const CommandBufferFunctions& cl_;
    cl_command_buffer_khr buffer_ = nullptr;
  };

  Mem Ints(const std::vector<cl_int>& values) const {
    return MakeBuffer(s_.context, values.size() * sizeof(cl_int), CL_MEM_COPY_HOST_PTR,
                      const_cast<cl_int*>(values.data()));
  }
  void ExpectInts(cl_mem mem, const std::vector<cl_int>& expected, const std::string& name) const {
    ExpectEqual(ReadVector<cl_int>(s_.queue, mem, expected.size()), expected, name);
  }
  Kernel Add(cl_mem mem, cl_int amount) const {
    Kernel kernel = MakeKernel(program_, "add");
    MustSetArg(kernel, 0, sizeof mem, &mem);
    SetArg(kernel, 1, amount);
    return kernel;
  }

  void Kernels() const {
    const Mem mem = Ints(std::vector<cl_int>(64, 1));
    const Kernel add = Add(mem, 3), twice = MakeKernel(program_, "twice");
    SetArgs(twice, mem);
    const Buffer buffer(*this, s_.queue);
    buffer.Launch(add, 64);
    buffer.Launch(twice, 64);
    buffer.Finalize();
    cl_int expected = 1;
    for (int i = 0; i < 5; ++i) {
      buffer.Enqueue();
      expected = (expected + 3) * 2;
      Must(clFinish(s_.queue));
    }
    ExpectInts(mem, std::vector<cl_int>(64, expected), "kernels, five times");
  }

  // What a kernel's arguments are later does not matter, nor does a launch in between.
  void ArgumentsAreKept() const {
    const Mem first = Ints(std::vector<cl_int>(16, 0)), second = Ints(std::vector<cl_int>(16, 0));
    const Kernel add = Add(first, 1);
    const Buffer buffer(*this, s_.queue);
    buffer.Launch(add, 16);
    buffer.Finalize();
    SetArgs(add, second, cl_int{100});
    const size_t count = 16;
    Must(clEnqueueNDRangeKernel(s_.queue, add, 1, nullptr, &count, nullptr, 0, nullptr, nullptr));
    buffer.Enqueue();
    Must(clEnqueueNDRangeKernel(s_.queue, add, 1, nullptr, &count, nullptr, 0, nullptr, nullptr));
    // PoCL 3.1 runs with the arguments that the kernel has when the buffer is enqueued.
    const bool kept = ReadVector<cl_int>(s_.queue, first, 16) == std::vector<cl_int>(16, 1) &&
                      ReadVector<cl_int>(s_.queue, second, 16) == std::vector<cl_int>(16, 200);
    PrintSpecified("recorded arguments are kept", kept ? "yes" : "no", "yes");
  }

  void CopiesAndFills() const {
    const Mem from = Ints({1, 2, 3, 4, 5, 6, 7, 8}), to = Ints(std::vector<cl_int>(8, 0));
    const Buffer buffer(*this, s_.queue);
    const cl_int pattern = 9;
    Must(cl_.FillBuffer(buffer, nullptr, to, &pattern, sizeof pattern, 0, 32, 0, nullptr, nullptr, nullptr));
    Must(cl_.CopyBuffer(buffer, nullptr, from, to, 4, 8, 12, 0, nullptr, nullptr, nullptr));
    Must(cl_.Barrier(buffer, nullptr, 0, nullptr, nullptr, nullptr));
    buffer.Finalize();
    buffer.Enqueue();
    Must(clFinish(s_.queue));
    ExpectInts(to, {9, 9, 2, 3, 4, 9, 9, 9}, "copy and fill");
    // Written by the host between two runs.
    WriteAll(s_.queue, from, std::vector<cl_int>{10, 20, 30, 40}.data(), 16);
    buffer.Enqueue();
    ExpectInts(to, {9, 9, 20, 30, 40, 9, 9, 9}, "copy and fill, other contents");
  }

  void Rectangles() const {
    std::vector<cl_int> values(64);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<cl_int>(i);
    const Mem from = Ints(values), to = Ints(std::vector<cl_int>(64, -1));
    const Buffer buffer(*this, s_.queue);
    const size_t source[] = {4, 1, 0}, destination[] = {8, 2, 0}, region[] = {12, 3, 1};
    Must(cl_.CopyBufferRect(buffer, nullptr, from, to, source, destination, region, 32, 0, 32, 0, 0, nullptr,
                            nullptr, nullptr));
    buffer.Finalize();
    buffer.Enqueue();
    Must(clFinish(s_.queue));
    std::vector<cl_int> expected(64, -1);
    for (size_t y = 0; y < 3; ++y)
      for (size_t x = 0; x < 3; ++x) expected[(y + 2) * 8 + x + 2] = values[(y + 1) * 8 + x + 1];
    ExpectInts(to, expected, "rectangle");
  }

  Mem Image() const {
    const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
    cl_image_desc shape{};
    shape.image_type = CL_MEM_OBJECT_IMAGE2D;
    shape.image_width = 4;
    shape.image_height = 4;
    cl_int code = CL_SUCCESS;
    Mem image(clCreateImage(s_.context, CL_MEM_READ_WRITE, &format, &shape, nullptr, &code));
    Must(code);
    return image;
  }

  void Images() const {
    const Mem first = Image(), second = Image();
    std::vector<cl_int> values(16);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<cl_int>(i * 0x01010101);
    const Mem from = Ints(values), to = Ints(std::vector<cl_int>(16, 0));
    const size_t zero[] = {0, 0, 0}, corner[] = {2, 2, 0}, whole[] = {4, 4, 1}, quarter[] = {2, 2, 1};
    const cl_uint color[] = {7, 7, 7, 7};
    const Buffer buffer(*this, s_.queue);
    Must(cl_.CopyBufferToImage(buffer, nullptr, from, first, 0, zero, whole, 0, nullptr, nullptr, nullptr));
    Must(cl_.FillImage(buffer, nullptr, second, color, zero, whole, 0, nullptr, nullptr, nullptr));
    Must(cl_.CopyImage(buffer, nullptr, first, second, zero, corner, quarter, 0, nullptr, nullptr, nullptr));
    Must(cl_.CopyImageToBuffer(buffer, nullptr, second, to, zero, whole, 0, 0, nullptr, nullptr, nullptr));
    buffer.Finalize();
    buffer.Enqueue();
    Must(clFinish(s_.queue));
    std::vector<cl_int> expected(16, 0x07070707);
    for (size_t y = 0; y < 2; ++y)
      for (size_t x = 0; x < 2; ++x) expected[(y + 2) * 4 + x + 2] = values[y * 4 + x];
    ExpectInts(to, expected, "images");
  }

  // Sync points give the order that the queue does not.
  void OutOfOrder() const {
    const Queue queue = MakeQueue(s_.context, s_.device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    const Mem mem = Ints(std::vector<cl_int>(256, 1)), copy = Ints(std::vector<cl_int>(256, 0));
    const Kernel add = Add(mem, 2), twice = MakeKernel(program_, "twice");
    SetArgs(twice, mem);
    const Buffer buffer(*this, queue);
    cl_sync_point_khr added = 0, doubled = 0, held = 0;
    buffer.Launch(add, 256, {}, &added);
    buffer.Launch(twice, 256, {added}, &doubled);
    Must(cl_.Barrier(buffer, nullptr, 1, &doubled, &held, nullptr));
    Must(cl_.CopyBuffer(buffer, nullptr, mem, copy, 0, 0, 1024, 1, &held, nullptr, nullptr));
    Expect(added != doubled && doubled != held, "sync points differ");
    buffer.Finalize();
    Event done;
    buffer.Enqueue({}, done.Out());
    const std::vector<cl_event> wait = {done};
    Must(clWaitForEvents(1, wait.data()));
    ExpectInts(copy, std::vector<cl_int>(256, 6), "out of order");
  }

  void BetweenOtherCommands() const {
    const Queue queue = MakeQueue(s_.context, s_.device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    const Mem mem = Ints(std::vector<cl_int>(1024, 0));
    const Kernel add = Add(mem, 1);
    const Buffer buffer(*this, queue);
    buffer.Launch(add, 1024);
    buffer.Finalize();
    const std::vector<cl_int> start(1024, 5);
    std::vector<cl_int> got(1024);
    const Event gate = MakeUserEvent(s_.context);
    Event written, run;
    const cl_event first[] = {gate};
    Must(clEnqueueWriteBuffer(queue, mem, CL_FALSE, 0, 4096, start.data(), 1, first, written.Out()));
    buffer.Enqueue({written}, run.Out());
    const cl_event last[] = {run};
    Event read;
    Must(clEnqueueReadBuffer(queue, mem, CL_FALSE, 0, 4096, got.data(), 1, last, read.Out()));
    Must(clFlush(queue));
    Expect(EventStatus(run) > CL_COMPLETE, "held back");
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Must(clFinish(queue));
    ExpectEqual(got, std::vector<cl_int>(1024, 6), "between a write and a read");
  }

  void States() const {
    const Mem mem = Ints(std::vector<cl_int>(16, 0));
    const Kernel add = Add(mem, 1);
    const Buffer buffer(*this, s_.queue);
    PrintNumber("state while recording", buffer.State());
    buffer.Launch(add, 16);
    PrintError("enqueue while recording", cl_.Enqueue(0, nullptr, buffer, 0, nullptr, nullptr));
    buffer.Finalize();
    PrintNumber("state after finalizing", buffer.State());
    PrintError("finalize again", cl_.Finalize(buffer));
    const Event gate = MakeUserEvent(s_.context);
    buffer.Enqueue({gate});
    Must(clFlush(s_.queue));
    PrintNumber("state while it waits", buffer.State());
    PrintError("enqueue while it waits", cl_.Enqueue(0, nullptr, buffer, 0, nullptr, nullptr));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    Must(clFinish(s_.queue));
    Expect(Eventually([&] { return buffer.State() == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR; }),
           "executable again");
    buffer.Enqueue();
    ExpectInts(mem, std::vector<cl_int>(16, 2), "run twice");
  }

  void SimultaneousUse() const {
    const Mem mem = Ints(std::vector<cl_int>(16, 0));
    const Kernel add = Add(mem, 1);
    const Buffer buffer(*this, s_.queue, CL_COMMAND_BUFFER_SIMULTANEOUS_USE_KHR);
    buffer.Launch(add, 16);
    buffer.Finalize();
    for (int i = 0; i < 100; ++i) buffer.Enqueue();
    ExpectInts(mem, std::vector<cl_int>(16, 100), "a hundred at once");
  }

  void ReleasedWhilePending() const {
    const Mem mem = Ints(std::vector<cl_int>(16, 0));
    const Event gate = MakeUserEvent(s_.context);
    {
      Kernel add = Add(mem, 1);
      Buffer buffer(*this, s_.queue);
      buffer.Launch(add, 16);
      buffer.Finalize();
      buffer.Enqueue({gate});
    }
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    ExpectInts(mem, std::vector<cl_int>(16, 1), "released while it waits");
  }

  void OtherQueue() const {
    const Queue like = MakeQueue(s_.context, s_.device, CL_QUEUE_PROFILING_ENABLE);
    const Queue unlike = MakeQueue(s_.context, s_.device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    const Mem mem = Ints(std::vector<cl_int>(16, 0));
    const Kernel add = Add(mem, 1);
    const Buffer buffer(*this, s_.queue);
    buffer.Launch(add, 16);
    buffer.Finalize();
    cl_command_queue queues[] = {like};
    Must(cl_.Enqueue(1, queues, buffer, 0, nullptr, nullptr));
    Must(clFinish(like));
    ExpectInts(mem, std::vector<cl_int>(16, 1), "in another queue");
    queues[0] = unlike;
    PrintError("in a queue of another kind", cl_.Enqueue(1, queues, buffer, 0, nullptr, nullptr));
  }

  void Events() const {
    const Mem mem = Ints(std::vector<cl_int>(16, 0));
    const Kernel add = Add(mem, 1);
    const Buffer buffer(*this, s_.queue);
    buffer.Launch(add, 16);
    buffer.Finalize();
    Event event;
    buffer.Enqueue({}, event.Out());
    cl_command_type type = 0;
    cl_command_queue queue = nullptr;
    Must(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof type, &type, nullptr));
    Must(clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof queue, &queue, nullptr));
    PrintNumber("command type", type);
    Expect(queue == s_.queue, "queue of the event");
    const cl_event list[] = {event};
    Must(clWaitForEvents(1, list));
    PrintNumber("status", EventStatus(event));
    cl_uint count = 0;
    Must(cl_.GetInfo(buffer, CL_COMMAND_BUFFER_NUM_QUEUES_KHR, sizeof count, &count, nullptr));
    PrintNumber("queues", count);
    Expect(Eventually([&] {
             Must(cl_.GetInfo(buffer, CL_COMMAND_BUFFER_REFERENCE_COUNT_KHR, sizeof count, &count, nullptr));
             return count == 1;
           }),
           "one reference");
    Must(cl_.Retain(buffer));
    Must(cl_.GetInfo(buffer, CL_COMMAND_BUFFER_REFERENCE_COUNT_KHR, sizeof count, &count, nullptr));
    PrintNumber("references after a retain", count);
    Must(cl_.Release(buffer));
  }

  void Errors() const {
    cl_int code = CL_SUCCESS;
    const auto create = [&](cl_uint count, const cl_command_queue* queues,
                            const std::vector<cl_command_buffer_properties_khr>& properties) {
      const cl_command_buffer_khr made =
          cl_.Create(count, queues, properties.empty() ? nullptr : properties.data(), &code);
      if (made != nullptr) Must(cl_.Release(made));
      return code;
    };
    const cl_command_queue queues[] = {s_.queue, s_.queue};
    PrintError("create, no queues", create(0, nullptr, {}));
    PrintError("create, two queues", create(2, queues, {}));
    PrintError("create, null list", create(1, nullptr, {}));
    PrintError("create, unknown property", create(1, queues, {0x1234, 1, 0}));
    PrintError("create, unknown flag", create(1, queues, {CL_COMMAND_BUFFER_FLAGS_KHR, 1 << 9, 0}));
    PrintSpecified(
        "create, a property twice",
        ErrorName(create(1, queues, {CL_COMMAND_BUFFER_FLAGS_KHR, 0, CL_COMMAND_BUFFER_FLAGS_KHR, 0, 0})),
        "CL_INVALID_VALUE");
    PrintError("finalize null", cl_.Finalize(nullptr));
    PrintError("retain null", cl_.Retain(nullptr));
    PrintError("release null", cl_.Release(nullptr));
    PrintError("info of null", cl_.GetInfo(nullptr, CL_COMMAND_BUFFER_STATE_KHR, 0, nullptr, nullptr));
    PrintError("enqueue null", cl_.Enqueue(0, nullptr, nullptr, 0, nullptr, nullptr));
    const Buffer buffer(*this, s_.queue);
    PrintError("info of an unknown token", cl_.GetInfo(buffer, 0x1234, 0, nullptr, nullptr));
    buffer.Finalize();
    cl_command_queue list[] = {s_.queue};
    PrintError("enqueue, a count without queues", cl_.Enqueue(1, nullptr, buffer, 0, nullptr, nullptr));
    PrintError("enqueue, queues without a count", cl_.Enqueue(0, list, buffer, 0, nullptr, nullptr));
    PrintError("enqueue, a count without events", cl_.Enqueue(0, nullptr, buffer, 1, nullptr, nullptr));
    const Context other = MakeContext(s_.device);
    const Event foreign = MakeUserEvent(other);
    const cl_event events[] = {foreign};
    PrintError("enqueue, an event of another context", cl_.Enqueue(0, nullptr, buffer, 1, events, nullptr));
    buffer.Enqueue();
    PrintError("an empty one runs", clFinish(s_.queue));
  }

  void RecordingErrors() const {
    const Mem from = Ints(std::vector<cl_int>(8, 1)), to = Ints(std::vector<cl_int>(8, 0));
    const Buffer buffer(*this, s_.queue);
    cl_sync_point_khr point = 0;
    cl_mutable_command_khr handle = nullptr;
    const auto copy = [&](cl_command_buffer_khr into, cl_command_queue queue, cl_mem source, size_t size,
                          cl_uint count, const cl_sync_point_khr* list, cl_mutable_command_khr* out) {
      return cl_.CopyBuffer(into, queue, source, to, 0, 0, size, count, list, &point, out);
    };
    PrintError("record into null", copy(nullptr, nullptr, from, 32, 0, nullptr, nullptr));
    PrintError("record with a queue", copy(buffer, s_.queue, from, 32, 0, nullptr, nullptr));
    PrintError("record with a mutable handle", copy(buffer, nullptr, from, 32, 0, nullptr, &handle));
    PrintError("record a null object", copy(buffer, nullptr, nullptr, 32, 0, nullptr, nullptr));
    PrintError("record too large a copy", copy(buffer, nullptr, from, 64, 0, nullptr, nullptr));
    PrintError("record, a count without sync points", copy(buffer, nullptr, from, 32, 1, nullptr, nullptr));
    const cl_sync_point_khr unknown = 77;
    PrintError("record, sync points without a count", copy(buffer, nullptr, from, 32, 0, &unknown, nullptr));
    PrintError("record, an unknown sync point", copy(buffer, nullptr, from, 32, 1, &unknown, nullptr));
    PrintError("record after all that", copy(buffer, nullptr, from, 32, 0, nullptr, nullptr));
    PrintNumber("its sync point", point);
    buffer.Finalize();
    PrintError("record after finalizing", copy(buffer, nullptr, from, 32, 0, nullptr, nullptr));
    buffer.Enqueue();
    ExpectInts(to, std::vector<cl_int>(8, 1), "what was recorded between errors");
  }

  const CommandBufferFunctions& cl_;
  Session s_;
  Program program_ = BuildProgram(s_.context, s_.device, kSource);
};

}  // namespace

int main() {
  const CommandBufferFunctions functions(ChooseDevice());
  if (functions.Create == nullptr) {
    Print("command buffers", "not offered");
    return ExitCode();
  }
  Test(functions).Run();
  return ExitCode();
}
