#include "frontend/core/sub_buffers.h"

#include <algorithm>

#include "frontend/core/mem.h"

namespace clopencl::frontend {

void SubBuffers::Add(Mem& sub_buffer) {
  by_origin_.emplace(sub_buffer.what().origin, &sub_buffer);
  longest_ = std::max(longest_, sub_buffer.size());
}

void SubBuffers::Remove(Mem& sub_buffer) {
  const auto [first, last] = by_origin_.equal_range(sub_buffer.what().origin);
  const auto at = std::find_if(first, last, [&](const auto& entry) { return entry.second == &sub_buffer; });
  if (at != last) by_origin_.erase(at);
}

std::vector<Mem*> SubBuffers::Overlapping(const Mem& sub_buffer) const {
  const size_t begin = sub_buffer.what().origin;
  const size_t end = begin + sub_buffer.size();
  std::vector<Mem*> found;
  for (auto at = by_origin_.lower_bound(begin - std::min(begin, longest_));
       at != by_origin_.end() && at->first < end; ++at) {
    if (at->first + at->second->size() > begin) found.push_back(at->second);
  }
  return found;
}

}  // namespace clopencl::frontend
