// Where one device has the row blocks of an operand.
#pragma once

#include <vector>

#include "matmul/block_cache.h"
#include "matmul/device_session.h"
#include "matmul/schedule.h"

namespace clopencl::matmul {

/// One operand on one device. Used by the device's thread; Load throws apps::ClError.
class BlockStore {
 public:
  using Rows = BlockCache::Rows;

  virtual ~BlockStore() = default;

  /// What it costs to have `wanted` rows of `block` here, in rows that must be sent from the host; 0: they
  /// are here.
  [[nodiscard]] virtual int MissingRows(int block, Rows wanted) const = 0;

  struct Loaded {
    int slot = 0;  // for Unload
    cl_mem buffer = nullptr;
    std::vector<cl_event> ready;  // of what brings the rows; live at least until Unload
  };

  /// Enqueues what brings `wanted` rows of `block` here, and keeps them until Unload. The events of new
  /// commands are added to `transfers`.
  virtual Loaded Load(int block, Rows wanted, cl_command_queue upload, std::vector<apps::Event>& transfers,
                      DeviceReport& report) = 0;
  virtual void Unload(int slot) = 0;

  /// Instead of Load, for a piece that won't be computed here after all.
  virtual void Drop(int /*block*/) {}
};

/// The first element of a block in the host's memory.
using HostBlock = const float* (*)(const Problem&, int block);
const float* HostBlockOfA(const Problem& problem, int block);
const float* HostBlockOfB(const Problem& problem, int block);

/// Buffers of the device's own, filled from the host.
class OwnBlocks : public BlockStore {
 public:
  /// `session` and `problem` outlive it.
  OwnBlocks(const DeviceSession& session, const Problem& problem, HostBlock host, int slots);

  [[nodiscard]] int MissingRows(int block, Rows wanted) const override;
  Loaded Load(int block, Rows wanted, cl_command_queue upload, std::vector<apps::Event>& transfers,
              DeviceReport& report) override;
  void Unload(int slot) override;

 private:
  const DeviceSession& session_;
  const Problem& problem_;
  HostBlock host_;
  BlockCache cache_;
  std::vector<apps::Memory> buffers_;  // made at their first use
  std::vector<apps::Event> ready_;     // of each slot's latest write
};

/// One more reference to `event`.
apps::Event Share(cl_event event);

/// Enqueues a write of the given rows of a block; returns its event.
apps::Event WriteRows(cl_command_queue queue, cl_mem buffer, const float* block, BlockCache::Rows rows,
                      std::int64_t n, DeviceReport& report);

}  // namespace clopencl::matmul
