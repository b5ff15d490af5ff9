#include "matmul/work_pool.h"

#include <algorithm>
#include <tuple>

namespace clopencl::matmul {

WorkPool::WorkPool(int blocks_per_side, int slice) {
  for (int row = 0; row < blocks_per_side; ++row) {
    for (int column = 0; column < blocks_per_side; ++column) free_.push_back({row, column, 0, slice});
  }
  free_rows_ = total_rows_ = static_cast<std::int64_t>(free_.size()) * slice;
}

std::optional<Piece> WorkPool::TakeLocked(const Chooser& choose) {
  if (free_.empty()) return std::nullopt;
  const Choice choice = choose(free_);
  if (choice.rows <= 0) return std::nullopt;
  const auto place = free_.begin() + static_cast<std::ptrdiff_t>(choice.position);
  Piece taken = *place;
  taken.last = std::min(taken.last, taken.first + choice.rows);
  if (taken.last == place->last) {
    free_.erase(place);
  } else {
    place->first = taken.last;
  }
  free_rows_ -= taken.rows();
  return taken;
}

std::optional<Piece> WorkPool::Take(const Chooser& choose) {
  std::unique_lock lock(mutex_);
  while (done_rows_ < total_rows_) {
    if (std::optional<Piece> piece = TakeLocked(choose)) return piece;
    changed_.wait(lock);
  }
  return std::nullopt;
}

std::optional<Piece> WorkPool::TryTake(const Chooser& choose) {
  const std::lock_guard lock(mutex_);
  return TakeLocked(choose);
}

void WorkPool::Done(const Piece& piece) {
  {
    const std::lock_guard lock(mutex_);
    done_rows_ += piece.rows();
  }
  changed_.notify_all();
}

void WorkPool::GiveBack(const Piece& piece) {
  {
    const std::lock_guard lock(mutex_);
    const auto key = [](const Piece& p) { return std::tuple(p.row, p.column, p.first); };
    free_.insert(std::ranges::upper_bound(free_, key(piece), {}, key), piece);
    free_rows_ += piece.rows();
  }
  changed_.notify_all();
}

bool WorkPool::Complete() const {
  const std::lock_guard lock(mutex_);
  return done_rows_ == total_rows_;
}

std::int64_t WorkPool::FreeRows() const {
  const std::lock_guard lock(mutex_);
  return free_rows_;
}

double WorkPool::DoneFraction() const {
  const std::lock_guard lock(mutex_);
  return static_cast<double>(done_rows_) / static_cast<double>(total_rows_);
}

}  // namespace clopencl::matmul
