// The paper's kernel.
#pragma once

namespace clopencl::matmul {

inline constexpr const char* kSbmpName = "sbmp";

/// subC = subA subB, one work-item an element: row get_global_id(0) of subA (n floats a row) times column
/// get_global_id(1) of subB (kept transposed: n floats a column), stored in subC (slice floats a row).
/// Deliberately naive, as in the paper: what is measured is the way work reaches the devices, not the kernel.
inline constexpr const char* kSbmpSource = R"(
__kernel void sbmp(const int n, const int slice, __global float *subA, __global float *subB,
                   __global float *subC) {
  const int row = get_global_id(0);
  const int column = get_global_id(1);
  float sum = 0;
  for (int k = 0; k < n; k++) {
    sum += subA[row * n + k] * subB[column * n + k];
  }
  subC[row * slice + column] = sum;
}
)";

}  // namespace clopencl::matmul
