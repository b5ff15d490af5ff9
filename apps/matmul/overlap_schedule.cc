// The schedules overlap and shared: blocks travel while tiles are computed, and stay on the device as long as
// there is room. In overlap every device has a context of its own and gets its blocks from the host; in
// shared all are in one, and a block that one device has reaches the others from there.
#include <algorithm>
#include <chrono>
#include <climits>
#include <optional>

#include "matmul/failure.h"
#include "matmul/overlap_device.h"
#include "matmul/schedule.h"
#include "matmul/shared_blocks.h"
#include "matmul/tile_choice.h"

namespace clopencl::matmul {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What devices of other hosts have been sent. To devices of this host every block is as near as any other:
// they take what would cost those most. Its users agree on the order of calls.
class RemoteBlocks {
 public:
  RemoteBlocks() = default;
  RemoteBlocks(const std::vector<apps::DeviceInfo>& devices, int blocks_per_side)
      : claims_of_row_(static_cast<std::size_t>(blocks_per_side)), claims_of_column_(claims_of_row_) {
    for (const apps::DeviceInfo& device : devices) is_here_.push_back(apps::IsThisHost(device.host));
    const std::vector<bool> none(claims_of_row_.size());
    has_row_.assign(devices.size(), none);
    has_column_.assign(devices.size(), none);
  }

  void Take(std::size_t device, const Piece& piece) {
    if (is_here_[device]) return;
    Add(has_row_[device], claims_of_row_, piece.row);
    Add(has_column_[device], claims_of_column_, piece.column);
  }

  // How often devices elsewhere have got a block of the piece, for a device that should care.
  [[nodiscard]] int Claims(std::size_t device, const Piece& piece) const {
    if (!is_here_[device]) return 0;
    return claims_of_row_[static_cast<std::size_t>(piece.row)] +
           claims_of_column_[static_cast<std::size_t>(piece.column)];
  }

 private:
  static void Add(std::vector<bool>& has, std::vector<int>& claims, int index) {
    const auto block = static_cast<std::size_t>(index);
    if (has[block]) return;
    has[block] = true;
    ++claims[block];
  }

  std::vector<bool> is_here_;  // of each device
  std::vector<int> claims_of_row_, claims_of_column_;
  std::vector<std::vector<bool>> has_row_, has_column_;
};

class OverlapSchedule : public Schedule {
 public:
  explicit OverlapSchedule(bool shared) : is_shared_(shared) {}

  void Prepare(Problem& problem, const std::vector<apps::DeviceInfo>& devices) override {
    remote_ = RemoteBlocks(devices, problem.blocks_per_side());
    reports_.resize(devices.size());
    devices_.resize(devices.size());
    for (std::size_t i = 0; i < devices.size(); ++i) reports_[i].device = devices[i];
    std::vector<DeviceSession> sessions;
    if (is_shared_) sessions = ShareContext(problem, devices);
    const std::vector<std::string> errors = OnThreads(devices.size(), [&](std::size_t i) {
      if (is_shared_) {
        devices_[i] = std::make_unique<OverlapDevice>(std::move(sessions[i]), problem);
        devices_[i]->UseBlocks(std::make_unique<SharedStore>(*blocks_, SharedBlocks::kA, i),
                               std::make_unique<SharedStore>(*blocks_, SharedBlocks::kB, i));
      } else {
        devices_[i] =
            std::make_unique<OverlapDevice>(DeviceSession(devices[i], problem.n(), problem.slice()), problem);
        devices_[i]->UseOwnBlocks(problem);
      }
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
  std::vector<DeviceSession> ShareContext(const Problem& problem,
                                          const std::vector<apps::DeviceInfo>& devices) {
    for (const apps::DeviceInfo& device : devices) {
      if (device.platform != devices.front().platform) {
        throw Failure(ExitCode::kBadDevices,
                      "schedule shared needs all devices in one platform, but " + device.name + " on " +
                          device.host + " is not in that of " + devices.front().name +
                          "; with clOpenCL's driver, CLOPENCL_MERGE=1 makes one platform of all");
      }
    }
    std::vector<DeviceSession> sessions = DeviceSession::InOneContext(devices, problem.n(), problem.slice());
    blocks_ = std::make_unique<SharedBlocks>(sessions, problem);
    return sessions;
  }

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
                          std::size_t index) {
    const OverlapDevice& device = *devices_[index];
    const auto slice = static_cast<int>(problem.slice());
    std::int64_t free_rows = 0;
    for (const Piece& piece : free) free_rows += piece.rows();
    const int rows = RowsToTake(paces.Paces(Now()), index, device.in_flight() == 0, free_rows, slice);
    if (rows == 0) return {};
    const auto missing = [](const BlockStore& blocks) -> Missing {
      return [&blocks](int block, BlockCache::Rows wanted) { return blocks.MissingRows(block, wanted); };
    };
    const auto claimed = [&](const Piece& piece) {
      const bool possible = !is_shared_ || blocks_->CanReserve(piece.row, piece.column, index);
      return possible ? remote_.Claims(index, piece) : INT_MAX;
    };
    const std::size_t position =
        CheapestPiece(free, problem.blocks_per_side(), slice, missing(device.blocks_of_a()),
                      missing(device.blocks_of_b()), claimed);
    if (is_shared_ && !blocks_->Reserve(free[position].row, free[position].column, index)) return {};
    remote_.Take(index, free[position]);
    return {position, HeightWithin(slice, std::min(rows, free[position].rows()))};
  }

  // The largest of the usual heights within `rows`: a driver that compiles for each size meets few sizes.
  static int HeightWithin(int slice, int rows) {
    for (const int height : PieceHeights(slice)) {
      if (height <= rows) return height;
    }
    return rows;
  }

  bool is_shared_;
  RemoteBlocks remote_;                   // under the pool's lock
  std::unique_ptr<SharedBlocks> blocks_;  // of shared; after the devices' queues have gone
  std::vector<std::unique_ptr<OverlapDevice>> devices_;
  std::vector<DeviceReport> reports_;
};

}  // namespace

std::unique_ptr<Schedule> MakeOverlapSchedule() { return std::make_unique<OverlapSchedule>(false); }
std::unique_ptr<Schedule> MakeSharedSchedule() { return std::make_unique<OverlapSchedule>(true); }

}  // namespace clopencl::matmul
