// Data between the application's memory and a server.
#pragma once

#include <array>

#include "common/wire/messages/enqueue.h"
#include "frontend/core/command.h"

namespace clopencl::frontend {

// Part of the application's memory: `region` is bytes in a row, rows, slices. Contiguous memory is one row.
struct HostRegion {
  std::byte* base = nullptr;
  std::array<size_t, 3> region{};
  size_t row_pitch = 0;
  size_t slice_pitch = 0;

  static HostRegion Contiguous(const void* memory, size_t size) {
    return {static_cast<std::byte*>(const_cast<void*>(memory)), {size, 1, 1}, size, size};
  }
  size_t size() const { return region[0] * region[1] * region[2]; }
  bool contiguous() const {
    return (region[1] == 1 || row_pitch == region[0]) &&
           (region[2] == 1 || slice_pitch == region[0] * region[1]);
  }
  void Pack(std::byte* packed) const;
  void Unpack(const std::byte* packed) const;
};

// Whether a write of this size makes a transfer, so that its command needs an event of the runtime.
bool WriteNeedsEvent(size_t size);

// Prepares `command` to receive its data into `to`; goes into the message. The memory stays until the event
// completes.
wire::Destination ReceiveInto(PendingCommand& command, const HostRegion& to);

// Prepares `command` to send `from`. `packed` is filled when the message has to carry bytes that are not
// contiguous in memory; it must live until the message is posted.
wire::Source SendFrom(PendingCommand& command, const HostRegion& from, ByteBuffer& packed);

}  // namespace clopencl::frontend
