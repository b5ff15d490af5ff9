// What the calls cost that need no device.
#include "bench/benchmarks.h"

namespace clopencl::bench {
namespace {

using apps::Check;

// Nanoseconds a call, one sample for each batch of calls.
template <typename Call>
std::vector<double> PerCall(int batches, int batch, const Call& call) {
  std::vector<double> samples;
  for (int i = -1; i < batches; ++i) {
    const Stopwatch watch;
    for (int j = 0; j < batch; ++j) call(j);
    if (i >= 0) samples.push_back(watch.Seconds() / batch * 1e9);
  }
  return samples;
}

std::vector<double> ToRates(std::vector<double> nanoseconds) {
  for (double& value : nanoseconds) value = 1e9 / value;
  return nanoseconds;
}

void Buffers(const Bench& bench) {
  const apps::Queue queue = bench.target.MakeQueue();
  const cl_int value = 42;
  const auto use = [&](cl_bool blocking) {
    const apps::Memory buffer = bench.target.MakeBuffer(sizeof(value));
    Check(clEnqueueWriteBuffer(queue.get(), buffer.get(), blocking, 0, sizeof(value), &value, 0, nullptr,
                               nullptr),
          "clEnqueueWriteBuffer");
  };
  const int batches = bench.effort.Count(20);
  bench.metrics.Add("create_write_release", kPerSecond,
                    ToRates(PerCall(batches, 500, [&](int) { use(CL_TRUE); })));
  bench.metrics.Add("create_post_release", kPerSecond, ToRates(PerCall(batches, 500, [&](int i) {
                      use(CL_FALSE);
                      if (i == 499) Check(clFinish(queue.get()), "clFinish");
                    })));
  bench.metrics.Add("create_release", kPerSecond, ToRates(PerCall(batches, 20000, [&](int) {
                      static_cast<void>(bench.target.MakeBuffer(sizeof(value)));
                    })));
}

void Arguments(const Bench& bench) {
  const apps::Kernel kernel = bench.target.MakeKernel("store");
  const apps::Memory first = bench.target.MakeBuffer(sizeof(cl_int));
  const apps::Memory second = bench.target.MakeBuffer(sizeof(cl_int));
  const cl_mem buffers[2] = {first.get(), second.get()};
  const int batches = bench.effort.Count(20);
  bench.metrics.Add("set_arg_int", kNanoseconds, PerCall(batches, 100000, [&](int i) {
                      SetArgument(kernel.get(), 1, static_cast<cl_int>(i));
                    }));
  bench.metrics.Add("set_arg_buffer", kNanoseconds,
                    PerCall(batches, 100000, [&](int i) { SetArgument(kernel.get(), 0, buffers[i % 2]); }));
}

void Queries(const Bench& bench) {
  const apps::Queue queue = bench.target.MakeQueue();
  const apps::Kernel kernel = bench.target.MakeKernel("store");
  const apps::Memory buffer = bench.target.MakeBuffer(64);
  const int batches = bench.effort.Count(20);
  constexpr int kBatch = 50000;
  cl_uint number = 0;
  std::size_t size = 0;
  cl_int status = 0;
  cl_command_queue queue_of_event = nullptr;
  bench.metrics.Add("info_device", kNanoseconds, PerCall(batches, kBatch, [&](int) {
                      Check(clGetDeviceInfo(bench.target.device().id, CL_DEVICE_MAX_COMPUTE_UNITS,
                                            sizeof(number), &number, nullptr),
                            "clGetDeviceInfo");
                    }));
  bench.metrics.Add("info_buffer", kNanoseconds, PerCall(batches, kBatch, [&](int) {
                      Check(clGetMemObjectInfo(buffer.get(), CL_MEM_SIZE, sizeof(size), &size, nullptr),
                            "clGetMemObjectInfo");
                    }));
  bench.metrics.Add("info_kernel", kNanoseconds, PerCall(batches, kBatch, [&](int) {
                      Check(clGetKernelWorkGroupInfo(kernel.get(), bench.target.device().id,
                                                     CL_KERNEL_WORK_GROUP_SIZE, sizeof(size), &size, nullptr),
                            "clGetKernelWorkGroupInfo");
                    }));
  apps::Event event;
  const apps::Kernel nothing = bench.target.MakeKernel("nothing");
  Launch(queue.get(), nothing.get(), nullptr, event.Receive());
  Check(clFinish(queue.get()), "clFinish");
  bench.metrics.Add("info_event", kNanoseconds, PerCall(batches, kBatch, [&](int) {
                      Check(clGetEventInfo(event.get(), CL_EVENT_COMMAND_QUEUE, sizeof(queue_of_event),
                                           &queue_of_event, nullptr),
                            "clGetEventInfo");
                    }));
  bench.metrics.Add("info_event_status", kNanoseconds, PerCall(batches, kBatch, [&](int) {
                      Check(clGetEventInfo(event.get(), CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status),
                                           &status, nullptr),
                            "clGetEventInfo");
                    }));
}

}  // namespace

const std::vector<Benchmark>& ObjectBenchmarks() {
  static const std::vector<Benchmark> benchmarks = {
      {"objects", "create a buffer, write 4 bytes (blocking, or posted), release; create and release",
       Buffers},
      {"arguments", "clSetKernelArg with an int and with a buffer", Arguments},
      {"queries", "clGet*Info of device, buffer, kernel and event", Queries},
  };
  return benchmarks;
}

}  // namespace clopencl::bench
