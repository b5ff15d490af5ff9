// One device of the overlap schedule: a pipeline of pieces.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "matmul/block_store.h"
#include "matmul/device_session.h"
#include "matmul/schedule.h"

namespace clopencl::matmul {

/// Blocks travel on one queue, kernels run on another, tiles come back on a third; events order them. Used by
/// one thread. Member functions throw apps::ClError or std::runtime_error; after that only Abandon may be
/// called.
class OverlapDevice {
 public:
  OverlapDevice(DeviceSession session, const Problem& problem);

  /// Where its blocks lie: buffers of its own unless told otherwise, before the first Start. `problem` and
  /// what the stores need outlive it.
  void UseOwnBlocks(const Problem& problem);
  void UseBlocks(std::unique_ptr<BlockStore> a, std::unique_ptr<BlockStore> b);

  /// Pieces that it works on at a time.
  [[nodiscard]] int depth() const { return static_cast<int>(tiles_.size()); }
  [[nodiscard]] int in_flight() const { return static_cast<int>(pipeline_.size()); }
  [[nodiscard]] const BlockStore& blocks_of_a() const { return *a_; }
  [[nodiscard]] const BlockStore& blocks_of_b() const { return *b_; }

  /// Enqueues all that `piece` needs, without waiting. Only while in_flight() < depth().
  void Start(Problem& problem, const Piece& piece, DeviceReport& report);

  /// Waits for the oldest piece, whose rows of C are then in place, and enters its times in `report`.
  Piece Finish(DeviceReport& report);

  /// Waits until no command touches the host's memory any more, and returns the pieces that were not
  /// finished.
  std::vector<Piece> Abandon() noexcept;

 private:
  struct Flight {
    Piece piece;
    std::optional<BlockStore::Loaded> a;
    std::optional<BlockStore::Loaded> b;
    std::size_t tile = 0;
    std::vector<apps::Event> transfers;
    apps::Event kernel;
    apps::Event read;
  };

  void EnqueueRead(Problem& problem, Flight& flight, DeviceReport& report);
  void WarmUp(const Problem& problem);

  DeviceSession session_;
  apps::Queue upload_;
  apps::Queue compute_;
  apps::Queue download_;
  std::unique_ptr<BlockStore> a_;
  std::unique_ptr<BlockStore> b_;
  std::vector<apps::Memory> tiles_;
  std::size_t next_tile_ = 0;
  std::deque<Flight> pipeline_;
};

}  // namespace clopencl::matmul
