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
      for (const Residency::Move& move : residency.Read(session, offset, size)) {
        for (size_t i = move.offset; i < move.offset + move.size; ++i) {
          ASSERT_FALSE(moved[i]) << "seed " << seed;
          moved[i] = true;
          ASSERT_EQ(move.holders, model[i]) << "seed " << seed << " step " << step << " byte " << i;
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
