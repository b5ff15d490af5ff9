#include "matmul/slice_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "matmul/failure.h"
#include "matmul/matrix.h"

namespace clopencl::matmul {

using apps::DeviceInfo;
using apps::FormatBytes;

namespace {

constexpr std::int64_t kMaxIndex = std::numeric_limits<std::int32_t>::max();

bool IndicesReach(std::int64_t n, std::int64_t slice) { return n * slice <= kMaxIndex; }

// The smallest number of blocks per side whose square is at least `runs`.
std::int64_t SideFor(int runs) {
  std::int64_t side = 1;
  while (side * side < runs) ++side;
  return side;
}

std::string NeighbouringDivisors(std::int64_t n, std::int64_t slice) {
  std::int64_t below = 0;
  std::int64_t above = 0;
  for (std::int64_t blocks = 1; blocks <= std::min(n, kMaxBlocksPerSide); ++blocks) {
    if (n % blocks != 0) continue;
    const std::int64_t divisor = n / blocks;
    if (!IndicesReach(n, divisor)) continue;
    if (divisor > slice) above = divisor;
    if (divisor < slice && below == 0) below = divisor;
  }
  if (below != 0 && above != 0) return fmt::format("{} or {}", below, above);
  if (below != 0 || above != 0) return std::to_string(std::max(below, above));
  return "another --n";
}

}  // namespace

int WantedRuns(const std::vector<DeviceInfo>& devices) {
  int runs = 0;
  for (const DeviceInfo& device : devices) {
    const bool fast = (device.type & (CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR)) != 0;
    runs += fast ? 4 : 2;
  }
  return runs;
}

std::int64_t DefaultSlice(std::int64_t n, int wanted_runs, const std::function<bool(std::int64_t)>& fits) {
  bool any_divisor = false;
  const std::int64_t side = SideFor(wanted_runs);
  for (std::int64_t blocks = side; blocks <= std::min(n, std::max(kMaxBlocksPerSide, side)); ++blocks) {
    if (n % blocks != 0) continue;
    any_divisor = true;
    if (IndicesReach(n, n / blocks) && fits(n / blocks)) return n / blocks;
  }
  if (any_divisor) {
    throw Failure(
        ExitCode::kTooBig,
        fmt::format(
            "n = {} is too large for the selected devices, however it is cut: choose a smaller --n, or "
            "leave the device with the least memory out (--devices, --list)",
            n));
  }
  throw Failure(
      ExitCode::kBadSlice,
      fmt::format("n = {} cannot be cut into between {} and {} equal blocks of rows, as {} tiles for the "
                  "selected devices need; choose --n {} or another multiple of {}, or give --slice",
                  n, side, kMaxBlocksPerSide, wanted_runs, (n + side - 1) / side * side, side));
}

void CheckSlice(std::int64_t n, std::int64_t slice) {
  if (slice < 1 || slice > n || n % slice != 0) {
    throw Failure(ExitCode::kBadSlice, fmt::format("--slice {} does not divide n = {}; choose {}", slice, n,
                                                   NeighbouringDivisors(n, slice)));
  }
  if (n / slice > kMaxBlocksPerSide) {
    throw Failure(ExitCode::kBadSlice,
                  fmt::format("--slice {} would cut n = {} into {} blocks a side, more than {}; "
                              "choose {}",
                              slice, n, n / slice, kMaxBlocksPerSide, NeighbouringDivisors(n, slice)));
  }
  if (!IndicesReach(n, slice)) {
    throw Failure(ExitCode::kBadSlice,
                  fmt::format("--slice {}: a block of {} x {} elements is beyond the kernel's "
                              "32-bit indices; choose {}",
                              slice, slice, n, NeighbouringDivisors(n, slice)));
  }
}

DeviceNeed NeedFor(std::int64_t n, std::int64_t slice, int copies) {
  const auto block = static_cast<std::uint64_t>(n * slice) * sizeof(float);
  const auto tile = static_cast<std::uint64_t>(slice * slice) * sizeof(float);
  return {.largest_buffer = std::max(block, tile),
          .total = static_cast<std::uint64_t>(copies) * (2 * block + tile)};
}

bool Fits(const DeviceInfo& device, const DeviceNeed& need) {
  return need.largest_buffer <= device.max_allocation && need.total <= device.global_memory;
}

void CheckDeviceMemory(const std::vector<DeviceInfo>& devices, const DeviceNeed& need, std::int64_t slice) {
  for (const DeviceInfo& device : devices) {
    if (Fits(device, need)) continue;
    const bool buffer = need.largest_buffer > device.max_allocation;
    throw Failure(
        ExitCode::kTooBig,
        fmt::format(
            "device {} ({} on {}) is too small for --slice {}: {} is {}, needed are {}; choose a smaller "
            "--slice, or leave the device out (--devices)",
            device.index, device.name, device.host, slice, buffer ? "its largest buffer" : "its memory",
            FormatBytes(buffer ? device.max_allocation : device.global_memory),
            FormatBytes(buffer ? need.largest_buffer : need.total)));
  }
}

void CheckHostMemory(std::int64_t n, std::uint64_t available) {
  const std::uint64_t needed = Problem::HostBytes(n);
  if (needed <= available) return;
  throw Failure(
      ExitCode::kTooBig,
      fmt::format("n = {} needs {} of host memory for A, B and C, and {} are available; choose a smaller --n",
                  n, FormatBytes(needed), FormatBytes(available)));
}

}  // namespace clopencl::matmul
