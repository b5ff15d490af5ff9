// How long the caller waits for something small.
#include <chrono>
#include <stdexcept>
#include <thread>

#include "bench/benchmarks.h"

namespace clopencl::bench {
namespace {

using apps::Check;

constexpr auto kIdle = std::chrono::milliseconds(10);
constexpr int kWarmUp = 200;

void Read(cl_command_queue queue, cl_mem buffer, cl_int& value) {
  Check(clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, sizeof(value), &value, 0, nullptr, nullptr),
        "clEnqueueReadBuffer");
}

void Write(cl_command_queue queue, cl_mem buffer, const cl_int& value) {
  Check(clEnqueueWriteBuffer(queue, buffer, CL_TRUE, 0, sizeof(value), &value, 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
}

// Microseconds of `count` calls of `call`, each after `pause` if that is not zero.
template <typename Call>
std::vector<double> Time(int count, std::chrono::milliseconds pause, const Call& call) {
  std::vector<double> samples;
  for (int i = 0; i < count; ++i) {
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
    const Stopwatch watch;
    call();
    samples.push_back(watch.Seconds() * 1e6);
  }
  return samples;
}

void SmallTransfers(const Bench& bench) {
  const apps::Queue queue = bench.target.MakeQueue();
  const apps::Memory buffer = bench.target.MakeBuffer(sizeof(cl_int));
  cl_int value = 0;
  cl_int found = 0;
  const auto read = [&] { Read(queue.get(), buffer.get(), found); };
  const auto write = [&] { Write(queue.get(), buffer.get(), ++value); };
  write();
  Time(kWarmUp, {}, read);
  bench.metrics.Add("read_4b", kMicroseconds, Time(bench.effort.Count(3000), {}, read));
  Time(kWarmUp, {}, write);
  bench.metrics.Add("write_4b", kMicroseconds, Time(bench.effort.Count(3000), {}, write));
  bench.metrics.Add("read_4b_idle", kMicroseconds, Time(bench.effort.Count(100), kIdle, read));
  bench.metrics.Add("write_4b_idle", kMicroseconds, Time(bench.effort.Count(100), kIdle, write));
  read();
  if (found != value) throw std::runtime_error("4-byte read: not what was written last");
}

void KernelFinish(const Bench& bench) {
  const apps::Queue queue = bench.target.MakeQueue();
  const apps::Kernel kernel = bench.target.MakeKernel("nothing");
  const auto call = [&] {
    Launch(queue.get(), kernel.get());
    Check(clFinish(queue.get()), "clFinish");
  };
  Time(kWarmUp, {}, call);
  bench.metrics.Add("kernel_finish", kMicroseconds, Time(bench.effort.Count(3000), {}, call));
  bench.metrics.Add("kernel_finish_idle", kMicroseconds, Time(bench.effort.Count(100), kIdle, call));
}

// A kernel writes, the host reads: what an iterative solver does for its residual.
void KernelRead(const Bench& bench) {
  const apps::Queue queue = bench.target.MakeQueue();
  const apps::Kernel kernel = bench.target.MakeKernel("store");
  const apps::Memory buffer = bench.target.MakeBuffer(sizeof(cl_int));
  cl_int value = 0;
  SetArgument(kernel.get(), 0, buffer.get());
  const auto call = [&] {
    cl_int found = 0;
    SetArgument(kernel.get(), 1, ++value);
    Launch(queue.get(), kernel.get());
    Read(queue.get(), buffer.get(), found);
    if (found != value) throw std::runtime_error("4-byte read behind a kernel: not what the kernel stored");
  };
  Time(kWarmUp, {}, call);
  bench.metrics.Add("kernel_read_4b", kMicroseconds, Time(bench.effort.Count(3000), {}, call));
}

}  // namespace

const std::vector<Benchmark>& LatencyBenchmarks() {
  static const std::vector<Benchmark> benchmarks = {
      {"small", "blocking 4-byte read and write, warm and after 10 ms without work", SmallTransfers},
      {"kernel_finish", "an empty kernel and clFinish, warm and after 10 ms without work", KernelFinish},
      {"kernel_read", "a kernel that stores 4 bytes, and a blocking read of them", KernelRead},
  };
  return benchmarks;
}

}  // namespace clopencl::bench
