// Coarse-grained SVM: memory allocated natively by the server, with the same addresses reserved in this
// process, so that pointers stored inside it mean the same on both sides. What lies here is the host's copy,
// current between map and unmap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "frontend/core/context.h"

namespace clopencl::frontend {

// All SVM allocations of the process. Thread-safe.
class SvmSpace {
 public:
  struct Mapping {
    size_t size = 0;
    cl_map_flags flags = 0;
  };

  static SvmSpace& Instance();

  // Null when the server has no memory or the addresses can't be had here. No locks held.
  void* Allocate(Context& context, cl_svm_mem_flags flags, size_t size, cl_uint alignment);
  // Gives the memory back on both sides. Unknown pointers are ignored.
  void Free(Context& context, void* pointer);

  // Whether [pointer, pointer + size) lies in an allocation of the context.
  bool Contains(const Context& context, const void* pointer, size_t size) const;

  void AddMapping(const void* pointer, Mapping mapping);
  std::optional<Mapping> TakeMapping(const void* pointer);

 private:
  struct Region {
    size_t size = 0;
    const Context* context = nullptr;
  };

  // Reserves the pages around the range that are not reserved yet. Under mutex_.
  bool Reserve(uintptr_t address, size_t size);
  void Unreserve(uintptr_t address, size_t size);

  mutable std::mutex mutex_;
  std::map<uintptr_t, Region> regions_;
  std::map<uintptr_t, unsigned> pages_;  // How many regions lie in a page that we hold.
  std::multimap<uintptr_t, Mapping> mappings_;
};

}  // namespace clopencl::frontend
