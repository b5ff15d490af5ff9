#include "matmul/tile_choice.h"

#include <algorithm>
#include <tuple>

namespace clopencl::matmul {
namespace {

constexpr int kSmallestPart = 8;
constexpr int kUnknown = -1;

// A device whose speed is not known commits itself to a second tile only where there is plenty, and to no
// more than a few.
constexpr std::int64_t kPlentyTilesPerDevice = 4;
constexpr int kTilesOfUnknown = 3;

}  // namespace

std::size_t CheapestPiece(std::span<const Piece> free, int blocks_per_side, int slice, const Missing& a,
                          const Missing& b, const Claimed& claimed) {
  const auto side = static_cast<std::size_t>(blocks_per_side);
  // For each row (column) of tiles: free pieces in it, and those of them whose other block is on the device.
  std::vector<int> free_in_row(side), free_in_column(side), ready_in_row(side), ready_in_column(side);
  // Asked once for each block: there are many more pieces.
  std::vector<int> known_a(side, kUnknown), known_b(side, kUnknown);
  const auto missing_a = [&](const Piece& piece) {
    if (piece.rows() < slice) return a(piece.row, {piece.first, piece.last});
    int& rows = known_a[static_cast<std::size_t>(piece.row)];
    if (rows == kUnknown) rows = a(piece.row, {0, slice});
    return rows;
  };
  const auto missing_b = [&](const Piece& piece) {
    int& rows = known_b[static_cast<std::size_t>(piece.column)];
    if (rows == kUnknown) rows = b(piece.column, {0, slice});
    return rows;
  };
  for (const Piece& piece : free) {
    const auto row = static_cast<std::size_t>(piece.row);
    const auto column = static_cast<std::size_t>(piece.column);
    ++free_in_row[row];
    ++free_in_column[column];
    if (missing_b(piece) == 0) ++ready_in_row[row];
    if (missing_a(piece) == 0) ++ready_in_column[column];
  }
  const auto rank = [&](const Piece& piece) {
    const auto row = static_cast<std::size_t>(piece.row);
    const auto column = static_cast<std::size_t>(piece.column);
    const int rows_of_a = missing_a(piece);
    const int rows_of_b = missing_b(piece);
    int gain = 0;
    if (rows_of_a > 0 && rows_of_b > 0) {
      gain = free_in_row[row] + free_in_column[column];
    } else if (rows_of_a > 0) {
      gain = ready_in_row[row];
    } else if (rows_of_b > 0) {
      gain = ready_in_column[column];
    }
    return std::tuple(claimed(piece), rows_of_a + rows_of_b, -gain);
  };
  return static_cast<std::size_t>(std::ranges::min_element(free, {}, rank) - free.begin());
}

std::vector<int> PieceHeights(int slice) {
  std::vector<int> heights = {slice};
  while (heights.back() % 2 == 0 && heights.back() / 2 * kSmallestPart >= slice)
    heights.push_back(heights.back() / 2);
  return heights;
}

int RowsToTake(const std::vector<Pace>& paces, std::size_t device, bool idle, std::int64_t free_rows,
               int slice) {
  double known_rate = 0;
  double in_flight = 0;
  int known = 0;
  int working = 0;
  for (const Pace& pace : paces) {
    if (pace.failed) continue;
    ++working;
    in_flight += pace.rows_in_flight;
    if (pace.rows_per_second <= 0) continue;
    known_rate += pace.rows_per_second;
    ++known;
  }
  const double own_rate = paces[device].rows_per_second;
  if (own_rate <= 0) {
    const bool plenty = free_rows >= kPlentyTilesPerDevice * working * slice;
    return idle || (plenty && paces[device].rows_in_flight < kTilesOfUnknown * slice) ? slice : 0;
  }

  // Devices that have shown nothing yet count as average.
  const double rate = known_rate / known * working;
  const double seconds_left = (static_cast<double>(free_rows) + in_flight) / rate;
  const double share = seconds_left * own_rate - paces[device].rows_in_flight;
  const std::vector<int> heights = PieceHeights(slice);
  for (const int height : heights) {
    if (height <= share) return height;
  }
  return idle ? heights.back() : 0;
}

void PaceTable::Taken(std::size_t device, int rows, double now) {
  const std::lock_guard lock(mutex_);
  Entry& entry = devices_[device];
  if (entry.in_flight <= 0) entry.since = now;
  entry.in_flight += rows;
}

void PaceTable::Done(std::size_t device, int rows, double now) {
  const std::lock_guard lock(mutex_);
  Entry& entry = devices_[device];
  entry.in_flight -= rows;
  entry.done += rows;
  entry.busy += now - entry.since;
  entry.since = now;
}

void PaceTable::Failed(std::size_t device) {
  const std::lock_guard lock(mutex_);
  devices_[device] = Entry{.failed = true};
}

std::vector<Pace> PaceTable::Paces(double now) const {
  const std::lock_guard lock(mutex_);
  std::vector<Pace> paces;
  for (const Entry& entry : devices_) {
    Pace pace{.failed = entry.failed};
    if (entry.busy > 0) pace.rows_per_second = entry.done / entry.busy;
    if (entry.in_flight > 0) {
      pace.rows_in_flight = std::max(0.0, entry.in_flight - pace.rows_per_second * (now - entry.since));
    }
    paces.push_back(pace);
  }
  return paces;
}

}  // namespace clopencl::matmul
