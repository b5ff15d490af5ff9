// The overlap schedule: blocks travel while tiles are computed, and stay on the device as long as there is
// room.
#include <algorithm>
#include <chrono>
#include <optional>

#include "matmul/overlap_device.h"
#include "matmul/schedule.h"
#include "matmul/tile_choice.h"

namespace clopencl::matmul {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class OverlapSchedule : public Schedule {
 public:
  void Prepare(Problem& problem, const std::vector<apps::DeviceInfo>& devices) override {
    reports_.resize(devices.size());
    devices_.resize(devices.size());
    const std::vector<std::string> errors = OnThreads(devices.size(), [&](std::size_t i) {
      reports_[i].device = devices[i];
      devices_[i] = std::make_unique<OverlapDevice>(devices[i], problem);
    });
    for (std::size_t i = 0; i < errors.size(); ++i) reports_[i].error = errors[i];
  }

  void Run(Problem& problem, WorkPool& pool) override {
    PaceTable paces(devices_.size());
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      if (devices_[i] == nullptr) paces.Failed(i);
    }
    const std::vector<std::string> errors = OnThreads(devices_.size(), [&](std::size_t i) {
      if (devices_[i] != nullptr) RunDevice(problem, pool, paces, i);
    });
    for (std::size_t i = 0; i < errors.size(); ++i) {
      if (!errors[i].empty()) reports_[i].error = errors[i];
    }
  }

  [[nodiscard]] std::vector<DeviceReport> Reports() const override { return reports_; }

 private:
  void RunDevice(Problem& problem, WorkPool& pool, PaceTable& paces, std::size_t index) {
    OverlapDevice& device = *devices_[index];
    DeviceReport& report = reports_[index];
    try {
      while (Fill(problem, pool, paces, index)) {
        const double start = Now();
        const Piece piece = device.Finish(report);
        const double end = Now();
        report.busy += end - start;
        report.pieces.push_back(piece);
        paces.Done(index, piece.rows(), end);
        pool.Done(piece);
      }
    } catch (...) {
      paces.Failed(index);
      for (const Piece& piece : device.Abandon()) pool.GiveBack(piece);
      throw;
    }
  }

  // Takes work until the pipeline is full or there is none for this device now; waits only with an empty
  // pipeline. False: all is done.
  bool Fill(Problem& problem, WorkPool& pool, PaceTable& paces, std::size_t index) {
    OverlapDevice& device = *devices_[index];
    const auto choose = [&](std::span<const Piece> free) { return Choose(free, problem, paces, index); };
    while (device.in_flight() < device.depth()) {
      const bool idle = device.in_flight() == 0;
      const std::optional<Piece> piece = idle ? pool.Take(choose) : pool.TryTake(choose);
      if (!piece) return !idle;
      const double start = Now();
      paces.Taken(index, piece->rows(), start);
      device.Start(problem, *piece, reports_[index]);
      reports_[index].busy += Now() - start;
    }
    return true;
  }

  WorkPool::Choice Choose(std::span<const Piece> free, const Problem& problem, const PaceTable& paces,
                          std::size_t index) const {
    const OverlapDevice& device = *devices_[index];
    const auto slice = static_cast<int>(problem.slice());
    std::int64_t free_rows = 0;
    for (const Piece& piece : free) free_rows += piece.rows();
    const int rows = RowsToTake(paces.Paces(Now()), index, device.in_flight() == 0, free_rows, slice);
    if (rows == 0) return {};
    const std::size_t position =
        CheapestPiece(free, problem.blocks_per_side(), slice, device.cache_of_a(), device.cache_of_b());
    return {position, HeightWithin(slice, std::min(rows, free[position].rows()))};
  }

  // The largest of the usual heights within `rows`: a driver that compiles for each size meets few sizes.
  static int HeightWithin(int slice, int rows) {
    for (const int height : PieceHeights(slice)) {
      if (height <= rows) return height;
    }
    return rows;
  }

  std::vector<std::unique_ptr<OverlapDevice>> devices_;
  std::vector<DeviceReport> reports_;
};

}  // namespace

std::unique_ptr<Schedule> MakeOverlapSchedule() { return std::make_unique<OverlapSchedule>(); }

}  // namespace clopencl::matmul
