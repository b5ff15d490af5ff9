#include "frontend/move_load.h"

#include <gtest/gtest.h>

namespace clopencl::frontend {
namespace {

TEST(MoveLoad, CountsWhatIsOnItsWay) {
  MoveLoad load;
  MoveWay& link = load.Link("one");
  EXPECT_EQ(&load.Link("one"), &link);
  EXPECT_NE(&load.Link("two"), &link);
  EXPECT_NE(&load.Local(0), &load.Local(1));
  const uint64_t first = link.Post(100), second = link.Post(50);
  load.Began(7, link, 100);
  load.Began(8, link, 50);
  EXPECT_EQ(link.WaitingWith(0), 150u);
  EXPECT_EQ(link.WaitingWith(10), 160u);
  EXPECT_EQ(load.Link("two").WaitingWith(8000), 8000u);
  EXPECT_LT(load.Local(0).WaitingWith(8000), 8000u) << "shared memory is faster";
  EXPECT_EQ(link.Waiting(first), 100u);
  load.Ended(7);
  EXPECT_EQ(link.Waiting(first), 0u);
  EXPECT_EQ(link.Waiting(second), 50u);
  load.Ended(7);
  load.Ended(99);
  EXPECT_EQ(link.WaitingWith(0), 50u) << "what is over, or was none, changes nothing";
  load.Ended(8);
  EXPECT_EQ(link.WaitingWith(0), 0u);
  EXPECT_EQ(load.Link("two").WaitingWith(0), 0u);
}

}  // namespace
}  // namespace clopencl::frontend
