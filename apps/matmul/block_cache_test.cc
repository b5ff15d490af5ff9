#include "matmul/block_cache.h"

#include <gtest/gtest.h>

namespace clopencl::matmul {
namespace {

using Rows = BlockCache::Rows;
using Send = std::vector<Rows>;

TEST(BlockCacheTest, ABlockIsSentOnce) {
  BlockCache cache(2);
  EXPECT_EQ(cache.MissingRows(7, {0, 8}), 8);
  const auto first = cache.Pin(7, {0, 8});
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->send, (Send{{0, 8}}));
  EXPECT_EQ(cache.MissingRows(7, {0, 8}), 0);
  const auto second = cache.Pin(7, {2, 4});
  EXPECT_EQ(second->slot, first->slot);
  EXPECT_TRUE(second->send.empty());
}

TEST(BlockCacheTest, TheLeastRecentlyUsedBlockGivesWay) {
  BlockCache cache(2);
  cache.Unpin(cache.Pin(1, {0, 8})->slot);
  cache.Unpin(cache.Pin(2, {0, 8})->slot);
  cache.Unpin(cache.Pin(1, {0, 8})->slot);
  cache.Unpin(cache.Pin(3, {0, 8})->slot);
  EXPECT_EQ(cache.MissingRows(1, {0, 8}), 0);
  EXPECT_EQ(cache.MissingRows(2, {0, 8}), 8);
  EXPECT_EQ(cache.MissingRows(3, {0, 8}), 0);
}

TEST(BlockCacheTest, APinnedBlockStaysUntilItsLastUnpin) {
  BlockCache cache(1);
  const int slot = cache.Pin(1, {0, 8})->slot;
  cache.Pin(1, {0, 8});
  EXPECT_FALSE(cache.Pin(2, {0, 8}).has_value());
  cache.Unpin(slot);
  EXPECT_FALSE(cache.Pin(2, {0, 8}).has_value());
  cache.Unpin(slot);
  EXPECT_TRUE(cache.Pin(2, {0, 8}).has_value());
  EXPECT_EQ(cache.MissingRows(1, {0, 8}), 8);
}

TEST(BlockCacheTest, OnlyMissingRowsAreSent) {
  BlockCache cache(1);
  cache.Pin(1, {2, 4});
  EXPECT_EQ(cache.MissingRows(1, {3, 6}), 2);
  EXPECT_EQ(cache.Pin(1, {3, 6})->send, (Send{{4, 6}}));
  EXPECT_EQ(cache.Pin(1, {0, 8})->send, (Send{{0, 2}, {6, 8}}));
  EXPECT_EQ(cache.MissingRows(1, {0, 8}), 0);
}

TEST(BlockCacheTest, AGapIsFilledSoThatTheRowsStayConsecutive) {
  BlockCache cache(1);
  cache.Pin(1, {0, 2});
  EXPECT_EQ(cache.Pin(1, {6, 8})->send, (Send{{2, 8}}));
  EXPECT_EQ(cache.MissingRows(1, {3, 5}), 0);
}

}  // namespace
}  // namespace clopencl::matmul
