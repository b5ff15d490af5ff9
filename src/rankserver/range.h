// Where a kernel runs, as the native functions take it.
#pragma once

#include <array>
#include <cstddef>

#include "common/wire/messages/enqueue.h"

namespace clopencl::rankserver {

struct Range {
  explicit Range(const wire::LaunchKernel& m)
      : offset{m.offset[0], m.offset[1], m.offset[2]},
        global{m.global[0], m.global[1], m.global[2]},
        local{m.local[0], m.local[1], m.local[2]} {}

  // Null: left to the device.
  const size_t* native_local() const {
    return local[0] != 0 || local[1] != 0 || local[2] != 0 ? local.data() : nullptr;
  }

  std::array<size_t, 3> offset;
  std::array<size_t, 3> global;
  std::array<size_t, 3> local;
};

}  // namespace clopencl::rankserver
