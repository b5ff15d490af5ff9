// Keeps packet buffers for reuse, so that a steady stream of packets allocates nothing.
#pragma once

#include <utility>
#include <vector>

#include "common/byte_buffer.h"

namespace clopencl::transport {

// Not thread-safe.
class BufferPool {
 public:
  // Empty, with room for a full packet of commands: growing by and by costs more than encoding them.
  ByteBuffer Acquire() {
    ByteBuffer buffer;
    if (!buffers_.empty()) {
      buffer = std::move(buffers_.back());
      buffers_.pop_back();
    }
    buffer.reserve(kRoom);
    return buffer;
  }

  void Release(ByteBuffer buffer) {
    // A rare huge packet (a program's source) must not stay allocated for the life of the process.
    if (buffer.capacity() == 0 || buffer.capacity() > kLargestKept) return;
    buffer.clear();
    if (buffers_.size() < kMostKept) buffers_.push_back(std::move(buffer));
  }

 private:
  static constexpr size_t kRoom = size_t{24} << 10;  // By default a packet is sent when it has 16 KiB.
  static constexpr size_t kMostKept = 64;
  static constexpr size_t kLargestKept = size_t{128} << 10;

  std::vector<ByteBuffer> buffers_;
};

}  // namespace clopencl::transport
