// The kernel of the clOpenCL paper, sbmp, as the device model computes it.
#pragma once

#include <cstdint>

#include "rankserver/model/memory_opencl.h"

namespace clopencl::rankserver {

// What a launch of sbmp(n, slice, subA, subB, subC) asks for.
struct SbmpLaunch {
  int64_t n = 0;
  int64_t slice = 0;
  const float* a = nullptr;
  const float* b = nullptr;
  float* c = nullptr;
  int64_t first_row = 0, last_row = 0;
  int64_t first_column = 0, last_column = 0;

  double flop() const {
    return 2.0 * static_cast<double>(n) * static_cast<double>(last_row - first_row) *
           static_cast<double>(last_column - first_column);
  }
};

// CL_SUCCESS, or why the launch reaches beyond its buffers or is none of sbmp.
cl_int ParseSbmp(const KernelCall& call, SbmpLaunch& launch);

// Really computes subC. Every element of subA in the rows of the launch is read; zeros in it cost nothing
// more, so that a product with few others in each row is computed in a fraction of a real kernel's work. The
// sums are in the order of k, in single precision, as in the kernel.
void ComputeSbmp(const SbmpLaunch& launch);

}  // namespace clopencl::rankserver
