// The tiles of C that are still to be computed, shared by the devices' threads.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace clopencl::matmul {

/// Rows [first, last) of the tile in block row `row` and block column `column`; a whole tile is [0, slice).
struct Piece {
  int row = 0;
  int column = 0;
  int first = 0;
  int last = 0;

  [[nodiscard]] int rows() const { return last - first; }
  friend bool operator==(const Piece&, const Piece&) = default;
};

/// Hands out pieces, each to one device at a time, until all are done. Every member function may be called by
/// any thread. A piece taken must come back through Done or GiveBack, or the waiting threads wait for ever.
class WorkPool {
 public:
  WorkPool(int blocks_per_side, int slice);

  /// What a device wants of the free pieces (never empty, in row-major order): the position of one of them,
  /// and how many of its rows; 0 rows: none for now. Called with the pool locked.
  struct Choice {
    std::size_t position = 0;
    int rows = 0;
  };
  using Chooser = std::function<Choice(std::span<const Piece> free)>;

  /// The first free piece, whole.
  static Choice First(std::span<const Piece> free) { return {0, free.front().rows()}; }

  /// Takes what `choose` picks. Where nothing is free but others still hold pieces that may come back, waits
  /// for that, and where nothing is wanted, for the end of some piece; returns nothing once all is done. For
  /// a thread that holds no piece itself. Where all hold none, `choose` must want something.
  std::optional<Piece> Take(const Chooser& choose);

  /// As Take, but returns nothing at once where nothing is free or wanted.
  std::optional<Piece> TryTake(const Chooser& choose);

  void Done(const Piece& piece);

  /// For a device that failed: somebody else will compute the piece.
  void GiveBack(const Piece& piece);

  [[nodiscard]] bool Complete() const;

  /// Rows not yet taken.
  [[nodiscard]] std::int64_t FreeRows() const;

  /// The part of the work that is done, 0 to 1.
  [[nodiscard]] double DoneFraction() const;

 private:
  std::optional<Piece> TakeLocked(const Chooser& choose);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Piece> free_;  // row-major, then by first row
  std::int64_t free_rows_ = 0;
  std::int64_t done_rows_ = 0;
  std::int64_t total_rows_ = 0;
};

}  // namespace clopencl::matmul
