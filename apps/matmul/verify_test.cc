#include "matmul/verify.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace clopencl::matmul {
namespace {

// What a correct device would leave in C; the sum runs backwards, as a device may.
void Multiply(Problem& problem) {
  const std::int64_t n = problem.n();
  const std::int64_t slice = problem.slice();
  for (std::int64_t row = 0; row < n; ++row) {
    for (std::int64_t column = 0; column < n; ++column) {
      float sum = 0;
      for (std::int64_t k = n - 1; k >= 0; --k) sum += problem.RowOfA(row)[k] * problem.ColumnOfB(column)[k];
      float* const tile = problem.Tile(static_cast<int>(row / slice), static_cast<int>(column / slice));
      tile[(row % slice) * slice + column % slice] = sum;
    }
  }
}

float& Entry(Problem& problem, std::int64_t row, std::int64_t column) {
  const std::int64_t slice = problem.slice();
  return problem.Tile(static_cast<int>(row / slice),
                      static_cast<int>(column / slice))[(row % slice) * slice + column % slice];
}

Verification ByRows(const Problem& problem) { return CompareRowsAndSamples(problem, 1); }

using Way = Verification (*)(const Problem&);

class VerifyTest : public testing::TestWithParam<Way> {
 protected:
  VerifyTest() { Multiply(problem_); }

  Problem problem_{96, 32, 5};
};

TEST_P(VerifyTest, ACorrectProductPasses) {
  const Verification result = GetParam()(problem_);
  EXPECT_TRUE(result.correct);
  EXPECT_TRUE(result.examples.empty());
}

TEST_P(VerifyTest, TheLastBitOfOneEntryIsNoticedAndNamed) {
  float& entry = Entry(problem_, 70, 41);
  const float right = entry;
  entry = std::nextafter(entry, std::numeric_limits<float>::infinity());
  const Verification result = GetParam()(problem_);
  EXPECT_FALSE(result.correct);
  ASSERT_EQ(result.examples.size(), 1U);
  EXPECT_EQ(result.examples[0].row, 70);
  EXPECT_EQ(result.examples[0].column, 41);
  EXPECT_EQ(result.examples[0].found, entry);
  EXPECT_EQ(result.examples[0].expected, right);
}

TEST_P(VerifyTest, ATileThatNobodyComputedIsNoticed) {
  Entry(problem_, 0, 95) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(GetParam()(problem_).correct);
}

TEST_P(VerifyTest, SwappedTilesAreNoticed) {
  std::vector<float> saved(problem_.Tile(0, 1), problem_.Tile(0, 1) + 32 * 32);
  std::memcpy(problem_.Tile(0, 1), problem_.Tile(1, 0), saved.size() * sizeof(float));
  std::memcpy(problem_.Tile(1, 0), saved.data(), saved.size() * sizeof(float));
  const Verification result = GetParam()(problem_);
  EXPECT_FALSE(result.correct);
  EXPECT_EQ(result.examples.size(), kMaxMismatchExamples);
}

TEST_P(VerifyTest, AStaleRowOfAnOperandIsNoticed) {
  // As if a device had computed row 40 with row 39 of A.
  for (std::int64_t column = 0; column < 96; ++column) Entry(problem_, 40, column) = problem_.C(39, column);
  EXPECT_FALSE(GetParam()(problem_).correct);
}

INSTANTIATE_TEST_SUITE_P(BothWays, VerifyTest, testing::Values(&CompareAllEntries, &ByRows));

TEST(VerifyChoiceTest, LargeOrdersAreComparedByRows) {
  Problem problem(kCompareAllUpTo * 2, kCompareAllUpTo, 1);
  const Verification result = Verify(problem);
  EXPECT_FALSE(result.correct);
  EXPECT_LT(result.entries, problem.n() * problem.n());
}

TEST(OperandElementTest, ElementsAreEighthsBetweenMinusOneAndOne) {
  bool lowest = false;
  bool highest = false;
  for (std::uint64_t i = 0; i < 10000; ++i) {
    const float element = OperandElement(3, i);
    EXPECT_EQ(element * 8, std::round(element * 8));
    EXPECT_LE(std::abs(element), 1);
    lowest = lowest || element == -1;
    highest = highest || element == 1;
  }
  EXPECT_TRUE(lowest && highest);
}

TEST(OperandElementTest, MatricesAreWhatTheSeedSays) {
  const Problem problem(24, 8, 11);
  const Problem same(24, 8, 11);
  const Problem other(24, 8, 12);
  for (std::int64_t k = 0; k < 24; ++k) {
    EXPECT_EQ(problem.RowOfA(13)[k], OperandElement(11, static_cast<std::uint64_t>(13 * 24 + k)));
    EXPECT_EQ(problem.ColumnOfB(5)[k], same.ColumnOfB(5)[k]);
  }
  EXPECT_NE(std::memcmp(problem.RowOfA(0), other.RowOfA(0), 24 * sizeof(float)), 0);
  EXPECT_NE(std::memcmp(problem.RowOfA(0), problem.ColumnOfB(0), 24 * sizeof(float)), 0);
}

}  // namespace
}  // namespace clopencl::matmul
