// A buffer's living sub-buffers, by where they lie in it.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

namespace clopencl::frontend {

class Mem;

// Not thread-safe: the command mutex guards it.
class SubBuffers {
 public:
  void Add(Mem& sub_buffer);
  void Remove(Mem& sub_buffer);

  // Those that share bytes with `sub_buffer`, itself among them, by their origin.
  std::vector<Mem*> Overlapping(const Mem& sub_buffer) const;

 private:
  std::multimap<size_t, Mem*> by_origin_;
  size_t longest_ = 0;  // Of all that there were, so that the search knows where to begin.
};

}  // namespace clopencl::frontend
