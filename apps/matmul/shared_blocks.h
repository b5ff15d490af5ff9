// The blocks of A and B in one context over all devices: the host writes each once, to a device beside it
// where there is one, else to the device that wants it first; the others get it from there.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "matmul/block_store.h"

namespace clopencl::matmul {

/// Both operands, for all devices. Thread-safe.
class SharedBlocks {
 public:
  enum Operand { kA, kB };

  /// Where one device can't have one more, the least recently used of its blocks goes from all. The context
  /// of `sessions`, the devices', and `problem` outlive it.
  SharedBlocks(const std::vector<DeviceSession>& sessions, const Problem& problem);

  /// As BlockStore::MissingRows. A block that is on the device's host costs less than one that is not.
  int MissingRows(Operand operand, int block, int rows, std::size_t device) const;

  /// Makes sure that both blocks of a piece have a place on `device`, and keeps it until both are released.
  /// False where there is none now; another piece's end may change that.
  bool Reserve(int row, int column, std::size_t device);
  /// Whether Reserve would be true.
  bool CanReserve(int row, int column, std::size_t device) const;
  void Release(Operand operand, int block);

  /// Enqueues what brings a reserved block to `device`. Once for a device and a block it sends something.
  BlockStore::Loaded Load(Operand operand, int block, std::size_t device, cl_command_queue upload,
                          std::vector<apps::Event>& transfers, DeviceReport& report);

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  struct Block {
    apps::Memory buffer;               // none: it does not live
    std::vector<bool> placed;          // of each device that has it or will
    apps::Event written;               // by the host
    std::vector<apps::Event> arrived;  // of each device that has it
    std::vector<bool> on_host;         // of each host, by its first device: a device there has it
    int pins = 0;
    std::uint64_t used = 0;
  };

  Block& At(Operand operand, int block) { return blocks_[operand][static_cast<std::size_t>(block)]; }
  const Block& At(Operand operand, int block) const {
    return blocks_[operand][static_cast<std::size_t>(block)];
  }
  bool CanPlace(const Block& row, const Block& column, std::size_t device) const;
  bool HasRoom(std::size_t device, const Block& row, const Block& column) const;
  void MakeRoom(std::size_t device, const Block& row, const Block& column);
  void Pin(Block& block, int change);
  void Place(Block& block, std::size_t device);
  void Drop(Block& block);
  void Write(Block& block, const float* from, std::size_t device, cl_command_queue queue,
             std::vector<apps::Event>& transfers, DeviceReport& report);

  const Problem& problem_;
  const cl_context context_;
  std::size_t home_ = kNone;  // the device beside the program that all blocks are written to, if any
  apps::Queue home_queue_;
  std::vector<std::size_t> host_of_;  // of each device: the first device there
  std::vector<int> room_;             // of each device: for how many blocks, at least 2
  std::vector<int> taken_;            // of that
  std::vector<int> idle_;             // of those: not pinned
  mutable std::mutex mutex_;
  std::vector<Block> blocks_[2];
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
