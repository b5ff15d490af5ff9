#include "matmul/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "matmul/failure.h"
#include "matmul/parallel.h"
#include "support/device_info.h"

namespace clopencl::matmul {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kElementsPerHash = 8;
// Keeps the operands different without a second seed.
constexpr std::uint64_t kSeedOfB = 0x5851f42d4c957f2dULL;

// A 64-bit finaliser with full avalanche (xor-shift and multiply).
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

float ElementFromHash(std::uint64_t hash, std::uint64_t lane) {
  const auto byte = static_cast<int>((hash >> (8 * lane)) & 0xff);
  return static_cast<float>(((byte * 17) >> 8) - 8) / 8.0F;
}

void FillOperand(FloatArray& operand, std::uint64_t seed) {
  const auto size = static_cast<std::int64_t>(operand.size());
  const std::int64_t groups = (size + std::int64_t{kElementsPerHash} - 1) / std::int64_t{kElementsPerHash};
  ParallelFor(groups, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t group = first; group < last; ++group) {
      const std::uint64_t hash = Mix(seed ^ Mix(static_cast<std::uint64_t>(group)));
      const std::int64_t begin = group * static_cast<std::int64_t>(kElementsPerHash);
      const std::int64_t end = std::min(size, begin + static_cast<std::int64_t>(kElementsPerHash));
      for (std::int64_t i = begin; i < end; ++i) {
        operand.data()[i] = ElementFromHash(hash, static_cast<std::uint64_t>(i - begin));
      }
    }
  });
}

// Leaves n / slice elements in each row, none of them zero.
void MakeSparse(FloatArray& operand, std::int64_t n, std::int64_t slice) {
  ParallelFor(n, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      float* const elements = operand.data() + row * n;
      const std::int64_t position = SparsePosition(row % slice, slice);
      for (std::int64_t k = 0; k < n; ++k) {
        if (k % slice != position) {
          elements[k] = 0;
        } else if (elements[k] == 0) {
          elements[k] = 1;
        }
      }
    }
  });
}

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// The limit of this control group; "max" and a missing file mean none.
std::uint64_t GroupLimit() {
  std::ifstream file("/sys/fs/cgroup/memory.max");
  std::uint64_t value = 0;
  return file >> value ? value : kNoLimit;
}

// What the group holds that cannot be dropped, unlike its page cache.
std::uint64_t GroupAnonymous() {
  std::ifstream file("/sys/fs/cgroup/memory.stat");
  std::string key;
  std::uint64_t value = 0;
  while (file >> key >> value) {
    if (key == "anon") return value;
  }
  return 0;
}

}  // namespace

float OperandElement(std::uint64_t seed, std::uint64_t position) {
  return ElementFromHash(Mix(seed ^ Mix(position / kElementsPerHash)), position % kElementsPerHash);
}

std::int64_t SparsePosition(std::int64_t row, std::int64_t slice) {
  constexpr std::int64_t kParts = 8;
  if (slice % kParts != 0) return row;
  const std::int64_t part = slice / kParts;
  return row % part * kParts + row / part;
}

FloatArray::FloatArray(std::size_t count) : size_(count) {
  const std::size_t bytes = (count * sizeof(float) + kPage - 1) / kPage * kPage;
  data_.reset(static_cast<float*>(std::aligned_alloc(kPage, std::max(bytes, kPage))));
  if (data_ == nullptr) {
    throw Failure(ExitCode::kTooBig,
                  fmt::format("the system refused {} of host memory for a matrix; choose a "
                              "smaller --n",
                              apps::FormatBytes(bytes)));
  }
}

Problem::Problem(std::int64_t n, std::int64_t slice, std::uint64_t seed, Operands operands)
    : n_(n),
      slice_(slice),
      seed_(seed),
      a_(static_cast<std::size_t>(n * n)),
      b_transposed_(static_cast<std::size_t>(n * n)),
      c_(static_cast<std::size_t>(n * n)) {
  FillOperand(a_, seed);
  if (operands == Operands::kSparse) MakeSparse(a_, n, slice);
  FillOperand(b_transposed_, seed ^ kSeedOfB);
  // A tile that nobody computes must not pass for a result.
  ParallelFor(n * n, [&](std::int64_t first, std::int64_t last) {
    std::fill(c_.data() + first, c_.data() + last, std::numeric_limits<float>::quiet_NaN());
  });
}

std::uint64_t AvailableHostMemory() {
  std::uint64_t available = kNoLimit;
  std::ifstream meminfo("/proc/meminfo");
  std::string line;
  while (std::getline(meminfo, line)) {
    if (line.starts_with("MemAvailable:")) available = std::stoull(line.substr(line.find(':') + 1)) * 1024;
  }
  if (const std::uint64_t limit = GroupLimit(); limit != kNoLimit) {
    const std::uint64_t used = GroupAnonymous();
    available = std::min(available, limit > used ? limit - used : 0);
  }
  return available;
}

}  // namespace clopencl::matmul
