// The benchmarks, each by the name that --only takes.
#pragma once

#include <vector>

#include "bench/metrics.h"
#include "bench/target.h"

namespace clopencl::bench {

/// What a benchmark gets. `pair` is a context over the device and a second one of its platform; null where
/// there is none.
struct Bench {
  const Target& target;
  const Target* pair;
  const char* why_no_pair;
  Effort effort;
  Metrics& metrics;
};

/// One round of a benchmark adds its samples to the metrics that it names. It throws apps::ClError, or
/// std::runtime_error when data came out wrong.
struct Benchmark {
  const char* name;
  const char* summary;
  void (*run)(const Bench& bench);
};

const std::vector<Benchmark>& LatencyBenchmarks();
const std::vector<Benchmark>& TransferBenchmarks();
const std::vector<Benchmark>& CommandBenchmarks();
const std::vector<Benchmark>& ObjectBenchmarks();
const std::vector<Benchmark>& TwoDeviceBenchmarks();

/// All of the above.
std::vector<Benchmark> AllBenchmarks();

}  // namespace clopencl::bench
