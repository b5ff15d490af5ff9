// Large memory in huge pages, where the system gives them to those who ask ("madvise", the default of most
// distributions). Another process copies it about twice as fast then, because the kernel looks up each
// page of its source or destination for that, and OpenCL kernels miss fewer translations.
#pragma once

#include <cstddef>

namespace clopencl {

// Of one on most machines. Memory that begins at a multiple of it loses none of its huge pages.
inline constexpr size_t kHugePageSize = size_t{2} << 20;
// What is smaller is not worth the memory that rounding up takes, nor the time.
inline constexpr size_t kLeastForHugePages = 2 * kHugePageSize;

// Asks for huge pages for the whole pages of [memory, memory + size) that nobody has touched yet, if one
// could lie there. Changes no contents. Memory that can't have them, or isn't this process's, stays as it is.
// Thread-safe.
void AdviseHugePages(void* memory, size_t size);

}  // namespace clopencl
