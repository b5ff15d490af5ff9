#include "matmul/tile_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace clopencl::matmul {
namespace {

constexpr int kSlice = 64;

// A device with a fixed speed, and the blocks it has been sent.
struct SimulatedDevice {
  double rows_per_second = 1;
  int slots = 3;
  BlockCache a{slots};
  BlockCache b{slots};
  std::vector<Piece> in_flight;
  double free_at = 0;  // when it will have done all that is in flight
  std::vector<double> done_at;
  int rows_sent = 0;
  int rows_done = 0;
};

Missing MissingOf(const BlockCache& cache) {
  return [&cache](int block, BlockCache::Rows wanted) { return cache.MissingRows(block, wanted); };
}

int NobodyClaims(const Piece&) { return 0; }

// The overlap schedule in virtual time: kernels take rows / speed, transfers nothing; each device has two
// pieces in flight. Returns when the last device ends.
double Simulate(int side, std::vector<SimulatedDevice>& devices) {
  WorkPool pool(side, kSlice);
  PaceTable paces(devices.size());
  double now = 0;
  while (!pool.Complete()) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
      SimulatedDevice& device = devices[i];
      while (device.in_flight.size() < 2) {
        const auto piece = pool.TryTake([&](std::span<const Piece> free) {
          const auto rows = std::accumulate(free.begin(), free.end(), std::int64_t{0},
                                            [](std::int64_t sum, const Piece& p) { return sum + p.rows(); });
          const int height = RowsToTake(paces.Paces(now), i, device.in_flight.empty(), rows, kSlice);
          return WorkPool::Choice{
              CheapestPiece(free, side, kSlice, MissingOf(device.a), MissingOf(device.b), &NobodyClaims),
              height};
        });
        if (!piece) break;
        const auto a = device.a.Pin(piece->row, {piece->first, piece->last});
        const auto b = device.b.Pin(piece->column, {0, kSlice});
        for (const auto& sent : {a->send, b->send}) {
          for (const BlockCache::Rows& rows : sent) device.rows_sent += rows.count();
        }
        device.a.Unpin(a->slot);
        device.b.Unpin(b->slot);
        paces.Taken(i, piece->rows(), now);
        device.free_at = std::max(device.free_at, now) + piece->rows() / device.rows_per_second;
        device.done_at.push_back(device.free_at);
        device.in_flight.push_back(*piece);
      }
    }
    // The next result.
    std::size_t next = devices.size();
    double at = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if (devices[i].in_flight.empty() || devices[i].done_at.front() >= at) continue;
      next = i;
      at = devices[i].done_at.front();
    }
    if (next == devices.size()) {
      ADD_FAILURE() << "work is left and nobody takes it";
      break;
    }
    now = at;
    const Piece piece = devices[next].in_flight.front();
    devices[next].in_flight.erase(devices[next].in_flight.begin());
    devices[next].done_at.erase(devices[next].done_at.begin());
    devices[next].rows_done += piece.rows();
    paces.Done(next, piece.rows(), now);
    pool.Done(piece);
  }
  return now;
}

double IdealSeconds(int side, const std::vector<SimulatedDevice>& devices) {
  double rate = 0;
  for (const SimulatedDevice& device : devices) rate += device.rows_per_second;
  return side * side * kSlice / rate;
}

SimulatedDevice Device(double speed, int slots = 3) {
  SimulatedDevice device;
  device.rows_per_second = speed;
  device.a = BlockCache(slots);
  device.b = BlockCache(slots);
  return device;
}

TEST(TileChoiceTest, OneDeviceIsNeverGivenPartsOfTiles) {
  std::vector<SimulatedDevice> devices = {Device(10)};
  EXPECT_DOUBLE_EQ(Simulate(4, devices), IdealSeconds(4, devices));
}

TEST(TileChoiceTest, ThePapersDevicesEndTogether) {
  // Five GPUs twice as fast as the four CPUs, as few tiles as the paper has.
  std::vector<SimulatedDevice> devices;
  for (int i = 0; i < 5; ++i) devices.push_back(Device(2));
  for (int i = 0; i < 4; ++i) devices.push_back(Device(1));
  for (const int side : {6, 8}) {
    std::vector<SimulatedDevice> fresh = devices;
    EXPECT_LT(Simulate(side, fresh), 1.06 * IdealSeconds(side, fresh)) << side;
  }
}

