// The native OpenCL of tests: in memory, functional, and under the test's control.
#pragma once

#include "rankserver/model/memory_opencl.h"

namespace clopencl::testing {

using MockOpenCl = rankserver::MemoryOpenCl;

}  // namespace clopencl::testing
