// The paper's schedule: a thread a device takes the next pair, sends both blocks, runs the kernel, collects
// the tile, one after the other.
#include <chrono>
#include <optional>

#include "matmul/device_session.h"
#include "matmul/schedule.h"
#include "support/cl_error.h"

namespace clopencl::matmul {
namespace {

using apps::Check;

class PaperDevice {
 public:
  PaperDevice(const apps::DeviceInfo& device, const Problem& problem)
      : session_(device, problem.n(), problem.slice()),
        queue_(session_.MakeQueue()),
        a_(session_.MakeBlock(CL_MEM_READ_ONLY)),
        b_(session_.MakeBlock(CL_MEM_READ_ONLY)),
        c_(session_.MakeTile()) {
    session_.WarmUp(queue_.get(), a_.get(), b_.get(), c_.get(),
                    {.row = 0, .column = 0, .first = 0, .last = static_cast<int>(problem.slice())});
  }

  void Compute(Problem& problem, const Piece& piece, DeviceReport& report) {
    const std::int64_t n = problem.n();
    const std::int64_t slice = problem.slice();
    const std::size_t block_bytes = static_cast<std::size_t>(n * slice) * sizeof(float);
    const apps::Event write_a = Write(a_, block_bytes, problem.RowOfA(piece.row * slice), "subA");
    const apps::Event write_b = Write(b_, block_bytes, problem.ColumnOfB(piece.column * slice), "subB");
    const apps::Event kernel = session_.EnqueuePiece(queue_.get(), a_.get(), b_.get(), c_.get(), piece, {});

    const std::size_t offset = static_cast<std::size_t>(piece.first * slice);
    const std::size_t tile_bytes = static_cast<std::size_t>(piece.rows() * slice) * sizeof(float);
    apps::Event read;
    const cl_int code =
        clEnqueueReadBuffer(queue_.get(), c_.get(), CL_TRUE, offset * sizeof(float), tile_bytes,
                            problem.Tile(piece.row, piece.column) + offset, 0, nullptr, read.Receive());
    // A kernel that failed may fail the read behind it, too; the cause is the better message.
    CheckDone(kernel.get(), "kernel sbmp");
    Check(code, "clEnqueueReadBuffer of subC");
    CheckDone(read.get(), "reading subC");

    report.bytes_written += 2 * block_bytes;
    report.bytes_read += tile_bytes;
    report.profiled =
        AddSeconds(write_a.get(), report.times.write) && AddSeconds(write_b.get(), report.times.write) &&
        AddSeconds(kernel.get(), report.times.kernel) && AddSeconds(read.get(), report.times.read);
  }

 private:
  apps::Event Write(const apps::Memory& block, std::size_t bytes, const float* from, const char* what) {
    apps::Event event;
    Check(
        clEnqueueWriteBuffer(queue_.get(), block.get(), CL_TRUE, 0, bytes, from, 0, nullptr, event.Receive()),
        std::string("clEnqueueWriteBuffer of ") + what);
    CheckDone(event.get(), what);
    return event;
  }

  DeviceSession session_;
  apps::Queue queue_;
  apps::Memory a_;
  apps::Memory b_;
  apps::Memory c_;
};

class PaperSchedule : public Schedule {
 public:
  void Prepare(Problem& problem, const std::vector<apps::DeviceInfo>& devices) override {
    reports_.resize(devices.size());
    devices_.resize(devices.size());
    const std::vector<std::string> errors = OnThreads(devices.size(), [&](std::size_t i) {
      reports_[i].device = devices[i];
      devices_[i].emplace(devices[i], problem);
    });
    for (std::size_t i = 0; i < errors.size(); ++i) reports_[i].error = errors[i];
  }

  void Run(Problem& problem, WorkPool& pool) override {
    const std::vector<std::string> errors = OnThreads(devices_.size(), [&](std::size_t i) {
      if (devices_[i].has_value()) RunDevice(problem, pool, *devices_[i], reports_[i]);
    });
    for (std::size_t i = 0; i < errors.size(); ++i) {
      if (!errors[i].empty()) reports_[i].error = errors[i];
    }
  }

  [[nodiscard]] std::vector<DeviceReport> Reports() const override { return reports_; }

 private:
  static void RunDevice(Problem& problem, WorkPool& pool, PaperDevice& device, DeviceReport& report) {
    while (const std::optional<Piece> piece = pool.Take(WorkPool::First)) {
      const auto start = std::chrono::steady_clock::now();
      try {
        device.Compute(problem, *piece, report);
      } catch (...) {
        pool.GiveBack(*piece);
        throw;
      }
      report.busy += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      report.pieces.push_back(*piece);
      pool.Done(*piece);
    }
  }

  std::vector<std::optional<PaperDevice>> devices_;
  std::vector<DeviceReport> reports_;
};

}  // namespace

std::unique_ptr<Schedule> MakePaperSchedule() { return std::make_unique<PaperSchedule>(); }

}  // namespace clopencl::matmul
