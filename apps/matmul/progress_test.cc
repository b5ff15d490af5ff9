#include "matmul/progress.h"

#include <gtest/gtest.h>

namespace clopencl::matmul {
namespace {

TEST(ProgressTest, ForetellsFromTheLastResult) {
  const std::string line =
      ProgressLine({.done = 0.25, .seconds_at_done = 10, .seconds = 16, .gflop = 400}, 80);
  EXPECT_NE(line.find(" 25 %  10.0 GFLOP/s  0:24 left"), std::string::npos) << line;
}

TEST(ProgressTest, ForetellsNothingBeforeTheFirstResult) {
  const std::string line = ProgressLine({.done = 0, .seconds_at_done = 0, .seconds = 5, .gflop = 400}, 80);
  EXPECT_EQ(line.find("left"), std::string::npos);
  EXPECT_EQ(line.find('#'), std::string::npos);
}

TEST(ProgressTest, ALateResultLeavesNoNegativeTime) {
  const std::string line = ProgressLine({.done = 0.5, .seconds_at_done = 10, .seconds = 30, .gflop = 1}, 80);
  EXPECT_NE(line.find("0:00 left"), std::string::npos) << line;
}

TEST(ProgressTest, FitsTheTerminal) {
  for (int width = 0; width < 200; ++width) {
    const std::string line =
        ProgressLine({.done = 0.999, .seconds_at_done = 1e5, .seconds = 1e5, .gflop = 1e9}, width);
    EXPECT_LT(static_cast<int>(line.size()), std::max(width, 1));
  }
}

TEST(ProgressTest, TheBarFillsOnlyWhenAllIsDone) {
  EXPECT_NE(ProgressLine({.done = 0.999, .seconds_at_done = 1, .seconds = 1, .gflop = 1}, 80).find("# ]"),
            std::string::npos);
  EXPECT_NE(ProgressLine({.done = 1, .seconds_at_done = 1, .seconds = 1, .gflop = 1}, 80).find("#] 100 %"),
            std::string::npos);
}

TEST(ProgressTest, DurationsReadAsClocks) {
  EXPECT_EQ(FormatDuration(7.4), "0:07");
  EXPECT_EQ(FormatDuration(754), "12:34");
  EXPECT_EQ(FormatDuration(3723), "1:02:03");
  EXPECT_EQ(FormatDuration(-1), "0:00");
}

}  // namespace
}  // namespace clopencl::matmul
