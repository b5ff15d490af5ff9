// A loop cut over the host's cores.
#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

namespace clopencl::matmul {

/// Calls body(first, last) for consecutive parts of [0, count), one part a core, and returns when all are
/// done. The body runs on several threads at once and must not throw.
template <typename Body>
void ParallelFor(std::int64_t count, const Body& body) {
  const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  const std::int64_t parts = std::clamp<std::int64_t>(count, 1, cores);
  std::vector<std::jthread> threads;
  for (std::int64_t part = 1; part < parts; ++part) {
    threads.emplace_back(
        [&body, first = count * part / parts, last = count * (part + 1) / parts] { body(first, last); });
  }
  body(0, count / parts);
}

}  // namespace clopencl::matmul
