// Which piece a device takes next, and how much of it: the rules of the overlap schedule.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "matmul/block_cache.h"
#include "matmul/work_pool.h"

namespace clopencl::matmul {

/// The rows of an operand's block that a device lacks: of `wanted` ones.
using Missing = std::function<int(int block, BlockCache::Rows wanted)>;

/// How much others would lose by a piece: nothing is 0.
using Claimed = std::function<int(const Piece&)>;

/// The position in `free` of the piece that others want least, of these the one for which a device has the
/// fewest rows to be sent. Of equal ones, the one whose new block makes the most other free pieces cheap, so
/// that a device grows a square of tiles, for which it needs the fewest blocks; with nothing on the device
/// yet, the one with the most work left around it, away from the others.
std::size_t CheapestPiece(std::span<const Piece> free, int blocks_per_side, int slice, const Missing& a,
                          const Missing& b, const Claimed& claimed);

/// How fast a device is, and what it has still to do.
struct Pace {
  double rows_per_second = 0;  // 0: not known yet
  double rows_in_flight = 0;   // taken, less what it should have done of that since its last result
  bool failed = false;         // takes no further part
};

/// The heights in which tiles are handed out: slice and its halves down to an eighth, as far as they are
/// whole.
std::vector<int> PieceHeights(int slice);

/// How many rows of a free tile `device` should take, so that all devices end together: a whole tile as long
/// as its part of the remaining work is one, then smaller pieces; 0 when its present ones will keep it busy
/// to the end. `idle`: it has nothing to do, so it gets something. The result is 0 or one of PieceHeights.
int RowsToTake(const std::vector<Pace>& paces, std::size_t device, bool idle, std::int64_t free_rows,
               int slice);

/// The paces of all devices, measured as they work. Thread-safe; times are seconds since any fixed moment.
class PaceTable {
 public:
  explicit PaceTable(std::size_t devices) : devices_(devices) {}

  void Taken(std::size_t device, int rows, double now);
  void Done(std::size_t device, int rows, double now);
  /// The device takes no further part.
  void Failed(std::size_t device);

  [[nodiscard]] std::vector<Pace> Paces(double now) const;

 private:
  struct Entry {
    bool failed = false;
    double in_flight = 0;  // rows
    double done = 0;       // rows
    double busy = 0;       // seconds with something in flight, up to `since`
    double since = 0;      // when the last result came, or the first of the rows in flight were taken
  };

  mutable std::mutex mutex_;
  std::vector<Entry> devices_;
};

}  // namespace clopencl::matmul
