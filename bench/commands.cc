// What a stream of commands costs.
#include <array>
#include <stdexcept>

#include "bench/benchmarks.h"

namespace clopencl::bench {
namespace {

using apps::Check;

constexpr int kPipelined = 10000;
constexpr int kChain = 1000;

void Pipelined(const Bench& bench) {
  const apps::Queue queue = bench.target.MakeQueue();
  const apps::Kernel kernel = bench.target.MakeKernel("nothing");
  std::vector<double> calls;
  std::vector<double> rates;
  for (int repetition = -1; repetition < bench.effort.Count(10); ++repetition) {
    const Stopwatch watch;
    for (int i = 0; i < kPipelined; ++i) Launch(queue.get(), kernel.get());
    const double called = watch.Seconds();
    Check(clFinish(queue.get()), "clFinish");
    const double finished = watch.Seconds();
    if (repetition < 0) continue;
    calls.push_back(called / kPipelined * 1e6);
    rates.push_back(kPipelined / finished);
  }
  bench.metrics.Add("pipelined_call", kMicroseconds, calls);
  bench.metrics.Add("pipelined_rate", kPerSecond, rates);
}

// Each kernel waits for the event of the one before; the kernels take the queues in turn.
template <std::size_t kQueues>
std::vector<double> Chain(const Bench& bench, const std::array<cl_command_queue, kQueues>& queues) {
  const apps::Kernel kernel = bench.target.MakeKernel("increment");
  const apps::Memory counter = bench.target.MakeBuffer(sizeof(cl_int));
  SetArgument(kernel.get(), 0, counter.get());
  cl_int value = 0;
  Check(
      clEnqueueWriteBuffer(queues[0], counter.get(), CL_TRUE, 0, sizeof(value), &value, 0, nullptr, nullptr),
      "clEnqueueWriteBuffer");
  std::vector<double> samples;
  const int repetitions = bench.effort.Count(20);
  for (int repetition = -1; repetition < repetitions; ++repetition) {
    const Stopwatch watch;
    apps::Event last;
    for (std::size_t i = 0; i < kChain; ++i) {
      apps::Event next;
      Launch(queues[i % kQueues], kernel.get(), last.get(), next.Receive());
      last = std::move(next);
    }
    // A queue's commands need not start before it is flushed, and the queues wait for each other.
    for (cl_command_queue queue : queues) Check(clFlush(queue), "clFlush");
    for (cl_command_queue queue : queues) Check(clFinish(queue), "clFinish");
    if (repetition >= 0) samples.push_back(watch.Seconds() * 1e3);
  }
  Check(clEnqueueReadBuffer(queues[0], counter.get(), CL_TRUE, 0, sizeof(value), &value, 0, nullptr, nullptr),
        "clEnqueueReadBuffer");
  if (value != kChain * (repetitions + 1))
    throw std::runtime_error("chain of kernels: some ran out of their order");
  return samples;
}

void ChainInOrder(const Bench& bench) {
  const apps::Queue queue = bench.target.MakeQueue();
  bench.metrics.Add("chain_in_order", kMilliseconds, Chain<1>(bench, {queue.get()}));
}

void ChainOutOfOrder(const Bench& bench) {
  cl_command_queue_properties offered = 0;
  Check(clGetDeviceInfo(bench.target.device().id, CL_DEVICE_QUEUE_PROPERTIES, sizeof(offered), &offered,
                        nullptr),
        "clGetDeviceInfo");
  if ((offered & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) == 0) {
    bench.metrics.Skip("chain_out_of_order", "the device has no out-of-order queues");
    return;
  }
  const apps::Queue queue = bench.target.MakeQueue(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  bench.metrics.Add("chain_out_of_order", kMilliseconds, Chain<1>(bench, {queue.get()}));
}

void ChainTwoQueues(const Bench& bench) {
  const apps::Queue first = bench.target.MakeQueue();
  const apps::Queue second = bench.target.MakeQueue();
  bench.metrics.Add("chain_two_queues", kMilliseconds, Chain<2>(bench, {first.get(), second.get()}));
}

}  // namespace

const std::vector<Benchmark>& CommandBenchmarks() {
  static const std::vector<Benchmark> benchmarks = {
      {"pipelined", "10,000 empty kernels, then clFinish: cost of a call, kernels a second", Pipelined},
      {"chain_in_order", "1,000 kernels, each behind the event of the one before, in an in-order queue",
       ChainInOrder},
      {"chain_out_of_order", "the same in an out-of-order queue", ChainOutOfOrder},
      {"chain_two_queues", "the same, alternating between two queues", ChainTwoQueues},
  };
  return benchmarks;
}

}  // namespace clopencl::bench
