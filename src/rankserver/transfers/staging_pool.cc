#include "rankserver/transfers/staging_pool.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "common/huge_pages.h"
#include "rankserver/objects.h"

namespace clopencl::rankserver {
namespace {

constexpr size_t kLeastBlock = 4096;
// Larger blocks come from malloc: pinning them costs more than it saves.
constexpr size_t kMaxPinned = size_t{16} << 20;
// What may lie unused in one pool.
constexpr size_t kMaxFree = size_t{64} << 20;

// Blocks from here on are whole huge pages, though it may waste a half: they hold pieces of large transfers.
constexpr size_t kLeastInHugePages = size_t{512} << 10;

size_t RoundUp(size_t size) {
  if (size >= kLeastInHugePages) size = std::max(size, kHugePageSize);
  size_t rounded = kLeastBlock;
  while (rounded < size && rounded < kMaxPinned) rounded *= 2;
  return rounded < size ? size : rounded;
}

}  // namespace

class StagingPool::Block final : public StagingBlock {
 public:
  Block(std::shared_ptr<Context> context, StagingPool& pool, Memory memory)
      : context_(std::move(context)), pool_(pool), memory_(std::move(memory)) {
    data_ = memory_.data;
    size_ = memory_.size;
  }
  ~Block() override { pool_.Return(std::move(memory_)); }

 private:
  const std::shared_ptr<Context> context_;  // Owns the pool.
  StagingPool& pool_;
  Memory memory_;
};

StagingPool::~StagingPool() {
  for (auto& [size, memory] : free_) Free(memory);
}

std::shared_ptr<StagingBlock> StagingPool::Acquire(size_t size) {
  size = RoundUp(size);
  Memory memory;
  const auto found = free_.lower_bound(size);
  if (found != free_.end() && found->first <= 2 * size) {
    memory = std::move(found->second);
    free_bytes_ -= memory.size;
    free_.erase(found);
  } else {
    memory = Allocate(size);
  }
  if (memory.data == nullptr) return nullptr;
  return std::make_shared<Block>(context_.shared_from_this(), *this, std::move(memory));
}

StagingPool::Memory StagingPool::Allocate(size_t size) {
  if (!context_.unified && size <= kMaxPinned) {
    Memory pinned = AllocatePinned(size);
    if (pinned.data != nullptr) return pinned;
  }
  Memory memory;
  memory.data = static_cast<std::byte*>(
      std::aligned_alloc(kLeastBlock, (size + kLeastBlock - 1) / kLeastBlock * kLeastBlock));
  memory.size = size;
  return memory;
}

// Blocks until the map is done, on a queue that holds nothing else.
StagingPool::Memory StagingPool::AllocatePinned(size_t size) {
  const NativeApi& api = *context_.api;
  cl_int status = CL_SUCCESS;
  Memory memory;
  const Owned<cl_command_queue> queue(
      api, api.CreateCommandQueue(context_.native.get(), context_.devices.front()->native, 0, &status));
  if (status != CL_SUCCESS) return memory;
  memory.pinned = PinHugePages(size);
  if (!memory.pinned) {
    memory.pinned =
        Owned<cl_mem>(api, api.CreateBuffer(context_.native.get(), CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR,
                                            size, nullptr, &status));
    if (status != CL_SUCCESS) return memory;
  }
  void* data = api.EnqueueMapBuffer(queue.get(), memory.pinned.get(), CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                                    size, 0, nullptr, nullptr, &status);
  if (status != CL_SUCCESS || data == nullptr) return memory;
  memory.data = static_cast<std::byte*>(data);
  memory.size = size;
  return memory;
}

// Native runtimes have no huge pages of their own accord. Null where that is not to be had.
Owned<cl_mem> StagingPool::PinHugePages(size_t size) {
  const NativeApi& api = *context_.api;
  if (size % kHugePageSize != 0) return {};
  void* memory = std::aligned_alloc(kHugePageSize, size);
  if (memory == nullptr) return {};
  AdviseHugePages(memory, size);
  cl_int status = CL_SUCCESS;
  Owned<cl_mem> pinned(api, api.CreateBuffer(context_.native.get(), CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR,
                                             size, memory, &status));
  // Unmapping writes to it, later than its release.
  const auto free_memory = [](cl_mem, void* data) { std::free(data); };
  if (status == CL_SUCCESS) status = api.SetMemObjectDestructorCallback(pinned.get(), free_memory, memory);
  if (status == CL_SUCCESS) return pinned;
  pinned.Reset();
  std::free(memory);
  return {};
}

void StagingPool::Free(Memory& memory) {
  if (memory.pinned) {
    cl_int error = CL_SUCCESS;
    if (const std::shared_ptr<Queue> queue = context_.TransferQueue(error)) {
      context_.api->EnqueueUnmapMemObject(queue->native.get(), memory.pinned.get(), memory.data, 0, nullptr,
                                          nullptr);
      context_.api->Flush(queue->native.get());
    }
    memory.pinned.Reset();
  } else {
    std::free(memory.data);
  }
  memory.data = nullptr;
}

void StagingPool::Return(Memory memory) {
  if (free_bytes_ + memory.size > kMaxFree) return Free(memory);
  free_bytes_ += memory.size;
  const size_t size = memory.size;
  free_.emplace(size, std::move(memory));
}

}  // namespace clopencl::rankserver
