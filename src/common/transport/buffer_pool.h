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
    if (buffer.capacity() == 0 || buffer.capacity() > kLargestKept) return;
    buffer.clear();
    if (buffers_.size() < kMostKept) return buffers_.push_back(std::move(buffer));
    // A full pool must not stay full of tiny ones.
    next_victim_ = (next_victim_ + 1) % kMostKept;
    if (buffers_[next_victim_].capacity() < buffer.capacity()) buffers_[next_victim_].swap(buffer);
  }

 private:
  static constexpr size_t kMostKept = 64;
  static constexpr size_t kLargestKept = size_t{128} << 10;

  std::vector<ByteBuffer> buffers_;
  size_t next_victim_ = 0;
};

}  // namespace clopencl::transport
