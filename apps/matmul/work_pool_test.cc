#include "matmul/work_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <tuple>

namespace clopencl::matmul {
namespace {

WorkPool::Choice AtMostThreeRows(std::span<const Piece> free) { return {free.size() - 1, 3}; }

TEST(WorkPoolTest, HandsOutEveryTileOnceInRowMajorOrder) {
  WorkPool pool(3, 8);
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) {
      const std::optional<Piece> piece = pool.Take(WorkPool::First);
      ASSERT_TRUE(piece.has_value());
      EXPECT_EQ(*piece, (Piece{row, column, 0, 8}));
      pool.Done(*piece);
    }
  }
  EXPECT_FALSE(pool.Take(WorkPool::First).has_value());
  EXPECT_TRUE(pool.Complete());
}

TEST(WorkPoolTest, PiecesOfATileCoverItExactly) {
  WorkPool pool(1, 8);
  std::vector<Piece> pieces;
  while (const std::optional<Piece> piece = pool.TryTake(AtMostThreeRows)) pieces.push_back(*piece);
  EXPECT_EQ(pieces, (std::vector<Piece>{{0, 0, 0, 3}, {0, 0, 3, 6}, {0, 0, 6, 8}}));
  EXPECT_FALSE(pool.Complete());
}

TEST(WorkPoolTest, CountsWhatIsDoneAndWhatIsFree) {
  WorkPool pool(2, 8);
  const Piece piece = *pool.TryTake(AtMostThreeRows);
  EXPECT_EQ(pool.FreeRows(), 29);
  EXPECT_EQ(pool.DoneFraction(), 0);
  pool.Done(piece);
  EXPECT_DOUBLE_EQ(pool.DoneFraction(), 3.0 / 32);
}

TEST(WorkPoolTest, ADeviceMayWantNothing) {
  WorkPool pool(1, 8);
  EXPECT_FALSE(pool.TryTake([](std::span<const Piece>) { return WorkPool::Choice{}; }).has_value());
  EXPECT_EQ(pool.FreeRows(), 8);
}

TEST(WorkPoolTest, WhatIsGivenBackGoesToAnotherInItsPlace) {
  WorkPool pool(2, 4);
  const Piece first = *pool.TryTake(WorkPool::First);
  const Piece second = *pool.TryTake(WorkPool::First);
  pool.GiveBack(second);
  pool.GiveBack(first);
  EXPECT_EQ(*pool.TryTake(WorkPool::First), first);
  EXPECT_EQ(*pool.TryTake(WorkPool::First), second);
}

TEST(WorkPoolTest, TakeWaitsForAPieceThatMayComeBack) {
  WorkPool pool(1, 4);
  const Piece piece = *pool.TryTake(WorkPool::First);
  std::optional<Piece> taken;
  std::jthread other([&] {
    taken = pool.Take(WorkPool::First);
    pool.Done(*taken);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  pool.GiveBack(piece);
  other.join();
  EXPECT_EQ(taken, piece);
  EXPECT_TRUE(pool.Complete());
}

TEST(WorkPoolTest, TakeEndsWhenTheLastPieceIsDoneElsewhere) {
  WorkPool pool(1, 4);
  const Piece piece = *pool.TryTake(WorkPool::First);
  std::optional<Piece> taken = piece;
  std::jthread other([&] { taken = pool.Take(WorkPool::First); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  pool.Done(piece);
  other.join();
  EXPECT_FALSE(taken.has_value());
}

TEST(WorkPoolTest, ManyThreadsWithFailuresComputeEverythingOnce) {
  constexpr int kSide = 12;
  WorkPool pool(kSide, 4);
  std::mutex mutex;
  std::multiset<std::tuple<int, int>> computed;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        int taken = 0;
        while (const std::optional<Piece> piece = pool.Take(WorkPool::First)) {
          // Half of the devices fail after a few pieces.
          if (t % 2 == 1 && ++taken > 3) return pool.GiveBack(*piece);
          std::this_thread::yield();
          {
            const std::lock_guard lock(mutex);
            computed.emplace(piece->row, piece->column);
          }
          pool.Done(*piece);
        }
      });
    }
  }
  EXPECT_TRUE(pool.Complete());
  EXPECT_EQ(computed.size(), std::size_t{kSide * kSide});
  EXPECT_EQ((std::set<std::tuple<int, int>>(computed.begin(), computed.end()).size()), computed.size());
}

}  // namespace
}  // namespace clopencl::matmul
