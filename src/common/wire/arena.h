// Memory for the sequences of one decoded packet: a bump allocator that is reset, not freed, between packets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace clopencl::wire {

// Not thread-safe. What it hands out stays valid until Reset().
class Arena {
 public:
  // `count` values, at least one. Those of a type without a constructor have no contents yet.
  template <typename T>
  T* Allocate(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
    static_assert(alignof(T) <= alignof(std::max_align_t));
    T* first = static_cast<T*>(AllocateBytes(count * sizeof(T)));
    for (size_t i = 0; i < count; ++i) new (first + i) T;
    return first;
  }

  void Reset() {
    if (blocks_.empty()) return;
    if (blocks_.size() > 1) blocks_.erase(blocks_.begin(), blocks_.end() - 1);  // The last is the largest.
    next_ = blocks_.back().bytes.get();
    left_ = blocks_.back().size;
  }

 private:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    size_t size = 0;
  };

  void* AllocateBytes(size_t size) {
    constexpr size_t kAlign = alignof(std::max_align_t);
    size = (size + kAlign - 1) / kAlign * kAlign;
    if (left_ < size) [[unlikely]]
      AddBlock(size);
    left_ -= size;
    return std::exchange(next_, next_ + size);
  }

  [[gnu::noinline]] void AddBlock(size_t least) {
    const size_t size = std::max(least, blocks_.empty() ? size_t{4096} : blocks_.back().size * 2);
    blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    next_ = blocks_.back().bytes.get();
    left_ = size;
  }

  std::vector<Block> blocks_;
  std::byte* next_ = nullptr;  // In the last block.
  size_t left_ = 0;            // From there on.
};

}  // namespace clopencl::wire
