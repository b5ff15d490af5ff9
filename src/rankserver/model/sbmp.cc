#include "rankserver/model/sbmp.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace clopencl::rankserver {
namespace {

template <typename T>
bool Value(const KernelCall::Argument& arg, T& value) {
  if (arg.value.size() != sizeof value) return false;
  std::memcpy(&value, arg.value.data(), sizeof value);
  return true;
}

// So many columns of subC at a time: their columns of subB stay in the cache.
constexpr int64_t kColumns = 8;

// Elements of subA that are not zero, row after row.
struct SparseRows {
  std::vector<int32_t> position;  // In the row.
  std::vector<float> value;
  std::vector<size_t> end;  // Of each row, in the two above.
};

// Eight at a time: where all are zero (of either sign) nothing but the sign bits is set.
bool AllZero(const float* eight) {
  uint64_t bits[4];
  std::memcpy(bits, eight, sizeof bits);
  return ((bits[0] | bits[1] | bits[2] | bits[3]) & 0x7fffffff7fffffffULL) == 0;
}

SparseRows Scan(const SbmpLaunch& launch) {
  SparseRows rows;
  for (int64_t row = launch.first_row; row < launch.last_row; ++row) {
    const float* a = launch.a + row * launch.n;
    for (int64_t k = 0; k < launch.n;) {
      if (k + 8 <= launch.n && AllZero(a + k)) {
        k += 8;
        continue;
      }
      for (const int64_t stop = std::min(k + 8, launch.n); k < stop; ++k) {
        if (a[k] == 0) continue;
        rows.position.push_back(static_cast<int32_t>(k));
        rows.value.push_back(a[k]);
      }
    }
    rows.end.push_back(rows.position.size());
  }
  return rows;
}

}  // namespace

cl_int ParseSbmp(const KernelCall& call, SbmpLaunch& launch) {
  if (call.args.size() != 5) return CL_INVALID_KERNEL_ARGS;
  int n = 0, slice = 0;
  if (!Value(call.args[0], n) || !Value(call.args[1], slice) || n < 1 || slice < 1)
    return CL_INVALID_KERNEL_ARGS;
  launch.n = n;
  launch.slice = slice;
  launch.first_row = static_cast<int64_t>(call.offset[0]);
  launch.last_row = launch.first_row + static_cast<int64_t>(call.global[0]);
  launch.first_column = static_cast<int64_t>(call.offset[1]);
  launch.last_column = launch.first_column + static_cast<int64_t>(call.global[1]);
  const auto floats = [&](size_t arg) {
    return static_cast<int64_t>(call.args[arg].memory.size() / sizeof(float));
  };
  if (launch.last_row * launch.n > floats(2) || launch.last_column * launch.n > floats(3) ||
      (launch.last_row - 1) * launch.slice + launch.last_column > floats(4)) {
    return CL_OUT_OF_RESOURCES;
  }
  launch.a = reinterpret_cast<const float*>(call.args[2].memory.data());
  launch.b = reinterpret_cast<const float*>(call.args[3].memory.data());
  launch.c = reinterpret_cast<float*>(call.args[4].memory.data());
  return CL_SUCCESS;
}

void ComputeSbmp(const SbmpLaunch& launch) {
  const SparseRows rows = Scan(launch);
  for (int64_t column = launch.first_column; column < launch.last_column; column += kColumns) {
    const int64_t columns = std::min(kColumns, launch.last_column - column);
    const float* b = launch.b + column * launch.n;
    float* c = launch.c + launch.first_row * launch.slice + column;
    size_t at = 0;
    for (const size_t end : rows.end) {
      std::array<float, kColumns> sums{};
      for (; at < end; ++at) {
        const float* element = b + rows.position[at];
        for (int64_t i = 0; i < columns; ++i)
          sums[static_cast<size_t>(i)] += rows.value[at] * element[i * launch.n];
      }
      std::copy_n(sums.begin(), columns, c);
      c += launch.slice;
    }
  }
}

}  // namespace clopencl::rankserver
