#include "matmul/block_cache.h"

#include <algorithm>

namespace clopencl::matmul {
namespace {

// What is missing so that a slot with `held` rows holds `wanted`, too, and stays without gaps.
std::vector<BlockCache::Rows> Missing(BlockCache::Rows held, BlockCache::Rows wanted) {
  std::vector<BlockCache::Rows> missing;
  if (wanted.first < held.first) missing.push_back({wanted.first, held.first});
  if (wanted.last > held.last) missing.push_back({held.last, wanted.last});
  return missing;
}

}  // namespace

const BlockCache::Slot* BlockCache::Find(int block) const {
  const auto found = std::ranges::find(slots_, block, &Slot::block);
  return found == slots_.end() ? nullptr : &*found;
}

int BlockCache::MissingRows(int block, Rows wanted) const {
  const Slot* const slot = Find(block);
  if (slot == nullptr) return wanted.count();
  int rows = 0;
  for (const Rows& part : Missing(slot->rows, wanted)) rows += part.count();
  return rows;
}

std::optional<BlockCache::Placement> BlockCache::Pin(int block, Rows wanted) {
  Placement placement;
  auto place = std::ranges::find(slots_, block, &Slot::block);
  if (place != slots_.end()) {
    placement.send = Missing(place->rows, wanted);
    place->rows = {std::min(place->rows.first, wanted.first), std::max(place->rows.last, wanted.last)};
  } else {
    const auto later = [](const Slot& left, const Slot& right) {
      return (left.pins == 0) != (right.pins == 0) ? left.pins == 0 : left.used < right.used;
    };
    place = std::ranges::min_element(slots_, later);
    if (place->pins != 0) return std::nullopt;
    placement.send = {wanted};
    place->block = block;
    place->rows = wanted;
  }
  ++place->pins;
  place->used = ++clock_;
  placement.slot = static_cast<int>(place - slots_.begin());
  return placement;
}

void BlockCache::Unpin(int slot) { --slots_[static_cast<std::size_t>(slot)].pins; }

}  // namespace clopencl::matmul
