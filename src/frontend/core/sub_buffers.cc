#include "frontend/core/sub_buffers.h"

#include <utility>

namespace clopencl::frontend {

uint64_t SubBuffers::Add(Mem& sub_buffer) {
  living_.emplace(added_, &sub_buffer);
  return added_++;
}

std::vector<Mem*> SubBuffers::Take(size_t session) {
  if (taken_.size() <= session) taken_.resize(session + 1);
  const uint64_t first = std::exchange(taken_[session], added_);
  std::vector<Mem*> found;
  for (auto at = living_.lower_bound(first); at != living_.end(); ++at) found.push_back(at->second);
  return found;
}

}  // namespace clopencl::frontend