TEST(TileChoiceTest, AVerySlowDeviceDoesNotHoldUpAFastOne) {
  std::vector<SimulatedDevice> devices = {Device(20), Device(1)};
  EXPECT_LT(Simulate(8, devices), 1.10 * IdealSeconds(8, devices));
}

TEST(TileChoiceTest, WithRoomForAllEveryBlockIsSentOnce) {
  std::vector<SimulatedDevice> devices = {Device(1, 8)};
  Simulate(8, devices);
  EXPECT_EQ(devices[0].rows_sent, 2 * 8 * kSlice);
}

TEST(TileChoiceTest, WithLittleRoomBlocksAreReused) {
  std::vector<SimulatedDevice> devices = {Device(1, 3)};
  Simulate(9, devices);
  // Sending both for every tile would be 2 * 81 blocks; keeping a strip of 3 needs about a third of that.
  EXPECT_LE(devices[0].rows_sent, 60 * kSlice);
}

TEST(TileChoiceTest, TwoDevicesShareTheBlocksBetweenThem) {
  std::vector<SimulatedDevice> devices = {Device(1, 8), Device(1, 8)};
  Simulate(8, devices);
  // Half of C each; as two halves side by side that takes 8 + 4 blocks.
  for (const SimulatedDevice& device : devices) EXPECT_LE(device.rows_sent, 16 * kSlice);
}

TEST(TileChoiceTest, TheFirstPieceOfASecondDeviceIsAwayFromTheFirsts) {
  const BlockCache none(2);
  std::vector<Piece> free;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) {
      if (row != 0 || column != 0) free.push_back({row, column, 0, kSlice});
    }
  }
  const Piece& chosen = free[CheapestPiece(free, 3, kSlice, MissingOf(none), MissingOf(none), &NobodyClaims)];
  EXPECT_NE(chosen.row, 0);
  EXPECT_NE(chosen.column, 0);
}

TEST(TileChoiceTest, WhatOthersWantIsLeftToThem) {
  BlockCache full(3);
  for (int block = 0; block < 3; ++block) full.Pin(block, {0, kSlice});
  std::vector<Piece> free;
  for (int column = 0; column < 3; ++column) free.push_back({0, column, 0, kSlice});
  const auto claimed = [](const Piece& piece) { return piece.column == 2 ? 0 : 1; };
  const BlockCache none(2);
  EXPECT_EQ(CheapestPiece(free, 3, kSlice, MissingOf(none), MissingOf(full), claimed), 2u);
}

TEST(PieceHeightsTest, HalvesDownToAnEighthWhileWhole) {
  EXPECT_EQ(PieceHeights(64), (std::vector<int>{64, 32, 16, 8}));
  EXPECT_EQ(PieceHeights(12), (std::vector<int>{12, 6, 3}));
  EXPECT_EQ(PieceHeights(7), (std::vector<int>{7}));
}

TEST(RowsToTakeTest, AFailedDeviceIsNotReckonedWith) {
  // Without the failed one the idle device does all that is left.
  const std::vector<Pace> paces = {{.rows_per_second = 1}, {.failed = true}};
  EXPECT_EQ(RowsToTake(paces, 0, true, kSlice, kSlice), kSlice);
}

TEST(RowsToTakeTest, AnUnknownDeviceDoesNotCommitItselfTwiceWhereLittleIsLeft) {
  const std::vector<Pace> paces = {{.rows_in_flight = kSlice}, {.rows_in_flight = kSlice}};
  EXPECT_EQ(RowsToTake(paces, 0, false, 2 * kSlice, kSlice), 0);
  EXPECT_EQ(RowsToTake(paces, 0, false, 20 * kSlice, kSlice), kSlice);
}

TEST(PaceTableTest, MeasuresRowsAgainstBusyTime) {
  PaceTable table(1);
  table.Taken(0, 100, 5);
  table.Taken(0, 100, 5);
  EXPECT_EQ(table.Paces(6)[0].rows_per_second, 0);
  table.Done(0, 100, 15);
  EXPECT_DOUBLE_EQ(table.Paces(15)[0].rows_per_second, 10);
  EXPECT_DOUBLE_EQ(table.Paces(19)[0].rows_in_flight, 60);
  table.Done(0, 100, 25);
  // Idle time does not count.
  table.Taken(0, 100, 100);
  EXPECT_DOUBLE_EQ(table.Paces(100)[0].rows_per_second, 10);
}

}  // namespace
}  // namespace clopencl::matmul
