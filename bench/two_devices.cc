// What it costs when two devices of one context depend on each other.
#include <stdexcept>

#include "bench/benchmarks.h"

namespace clopencl::bench {
namespace {

using apps::Check;

constexpr int kHops = 200;

// Kernels on the two devices by turns, each behind the event of the one before.
std::vector<double> PingPong(const Bench& bench, cl_command_queue first, cl_command_queue second,
                             cl_kernel kernel) {
  std::vector<double> samples;
  for (int repetition = -1; repetition < bench.effort.Count(20); ++repetition) {
    const Stopwatch watch;
    apps::Event last;
    for (int i = 0; i < kHops; ++i) {
      apps::Event next;
      cl_command_queue queue = i % 2 == 0 ? first : second;
      Launch(queue, kernel, last.get(), next.Receive());
      // Commands that another queue waits for must have been flushed.
      Check(clFlush(queue), "clFlush");
      last = std::move(next);
    }
    Check(clWaitForEvents(1, last.address()), "clWaitForEvents");
    if (repetition >= 0) samples.push_back(watch.Seconds() / kHops * 1e6);
  }
  return samples;
}

void Hops(const Bench& bench) {
  if (bench.pair == nullptr) {
    bench.metrics.Skip("two_devices_hop", bench.why_no_pair);
    bench.metrics.Skip("two_devices_hop_4b", bench.why_no_pair);
    return;
  }
  const apps::Queue first = bench.pair->MakeQueue(0, 0);
  const apps::Queue second = bench.pair->MakeQueue(0, 1);
  const apps::Kernel nothing = bench.pair->MakeKernel("nothing");
  bench.metrics.Add("two_devices_hop", kMicroseconds,
                    PingPong(bench, first.get(), second.get(), nothing.get()));

  // The same with a word that goes to and fro.
  const apps::Kernel increment = bench.pair->MakeKernel("increment");
  const apps::Memory counter = bench.pair->MakeBuffer(sizeof(cl_int));
  SetArgument(increment.get(), 0, counter.get());
  cl_int value = 0;
  Check(clEnqueueWriteBuffer(first.get(), counter.get(), CL_TRUE, 0, sizeof(value), &value, 0, nullptr,
                             nullptr),
        "clEnqueueWriteBuffer");
  const std::vector<double> samples = PingPong(bench, first.get(), second.get(), increment.get());
  bench.metrics.Add("two_devices_hop_4b", kMicroseconds, samples);
  Check(
      clEnqueueReadBuffer(first.get(), counter.get(), CL_TRUE, 0, sizeof(value), &value, 0, nullptr, nullptr),
      "clEnqueueReadBuffer");
  if (value != kHops * (static_cast<cl_int>(samples.size()) + 1)) {
    throw std::runtime_error("ping-pong of kernels: a device worked with old data");
  }
}

void Move(const Bench& bench) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  constexpr const char* kName = "device_move_64mib";
  if (bench.pair == nullptr) {
    bench.metrics.Skip(kName, bench.why_no_pair);
    return;
  }
  const apps::Queue first = bench.pair->MakeQueue(0, 0);
  const apps::Queue second = bench.pair->MakeQueue(0, 1);
  const apps::Kernel fill = bench.pair->MakeKernel("fill");
  const apps::Memory buffer = bench.pair->MakeBuffer(kBytes);
  const std::size_t words = kBytes / sizeof(cl_int);
  SetArgument(fill.get(), 0, buffer.get());
  std::vector<double> rates;
  for (cl_int round = -1; round < bench.effort.Count(10); ++round) {
    // Written on the first device, so its only copy is there.
    SetArgument(fill.get(), 1, round);
    Check(clEnqueueNDRangeKernel(first.get(), fill.get(), 1, nullptr, &words, nullptr, 0, nullptr, nullptr),
          "clEnqueueNDRangeKernel");
    Check(clFinish(first.get()), "clFinish");
    const Stopwatch watch;
    Check(clEnqueueMigrateMemObjects(second.get(), 1, buffer.address(), 0, 0, nullptr, nullptr),
          "clEnqueueMigrateMemObjects");
    Check(clFinish(second.get()), "clFinish");
    if (round >= 0) rates.push_back(static_cast<double>(kBytes) / watch.Seconds() * 1e-9);
    cl_int last = 0;
    Check(clEnqueueReadBuffer(second.get(), buffer.get(), CL_TRUE, kBytes - sizeof(last), sizeof(last), &last,
                              0, nullptr, nullptr),
          "clEnqueueReadBuffer");
    if (last != round + static_cast<cl_int>(words - 1)) {
      throw std::runtime_error("move from device to device: old data");
    }
  }
  bench.metrics.Add(kName, kGigabytesPerSecond, rates);
}

}  // namespace

const std::vector<Benchmark>& TwoDeviceBenchmarks() {
  static const std::vector<Benchmark> benchmarks = {
      {"two_devices_hop", "kernels on two devices by turns, linked by events; without data, and with 4 bytes",
       Hops},
      {"device_move", "64 MiB that one device wrote migrate to another", Move},
  };
  return benchmarks;
}

}  // namespace clopencl::bench
