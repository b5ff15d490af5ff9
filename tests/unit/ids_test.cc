#include "common/ids.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace clopencl {
namespace {

TEST(Id, IndexZeroIsNull) {
  EXPECT_FALSE(MemId{});
  EXPECT_FALSE((MemId{0, 7}));
  EXPECT_TRUE((MemId{1, 0}));
}

TEST(Id, PacksIntoAWordAndBack) {
  for (const EventId id : {EventId{0, 0}, EventId{1, 0}, EventId{0xffffffff, 0}, EventId{1, 0xffffffff},
                           EventId{0x12345678, 0x9abcdef0}}) {
    EXPECT_EQ(EventId::Unpack(id.Pack()), id);
  }
  EXPECT_EQ((EventId{5, 3}).Pack(), 0x300000005u);
  EXPECT_EQ(EventId{}.Pack(), 0u);
}

TEST(Id, GenerationsDiffer) {
  EXPECT_NE((QueueId{4, 1}), (QueueId{4, 2}));
  const std::unordered_set<QueueId> ids = {{4, 1}, {4, 2}, {5, 1}, {4, 1}};
  EXPECT_EQ(ids.size(), 3u);
}

TEST(Id, KindsDoNotMix) {
  EXPECT_FALSE((std::is_convertible_v<MemId, EventId>));
  EXPECT_FALSE((std::is_constructible_v<MemId, EventId>));
  EXPECT_FALSE((std::is_convertible_v<MemId, bool>));
}

}  // namespace
}  // namespace clopencl
