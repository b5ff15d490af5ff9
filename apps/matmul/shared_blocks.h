// The blocks of A and B in one context over all devices: each is written by the host once, for the device
// that wants it first; the others get it from there.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "matmul/block_store.h"

namespace clopencl::matmul {

/// Both operands, for all devices. Thread-safe.
class SharedBlocks {
 public:
  enum Operand { kA, kB };

  /// `hosts`: of each device, by name. At most `room` blocks (at least 2) live at a time; beyond, the least
  /// recently used one goes. `context` and `problem` outlive it.
  SharedBlocks(cl_context context, const Problem& problem, const std::vector<std::string>& hosts, int room);

  /// As BlockStore::MissingRows. A block that another device has costs less than one that nobody has.
  int MissingRows(Operand operand, int block, int rows, std::size_t device) const;

  /// Makes sure that both blocks of a piece have a place, and keeps it until both are released. False where
  /// there is none now; another piece's end may change that.
  bool Reserve(int row, int column);
  void Release(Operand operand, int block);

  /// Enqueues what brings a reserved block to `device`. Once for a device and a block it sends something.
  BlockStore::Loaded Load(Operand operand, int block, std::size_t device, cl_command_queue upload,
                          std::vector<apps::Event>& transfers, DeviceReport& report);

 private:
  struct Block {
    apps::Memory buffer;               // none: it does not live
    apps::Event written;               // by the host
    std::vector<apps::Event> arrived;  // of each device that has it
    std::vector<bool> on_host;         // of each host, by its first device: a device there has it
    int pins = 0;
    std::uint64_t used = 0;
  };

  Block& At(Operand operand, int block) { return blocks_[operand][static_cast<std::size_t>(block)]; }
  bool MakeRoom(int places, const Block& keep_row, const Block& keep_column);

  cl_context context_;
  const Problem& problem_;
  std::vector<std::size_t> host_of_;  // of each device: the first device there
  int room_;
  mutable std::mutex mutex_;
  std::vector<Block> blocks_[2];
  int living_ = 0;
  std::uint64_t clock_ = 0;
};

/// One operand of them, as one device sees it.
class SharedStore : public BlockStore {
 public:
  SharedStore(SharedBlocks& blocks, SharedBlocks::Operand operand, std::size_t device)
      : blocks_(blocks), operand_(operand), device_(device) {}

  [[nodiscard]] int MissingRows(int block, Rows wanted) const override {
    return blocks_.MissingRows(operand_, block, wanted.count(), device_);
  }
  Loaded Load(int block, Rows, cl_command_queue upload, std::vector<apps::Event>& transfers,
              DeviceReport& report) override {
    return blocks_.Load(operand_, block, device_, upload, transfers, report);
  }
  void Unload(int slot) override { blocks_.Release(operand_, slot); }
  void Drop(int block) override { blocks_.Release(operand_, block); }

 private:
  SharedBlocks& blocks_;
  SharedBlocks::Operand operand_;
  std::size_t device_;
};

}  // namespace clopencl::matmul
