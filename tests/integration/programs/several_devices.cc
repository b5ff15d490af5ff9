// One context over all devices of the platform: buffers that go from device to device by events alone,
// contents that several read, programs for all, and a queue for each. With one device its queues take the
// others' parts, so that the output does not depend on how many there are.
#include <string>
#include <thread>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr size_t kWorkers = 4;
constexpr size_t kItems = 100000;
constexpr char kSource[] = R"(
kernel void step_by(global uint* data, uint factor, uint summand) {
  data[get_global_id(0)] = data[get_global_id(0)] * factor + summand;
}
kernel void sum(global const uint* a, global const uint* b, global uint* c) {
  c[get_global_id(0)] = a[get_global_id(0)] + b[get_global_id(0)];
}
)";

class Test {
 public:
  Test() : devices_(PlatformDevices()) {
    context_ = MakeContext(devices_);
    for (size_t i = 0; i < kWorkers; ++i)
      queues_.push_back(MakeQueue(context_, devices_[i % devices_.size()]));
    const char* source = kSource;
    cl_int code = CL_SUCCESS;
    program_ = Program(clCreateProgramWithSource(context_, 1, &source, nullptr, &code));
    Must(code);
    Must(clBuildProgram(program_, 0, nullptr, "", nullptr, nullptr));
  }

  void Run() {
    BuiltForAll();
    RoundTrips();
    HandOver();
    FinishInsteadOfEvents();
    ManyReaders();
    Copies();
    Parts();
    Maps();
    UserEventForAll();
    Threads();
  }

 private:
  Mem Buffer(const std::vector<cl_uint>& data) {
    std::vector<cl_uint> copy = data;
    return MakeBuffer(context_, copy.size() * sizeof(cl_uint), CL_MEM_COPY_HOST_PTR, copy.data());
  }
  void StepBy(size_t worker, cl_mem buffer, cl_uint factor, cl_uint summand,
              const std::vector<cl_event>& wait, cl_event* event) {
    const Kernel kernel = MakeKernel(program_, "step_by");
    SetArgs(kernel, buffer, factor, summand);
    Must(clEnqueueNDRangeKernel(queues_[worker], kernel, 1, nullptr, &kItems, nullptr, CountOf(wait),
                                ListOf(wait), event));
    Must(clFlush(queues_[worker]));
  }
  static void ModelStep(std::vector<cl_uint>& model, cl_uint factor, cl_uint summand) {
    for (cl_uint& value : model) value = value * factor + summand;
  }

  void BuiltForAll() {
    bool built = true;
    for (const Device& device : devices_) {
      cl_build_status status = CL_BUILD_NONE;
      Must(clGetProgramBuildInfo(program_, device.id, CL_PROGRAM_BUILD_STATUS, sizeof status, &status,
                                 nullptr));
      built = built && status == CL_BUILD_SUCCESS;
    }
    Expect(built, "program built for all devices");
    cl_uint count = 0;
    Must(clGetContextInfo(context_, CL_CONTEXT_NUM_DEVICES, sizeof count, &count, nullptr));
    Expect(count == devices_.size(), "devices of the context");
  }

  void RoundTrips() {
    for (size_t i = 0; i < kWorkers; ++i) {
      const std::vector<cl_uint> data = RandomVector<cl_uint>(kItems, i);
      const Mem buffer = MakeBuffer(context_, kItems * sizeof(cl_uint));
      WriteAll(queues_[i], buffer, data.data(), kItems * sizeof(cl_uint));
      ExpectEqual(ReadVector<cl_uint>(queues_[(i + 1) % kWorkers], buffer, kItems), data,
                  "written by one, read by the next " + std::to_string(i));
    }
  }

  void HandOver() {
    std::vector<cl_uint> model = RandomVector<cl_uint>(kItems, 10);
    const Mem buffer = Buffer(model);
    Event last;
    for (cl_uint i = 0; i < 40; ++i) {
      Event next;
      StepBy(i * 3 % kWorkers, buffer, 2 * i + 1, i,
             last != nullptr ? std::vector<cl_event>{last} : std::vector<cl_event>{}, next.Out());
      ModelStep(model, 2 * i + 1, i);
      last = std::move(next);
    }
    const cl_event list[] = {last};
    Must(clWaitForEvents(1, list));
    ExpectEqual(ReadVector<cl_uint>(queues_[1], buffer, kItems), model, "handed over 40 times by events");
  }

  void FinishInsteadOfEvents() {
    std::vector<cl_uint> model = RandomVector<cl_uint>(kItems, 11);
    const Mem buffer = Buffer(model);
    for (cl_uint i = 0; i < 12; ++i) {
      StepBy(i % kWorkers, buffer, 2 * i + 1, i, {}, nullptr);
      Must(clFinish(queues_[i % kWorkers]));
      ModelStep(model, 2 * i + 1, i);
    }
    ExpectEqual(ReadVector<cl_uint>(queues_[2], buffer, kItems), model, "handed over by finishing");
  }

