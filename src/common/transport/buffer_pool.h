// Keeps packet buffers for reuse, so that a steady stream of packets allocates nothing.
#pragma once

#include <utility>
#include <vector>

#include "common/byte_buffer.h"

namespace clopencl::transport {

// Not thread-safe.
class BufferPool {
 public:
  // Empty, with whatever capacity it had before.
  ByteBuffer Acquire() {
    if (buffers_.empty()) return {};
    ByteBuffer buffer = std::move(buffers_.back());
    buffers_.pop_back();
    return buffer;
  }

  void Release(ByteBuffer buffer) {
    // A rare huge packet (a program's source) must not stay allocated for the life of the process.
    if (buffer.capacity() == 0 || buffer.capacity() > kLargestKept || buffers_.size() == kMostKept) return;
    buffer.clear();
    buffers_.push_back(std::move(buffer));
  }

 private:
  static constexpr size_t kMostKept = 64;
  static constexpr size_t kLargestKept = size_t{128} << 10;

  std::vector<ByteBuffer> buffers_;
};

}  // namespace clopencl::transport
