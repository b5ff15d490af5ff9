#include "support/allocation_watch.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace clopencl {
namespace {
std::atomic<size_t> largest{0};
}

void ForgetAllocations() { largest = 0; }
size_t LargestAllocation() { return largest; }

}  // namespace clopencl

void* operator new(size_t size) {
  if (size > clopencl::largest) clopencl::largest = size;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
