// Knows the largest allocation of the program. Linking it replaces the global operators new and delete.
#pragma once

#include <cstddef>

namespace clopencl {

void ForgetAllocations();
size_t LargestAllocation();  // Since ForgetAllocations().

}  // namespace clopencl
