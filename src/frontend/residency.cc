#include "frontend/residency.h"

#include <iterator>

namespace clopencl::frontend {

Residency::Segments::iterator Residency::CutAt(size_t at) {
  auto segment = std::prev(segments_.upper_bound(at));
  if (segment->first == at) return segment;
  if (segment->second.end <= at) return segments_.end();
  const Segment tail = segment->second;
  segment->second.end = at;
  return segments_.emplace_hint(std::next(segment), at, tail);
}

void Residency::MergeAround(size_t offset, size_t end) {
  auto segment = segments_.lower_bound(offset);
  if (segment != segments_.begin()) --segment;
  while (segment != segments_.end() && segment->first < end) {
    const auto next = std::next(segment);
    if (next == segments_.end()) break;
    if (next->second.holders == segment->second.holders) {
      segment->second.end = next->second.end;
      segments_.erase(next);
    } else {
      segment = next;
    }
  }
}

std::vector<Residency::Move> Residency::Read(size_t session, size_t offset, size_t size) {
  std::vector<Move> moves;
  if (size == 0) return moves;
  const size_t end = offset + size;
  CutAt(end);
  for (auto segment = CutAt(offset); segment != segments_.end() && segment->first < end; ++segment) {
    SessionSet& holders = segment->second.holders;
    if (!holders.Empty() && !holders.Has(session)) {
      const size_t length = segment->second.end - segment->first;
      if (!moves.empty() && moves.back().holders == holders &&
          moves.back().offset + moves.back().size == segment->first) {
        moves.back().size += length;
      } else {
        moves.push_back({segment->first, length, holders});
      }
      holders.Add(session);
    }
  }
  MergeAround(offset, end);
  return moves;
}

std::vector<Residency::Move> Residency::Combine(const std::vector<Move>& moves) {
  std::vector<Move> adjacent;
  for (const Move& move : moves) {
    if (!adjacent.empty() && adjacent.back().offset + adjacent.back().size == move.offset) {
      const SessionSet common = adjacent.back().holders & move.holders;
      if (!common.Empty()) {
        adjacent.back().size += move.size;
        adjacent.back().holders = common;
        continue;
      }
    }
    adjacent.push_back(move);
  }
  std::vector<Move> combined;
  for (const Move& move : adjacent) {
    if (!combined.empty() && combined.back().size == move.size) {
      Move& rows = combined.back();
      const size_t pitch = rows.rows == 1 ? move.offset - rows.offset : rows.pitch;
      const SessionSet common = rows.holders & move.holders;
      if (move.offset == rows.offset + rows.rows * pitch && !common.Empty()) {
        rows.pitch = pitch;
        rows.holders = common;
        ++rows.rows;
        continue;
      }
    }
    combined.push_back(move);
  }
  return combined;
}

void Residency::Write(size_t session, size_t offset, size_t size) {
  if (size == 0) return;
  const size_t end = offset + size;
  CutAt(end);
  for (auto segment = CutAt(offset); segment != segments_.end() && segment->first < end; ++segment) {
    segment->second.holders.Clear();
    segment->second.holders.Add(session);
  }
  MergeAround(offset, end);
}

}  // namespace clopencl::frontend
