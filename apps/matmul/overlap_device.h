// One device of the overlap schedule: a pipeline of pieces.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "matmul/block_cache.h"
#include "matmul/device_session.h"
#include "matmul/schedule.h"

namespace clopencl::matmul {

/// Blocks travel on one queue, kernels run on another, tiles come back on a third; events order them. Used by
/// one thread. Member functions throw apps::ClError or std::runtime_error; after that only Abandon may be
/// called.
class OverlapDevice {
 public:
  OverlapDevice(const apps::DeviceInfo& device, const Problem& problem);

  /// Pieces that it works on at a time.
  [[nodiscard]] int depth() const { return static_cast<int>(tiles_.size()); }
  [[nodiscard]] int in_flight() const { return static_cast<int>(pipeline_.size()); }
  [[nodiscard]] const BlockCache& cache_of_a() const { return a_.cache; }
  [[nodiscard]] const BlockCache& cache_of_b() const { return b_.cache; }

  /// Enqueues all that `piece` needs, without waiting. Only while in_flight() < depth().
  void Start(Problem& problem, const Piece& piece, DeviceReport& report);

  /// Waits for the oldest piece, whose rows of C are then in place, and enters its times in `report`.
  Piece Finish(DeviceReport& report);

  /// Waits until no command touches the host's memory any more, and returns the pieces that were not
  /// finished.
  std::vector<Piece> Abandon() noexcept;

 private:
  // The device's buffers for row blocks of one operand.
  struct Operand {
    explicit Operand(int slots)
        : cache(slots), buffers(static_cast<std::size_t>(slots)), ready(buffers.size()) {}
    BlockCache cache;
    std::vector<apps::Memory> buffers;  // made at their first use
    std::vector<apps::Event> ready;     // of each slot's latest write
  };

  struct Flight {
    Piece piece;
    int slot_of_a = 0;
    int slot_of_b = 0;
    std::size_t tile = 0;
    std::vector<apps::Event> writes;
    apps::Event kernel;
    apps::Event read;
  };

  int Load(Operand& operand, const Problem& problem, int block, BlockCache::Rows rows, const float* host,
           Flight& flight, DeviceReport& report);
  void EnqueueRead(Problem& problem, Flight& flight, DeviceReport& report);
  void WarmUp(const Problem& problem);

  DeviceSession session_;
  apps::Queue upload_;
  apps::Queue compute_;
  apps::Queue download_;
  Operand a_;
  Operand b_;
  std::vector<apps::Memory> tiles_;
  std::size_t next_tile_ = 0;
  std::deque<Flight> pipeline_;
};

}  // namespace clopencl::matmul
