// A buffer's living sub-buffers, and which servers know them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace clopencl::frontend {

class Mem;

// Not thread-safe: the command mutex guards it.
class SubBuffers {
 public:
  // Its number.
  uint64_t Add(Mem& sub_buffer);
  void Remove(uint64_t number) { living_.erase(number); }

  // Whether Take() would find none; cheap.
  bool NoneNew(size_t session) const {
    return added_ == 0 || (session < taken_.size() && taken_[session] == added_);
  }
  // Those that live and were added since it was called for this session, in their order.
  std::vector<Mem*> Take(size_t session);

 private:
  std::map<uint64_t, Mem*> living_;  // By their number.
  uint64_t added_ = 0;
  std::vector<uint64_t> taken_;  // By session: how many had been added.
};

}  // namespace clopencl::frontend