  // All read the same two buffers and write one of their own; then one adds the results up.
  void ManyReaders() {
    const std::vector<cl_uint> a = RandomVector<cl_uint>(kItems, 12);
    const std::vector<cl_uint> b = RandomVector<cl_uint>(kItems, 13);
    const Mem first = Buffer(a);
    const Mem second = Buffer(b);
    std::vector<Mem> results;
    std::vector<Event> events(kWorkers);
    for (size_t i = 0; i < kWorkers; ++i) {
      results.push_back(MakeBuffer(context_, kItems * sizeof(cl_uint)));
      const Kernel kernel = MakeKernel(program_, "sum");
      SetArgs(kernel, first, second, results[i]);
      Must(clEnqueueNDRangeKernel(queues_[i], kernel, 1, nullptr, &kItems, nullptr, 0, nullptr,
                                  events[i].Out()));
      Must(clFlush(queues_[i]));
    }
    const std::vector<cl_event> list(events.begin(), events.end());
    const Kernel kernel = MakeKernel(program_, "sum");
    const Mem total = MakeBuffer(context_, kItems * sizeof(cl_uint));
    SetArgs(kernel, results[0], results[kWorkers - 1], total);
    Must(clEnqueueNDRangeKernel(queues_[1], kernel, 1, nullptr, &kItems, nullptr, CountOf(list), list.data(),
                                nullptr));
    std::vector<cl_uint> expected(kItems);
    for (size_t i = 0; i < kItems; ++i) expected[i] = 2 * (a[i] + b[i]);
    ExpectEqual(ReadVector<cl_uint>(queues_[1], total, kItems), expected, "many readers");
  }

  void Copies() {
    const std::vector<cl_uint> data = RandomVector<cl_uint>(kItems, 14);
    std::vector<Mem> ring;
    ring.push_back(Buffer(data));
    Event last;
    for (size_t i = 1; i < 8; ++i) {
      ring.push_back(MakeBuffer(context_, kItems * sizeof(cl_uint)));
      const std::vector<cl_event> wait =
          last != nullptr ? std::vector<cl_event>{last} : std::vector<cl_event>{};
      Event next;
      Must(clEnqueueCopyBuffer(queues_[i % kWorkers], ring[i - 1], ring[i], 0, 0, kItems * sizeof(cl_uint),
                               CountOf(wait), ListOf(wait), next.Out()));
      Must(clFlush(queues_[i % kWorkers]));
      last = std::move(next);
    }
    const cl_event list[] = {last};
    Must(clWaitForEvents(1, list));
    ExpectEqual(ReadVector<cl_uint>(queues_[0], ring.back(), kItems), data, "copied from device to device");
  }

  // Each works on its part of one buffer.
  void Parts() {
    std::vector<cl_uint> model = RandomVector<cl_uint>(kWorkers * 32768, 15);
    const Mem whole = Buffer(model);
    const size_t items = 32768;
    for (size_t i = 0; i < kWorkers; ++i) {
      const cl_buffer_region region = {i * items * sizeof(cl_uint), items * sizeof(cl_uint)};
      cl_int code = CL_SUCCESS;
      const Mem part(clCreateSubBuffer(whole, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &code));
      Must(code);
      const Kernel kernel = MakeKernel(program_, "step_by");
      SetArgs(kernel, part, cl_uint{3}, static_cast<cl_uint>(i));
      Must(clEnqueueNDRangeKernel(queues_[i], kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr));
      for (size_t j = i * items; j < (i + 1) * items; ++j) model[j] = model[j] * 3 + static_cast<cl_uint>(i);
    }
    for (const Queue& queue : queues_) Must(clFinish(queue));
    ExpectEqual(ReadVector<cl_uint>(queues_[0], whole, model.size()), model, "a part for each");
  }

  void Maps() {
    std::vector<cl_uint> model = RandomVector<cl_uint>(kItems, 16);
    const Mem buffer = Buffer(model);
    for (cl_uint i = 0; i < 8; ++i) {
      StepBy(i % kWorkers, buffer, 5, i, {}, nullptr);
      Must(clFinish(queues_[i % kWorkers]));
      ModelStep(model, 5, i);
      const Queue& queue = queues_[(i + 1) % kWorkers];
      cl_int code = CL_SUCCESS;
      auto* mapped =
          static_cast<cl_uint*>(clEnqueueMapBuffer(queue, buffer, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                                                   kItems * sizeof(cl_uint), 0, nullptr, nullptr, &code));
      Must(code);
      if (!std::equal(model.begin(), model.end(), mapped)) Expect(false, "mapped after another's kernel");
      mapped[i] = model[i] = i;
      Must(clEnqueueUnmapMemObject(queue, buffer, mapped, 0, nullptr, nullptr));
      Must(clFinish(queue));
    }
    ExpectEqual(ReadVector<cl_uint>(queues_[3], buffer, kItems), model, "mapped by one, computed by another");
  }

  void UserEventForAll() {
    const Event gate = MakeUserEvent(context_);
    std::vector<Mem> buffers;
    std::vector<cl_uint> data(kItems, 7);
    for (size_t i = 0; i < kWorkers; ++i) {
      buffers.push_back(Buffer(data));
      StepBy(i, buffers[i], 2, static_cast<cl_uint>(i), {gate}, nullptr);
    }
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    for (size_t i = 0; i < kWorkers; ++i) {
      ExpectEqual(ReadVector<cl_uint>(queues_[i], buffers[i], kItems),
                  std::vector<cl_uint>(kItems, 14 + static_cast<cl_uint>(i)),
                  "behind one user event " + std::to_string(i));
    }
  }

  void Threads() {
    std::vector<std::thread> threads;
    std::vector<char> right(kWorkers);
    for (size_t i = 0; i < kWorkers; ++i) {
      threads.emplace_back([&, i] {
        std::vector<cl_uint> model = RandomVector<cl_uint>(kItems, 20 + i);
        const Mem buffer = Buffer(model);
        for (cl_uint round = 0; round < 20; ++round) {
          StepBy(i, buffer, 2 * round + 1, round, {}, nullptr);
          ModelStep(model, 2 * round + 1, round);
        }
        right[i] = ReadVector<cl_uint>(queues_[i], buffer, kItems) == model;
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < kWorkers; ++i) Expect(right[i] != 0, "thread for device " + std::to_string(i));
  }

  std::vector<Device> devices_;
  Context context_;
  std::vector<Queue> queues_;
  Program program_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
