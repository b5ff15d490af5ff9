#include "launch/cpu_list.h"

#include <gtest/gtest.h>

#include "launch/error.h"

namespace clopencl::launch {
namespace {

TEST(CpuListTest, ReadsNumbersAndRanges) {
  EXPECT_EQ(ParseCpuList("0"), (CpuSet{0}));
  EXPECT_EQ(ParseCpuList("0-3,6"), (CpuSet{0, 1, 2, 3, 6}));
  EXPECT_EQ(ParseCpuList("6,0-1,1"), (CpuSet{0, 1, 6}));
}

TEST(CpuListTest, WritesWhatItReads) {
  for (const char* text : {"0", "0-3,6", "1,3,5-6", "0-1,128-255"}) {
    EXPECT_EQ(FormatCpuList(ParseCpuList(text)), text);
  }
  EXPECT_EQ(FormatCpuList({}), "");
}

TEST(CpuListTest, RefusesEverythingElse) {
  for (const char* text :
       {"", ",", "1,", ",1", "-", "1-", "-1", "3-1", "a", "0x1", "1 ", "1--2", "0-99999999", "99999999999"}) {
    EXPECT_THROW(ParseCpuList(text), Error) << text;
  }
}

TEST(CpuListTest, SetOperations) {
  EXPECT_EQ(Union({0, 1}, {1, 2}), (CpuSet{0, 1, 2}));
  EXPECT_EQ(Intersection({0, 1}, {1, 2}), (CpuSet{1}));
  EXPECT_EQ(Difference({0, 1}, {1, 2}), (CpuSet{0}));
}

}  // namespace
}  // namespace clopencl::launch
