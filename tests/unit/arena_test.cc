#include "common/wire/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace clopencl::wire {
namespace {

struct Pair {
  uint64_t first = 1;
  uint32_t second = 2;
};

TEST(Arena, ValuesBeginAsTheirDefault) {
  Arena arena;
  const Pair* pairs = arena.Allocate<Pair>(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pairs[i].first, 1u);
    EXPECT_EQ(pairs[i].second, 2u);
  }
}

TEST(Arena, AllocationsAreAlignedAndApart) {
  Arena arena;
  std::vector<uint8_t*> blocks;
  for (size_t i = 1; i < 1000; ++i) {
    uint8_t* block = arena.Allocate<uint8_t>(i);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignof(std::max_align_t), 0u);
    std::memset(block, static_cast<int>(i % 251), i);
    blocks.push_back(block);
  }
  for (size_t i = 1; i <= blocks.size(); ++i) {
    for (size_t at = 0; at < i; ++at) ASSERT_EQ(blocks[i - 1][at], i % 251) << "block " << i;
  }
}

TEST(Arena, OneAllocationMayBeLargerThanAllBefore) {
  Arena arena;
  arena.Allocate<uint8_t>(10);
  std::memset(arena.Allocate<uint8_t>(1000000), 7, 1000000);
}

TEST(Arena, ResetUsesTheSameMemoryAgain) {
  Arena arena;
  for (int i = 0; i < 100; ++i) arena.Allocate<uint64_t>(100);
  arena.Reset();
  const uint64_t* first = arena.Allocate<uint64_t>(100);
  arena.Reset();
  EXPECT_EQ(arena.Allocate<uint64_t>(100), first);
}

}  // namespace
}  // namespace clopencl::wire
