// Host memory that native commands and MPI both read and write, kept for reuse.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "rankserver/native_handle.h"

namespace clopencl::rankserver {

struct Context;

// Memory that a transfer holds. Returned to its pool when the last owner lets go.
class StagingBlock {
 public:
  virtual ~StagingBlock() = default;
  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 protected:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// One pool for each context, owned by it. For devices with memory of their own, blocks up to kMaxPinned
// bytes are pinned (they belong to a native buffer in host memory that stays mapped), because only such memory
// is copied without detours. Pieces of large transfers are in huge pages, which MPI copies to and from other
// processes faster. Belongs to the event loop.
class StagingPool {
 public:
  explicit StagingPool(Context& context) : context_(context) {}
  ~StagingPool();
  StagingPool(const StagingPool&) = delete;
  StagingPool& operator=(const StagingPool&) = delete;

  // Of at least `size` bytes; null when there is no memory. The pool must outlive the block.
  std::shared_ptr<StagingBlock> Acquire(size_t size);

 private:
  class Block;
  struct Memory {
    std::byte* data = nullptr;
    size_t size = 0;
    Owned<cl_mem> pinned;  // Null: from malloc.
  };

  Memory Allocate(size_t size);
  Memory AllocatePinned(size_t size);
  Owned<cl_mem> PinHugePages(size_t size);
  void Free(Memory& memory);
  void Return(Memory memory);

  Context& context_;
  std::multimap<size_t, Memory> free_;  // By size.
  size_t free_bytes_ = 0;
};

}  // namespace clopencl::rankserver
