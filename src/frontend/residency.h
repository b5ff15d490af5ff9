// Which servers hold the current contents of each part of a memory object, in contexts that span servers.
//
// The frontend sees every command in the order of its enqueue, so this directory is always that of the
// command enqueued last; moves are posted to both servers in that order and wait there for the commands
// before them.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "frontend/session_set.h"

namespace clopencl::frontend {

// Under the command mutex.
class Residency {
 public:
  // A part that has to move, and who has it.
  struct Move {
    size_t offset = 0;
    size_t size = 0;
    SessionSet holders;  // Never empty.
    // So many parts of that size, whose beginnings are `pitch` apart.
    size_t rows = 1;
    size_t pitch = 0;

    size_t bytes() const { return size * rows; }
  };

  // Nobody holds anything: contents are undefined until written.
  explicit Residency(size_t size) { segments_.emplace(0, Segment{size, {}}); }

  // What must move to `session` so that it can read [offset, offset + size). Afterwards it holds all of that.
  std::vector<Move> Read(size_t session, size_t offset, size_t size);
  // The same in fewer moves, where parts with a common holder are adjacent or at equal distances. `moves`: of
  // one object and one session, in ascending order.
  static std::vector<Move> Combine(const std::vector<Move>& moves);
  // `session` is the only holder of the range.
  void Write(size_t session, size_t offset, size_t size);

 private:
  struct Segment {
    size_t end = 0;
    SessionSet holders;
  };
  using Segments = std::map<size_t, Segment>;

  // The segment that starts at `at`, cut there if need be.
  Segments::iterator CutAt(size_t at);
  void MergeAround(size_t offset, size_t end);

  Segments segments_;
};

}  // namespace clopencl::frontend
