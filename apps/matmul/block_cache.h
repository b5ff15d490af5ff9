// Which row blocks of A (or of B) a device holds.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace clopencl::matmul {

/// Bookkeeping only: the buffers behind the slots are the caller's. A slot holds consecutive rows of one
/// block. Used by one thread at a time.
class BlockCache {
 public:
  explicit BlockCache(int slots) : slots_(static_cast<std::size_t>(slots)) {}

  struct Rows {
    int first = 0;
    int last = 0;
    [[nodiscard]] int count() const { return last - first; }
    friend bool operator==(const Rows&, const Rows&) = default;
  };

  struct Placement {
    int slot = 0;
    std::vector<Rows> send;  // what the caller must now write into the slot; empty: it is there
  };

  /// How many rows Pin would ask the caller to send.
  [[nodiscard]] int MissingRows(int block, Rows wanted) const;

  /// Finds or makes a place for `wanted` rows of `block` and keeps it until Unpin; the least recently used
  /// slot that is not pinned gives way. Rows already in the slot are never sent again, so commands that read
  /// them may still run. Nothing when all slots are pinned for other blocks.
  std::optional<Placement> Pin(int block, Rows wanted);

  /// Takes back one Pin of `slot`.
  void Unpin(int slot);

 private:
  struct Slot {
    int block = -1;
    Rows rows;
    int pins = 0;
    std::uint64_t used = 0;
  };

  [[nodiscard]] const Slot* Find(int block) const;

  std::vector<Slot> slots_;
  std::uint64_t clock_ = 0;
};

}  // namespace clopencl::matmul
