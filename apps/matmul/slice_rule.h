// How large the blocks are: the paper's rule for the default, and the checks for every choice.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "support/device_info.h"

namespace clopencl::matmul {

/// Kernel runs that the paper wants at least: two for each device as slow as a CPU, four for a GPU (or
/// accelerator), which is taken to be twice as fast.
int WantedRuns(const std::vector<apps::DeviceInfo>& devices);

/// The largest divisor of `n` that gives at least `wanted_runs` tiles and that `fits` accepts (false: the
/// blocks are too large for a device). Throws Failure: kBadSlice when n has only divisors that would cut it
/// into more than kMaxBlocksPerSide blocks, naming the next order that does better; kTooBig when nothing
/// fits.
std::int64_t DefaultSlice(std::int64_t n, int wanted_runs, const std::function<bool(std::int64_t)>& fits);

inline constexpr std::int64_t kMaxBlocksPerSide = 256;

/// Throws Failure(kBadSlice), naming the divisors next to `slice`, unless `slice` divides `n`, cuts it into
/// no more than kMaxBlocksPerSide blocks, and the kernel's int indices reach a block's last element.
void CheckSlice(std::int64_t n, std::int64_t slice);

/// What one device must hold at least, in bytes.
struct DeviceNeed {
  std::uint64_t largest_buffer = 0;
  std::uint64_t total = 0;
};

/// A schedule that keeps `copies` of each of subA, subB and subC on a device needs this much.
DeviceNeed NeedFor(std::int64_t n, std::int64_t slice, int copies);

bool Fits(const apps::DeviceInfo& device, const DeviceNeed& need);

/// Throws Failure(kTooBig) that names the first device that cannot hold `need` and what it lacks.
void CheckDeviceMemory(const std::vector<apps::DeviceInfo>& devices, const DeviceNeed& need,
                       std::int64_t slice);

/// Throws Failure(kTooBig) when A, B and C of order n exceed `available` bytes of host memory.
void CheckHostMemory(std::int64_t n, std::uint64_t available);

}  // namespace clopencl::matmul
