// The residency directory against a model that keeps a set of holders for every byte.
#include "frontend/residency.h"

#include <gtest/gtest.h>

#include <random>

namespace clopencl::frontend {
namespace {

TEST(Residency, NothingMovesBeforeAnythingIsWritten) {
  Residency residency(100);
  EXPECT_TRUE(residency.Read(0, 0, 100).empty());
}

TEST(Residency, StaleRangeMovesOnceAndOnlyThatRange) {
  Residency residency(100);
  residency.Write(0, 0, 100);
  residency.Write(1, 40, 20);
  const auto moves = residency.Read(0, 0, 100);
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].offset, 40u);
  EXPECT_EQ(moves[0].size, 20u);
  EXPECT_TRUE(moves[0].holders.Has(1));
  EXPECT_TRUE(residency.Read(0, 0, 100).empty());
}

TEST(Residency, ReplicasAreHoldersToo) {
  Residency residency(10);
  residency.Write(0, 0, 10);
  residency.Read(1, 0, 10);
  const auto moves = residency.Read(2, 0, 10);
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_TRUE(moves[0].holders.Has(0));
  EXPECT_TRUE(moves[0].holders.Has(1));
  EXPECT_FALSE(moves[0].holders.Has(2));
}

TEST(Residency, WritingMakesOneOwner) {
  Residency residency(10);
  residency.Write(0, 0, 10);
  residency.Read(1, 0, 10);
  residency.Write(1, 0, 10);
  const auto moves = residency.Read(0, 3, 4);
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_FALSE(moves[0].holders.Has(0));
}

TEST(Residency, RowsBecomeOneMove) {
  Residency residency(100);
  residency.Write(0, 0, 100);
  std::vector<Residency::Move> moves;
  for (size_t row = 0; row < 5; ++row) {
    const auto of_row = residency.Read(1, 3 + row * 20, 4);
    moves.insert(moves.end(), of_row.begin(), of_row.end());
  }
  const auto combined = Residency::Combine(moves);
  ASSERT_EQ(combined.size(), 1u);
  EXPECT_EQ(combined[0].offset, 3u);
  EXPECT_EQ(combined[0].size, 4u);
  EXPECT_EQ(combined[0].rows, 5u);
  EXPECT_EQ(combined[0].pitch, 20u);
  EXPECT_EQ(combined[0].bytes(), 20u);
  // What one more server lacks is all of it, and the first has all of it.
  const auto all = Residency::Combine(residency.Read(2, 0, 100));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].size, 100u);
  EXPECT_TRUE(all[0].holders.Has(0));
  EXPECT_FALSE(all[0].holders.Has(1));
}

TEST(Residency, NothingIsCombinedWithoutACommonHolder) {
  Residency residency(100);
  residency.Write(0, 0, 10);
  residency.Write(1, 10, 10);
  residency.Write(0, 40, 10);
  const auto moves = Residency::Combine(residency.Read(2, 0, 100));
  ASSERT_EQ(moves.size(), 3u);
  for (const Residency::Move& move : moves) EXPECT_EQ(move.rows, 1u);
}

TEST(Residency, AgreesWithAModelOfBytes) {
  constexpr size_t kSize = 64, kSessions = 4;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    Residency residency(kSize);
    std::array<SessionSet, kSize> model{};
    for (int step = 0; step < 200; ++step) {
      const size_t offset = random() % kSize, size = 1 + random() % (kSize - offset),
                   session = random() % kSessions;
      if (random() % 2 == 0) {
        residency.Write(session, offset, size);
        for (size_t i = offset; i < offset + size; ++i) {
          model[i].Clear();
          model[i].Add(session);
        }
        continue;
      }
      std::array<bool, kSize> moved{};
      const auto moves = residency.Read(session, offset, size);
      for (const Residency::Move& move : moves) {
        for (size_t i = move.offset; i < move.offset + move.size; ++i)
          ASSERT_EQ(move.holders, model[i]) << "seed " << seed << " step " << step << " byte " << i;
      }
      for (const Residency::Move& move : Residency::Combine(moves)) {
        for (size_t at = 0; at < move.bytes(); ++at) {
          const size_t i = move.offset + at / move.size * move.pitch + at % move.size;
          ASSERT_FALSE(moved[i]) << "seed " << seed;
          moved[i] = true;
          ASSERT_EQ(move.holders & model[i], move.holders) << "seed " << seed << " step " << step;
        }
      }
      for (size_t i = 0; i < kSize; ++i) {
        const bool in_range = i >= offset && i < offset + size;
        const bool stale = in_range && !model[i].Empty() && !model[i].Has(session);
        ASSERT_EQ(moved[i], stale) << "seed " << seed << " step " << step << " byte " << i;
        if (stale) model[i].Add(session);
      }
    }
  }
}

}  // namespace
}  // namespace clopencl::frontend
