// The seam between the program and the ways of spreading the product over devices.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "matmul/matrix.h"
#include "matmul/work_pool.h"
#include "support/device_info.h"

namespace clopencl::matmul {

/// Seconds that a device spent on commands, by its own profiling clock.
struct DeviceTimes {
  double write = 0;
  double kernel = 0;
  double read = 0;
};

/// What one device did.
struct DeviceReport {
  apps::DeviceInfo device;
  std::vector<Piece> pieces;  // in the order computed
  double busy = 0;            // seconds between taking pieces and having their results in the host's memory
  std::uint64_t bytes_written = 0;
  std::uint64_t bytes_read = 0;
  bool profiled = false;  // `times` means something
  DeviceTimes times;
  std::string error;  // why it fell out, empty if it did not

  [[nodiscard]] std::int64_t rows() const {
    std::int64_t rows = 0;
    for (const Piece& piece : pieces) rows += piece.rows();
    return rows;
  }
};

/// One way of computing a Problem on several devices. Used once: Prepare, Run, then Reports.
class Schedule {
 public:
  virtual ~Schedule() = default;

  /// Creates and warms up whatever `problem` needs on `devices`. A device that fails is left out and its
  /// report says why; the others go on.
  virtual void Prepare(Problem& problem, const std::vector<apps::DeviceInfo>& devices) = 0;

  /// Computes C, taking the work from `pool`. Returns when the pool is empty and no device computes any more;
  /// where the pool is not complete then, every device has failed.
  virtual void Run(Problem& problem, WorkPool& pool) = 0;

  /// One for each device, in the order given to Prepare.
  [[nodiscard]] virtual std::vector<DeviceReport> Reports() const = 0;
};

/// What is known of a schedule by its name alone.
struct ScheduleKind {
  std::string_view name;
  std::string_view summary;
  int min_copies;  // subA, subB and subC that a device must be able to hold
  std::unique_ptr<Schedule> (*make)();
};

/// All schedules, the default first.
const std::vector<ScheduleKind>& ScheduleKinds();

std::unique_ptr<Schedule> MakePaperSchedule();
std::unique_ptr<Schedule> MakeOverlapSchedule();
std::unique_ptr<Schedule> MakeSharedSchedule();

}  // namespace clopencl::matmul
