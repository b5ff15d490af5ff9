// Large memory in huge pages, where the system gives them to those who ask ("madvise", the default of most
// distributions). Another process copies it about twice as fast then, because the kernel looks up each
// page of its source or destination for that, and OpenCL kernels miss fewer translations.
#pragma once

#include <cstddef>

namespace clopencl {

// What is smaller is not worth the call, nor the memory that rounding up may take.
inline constexpr size_t kLeastForHugePages = size_t{4} << 20;
// Memory that begins at a multiple of this loses none of its huge pages: the size of one on most machines.
inline constexpr size_t kHugePageAlignment = size_t{2} << 20;

// Asks for huge pages for the whole pages of [memory, memory + size) that nobody has touched yet, if it is
// large enough. Changes no contents. Memory that can't have them, or isn't this process's, stays as it is.
// Thread-safe.
void AdviseHugePages(void* memory, size_t size);

}  // namespace clopencl
