// Command buffers (cl_khr_command_buffer): recorded once, enqueued often. All are posted; a recording that
// fails natively fails every enqueue of its buffer.
#pragma once

#include <cstdint>
#include <span>

#include "common/ids.h"
#include "common/wire/codec.h"
#include "common/wire/messages/enqueue.h"

namespace clopencl::wire {

// properties: as clCreateCommandBufferKHR takes them, without the final 0.
struct CreateCommandBuffer {
  CommandBufferId buffer;
  QueueId queue;
  std::span<const uint64_t> properties;
};

// One command for the buffer. Its event is null and its wait list empty; its queue is that of the buffer. It
// waits for the commands that `sync_points` number: the buffer's commands count from 1 in the order of their
// recording. A Marker and a Barrier are both a barrier.
template <typename What>
struct Record {
  CommandBufferId buffer;
  std::span<const uint32_t> sync_points;
  What what;
};
using RecordCopyBuffer = Record<CopyBuffer>;
using RecordCopyBufferRect = Record<CopyBufferRect>;
using RecordFillBuffer = Record<FillBuffer>;
using RecordCopyImage = Record<CopyImage>;
using RecordFillImage = Record<FillImage>;
using RecordCopyImageToBuffer = Record<CopyImageToBuffer>;
using RecordCopyBufferToImage = Record<CopyBufferToImage>;
using RecordMarker = Record<Marker>;
using RecordBarrier = Record<Barrier>;
using RecordLaunchKernel = Record<LaunchKernel>;

struct FinalizeCommandBuffer {
  CommandBufferId buffer;
};

// The command's queue may be another one than that of the buffer, if it is of the same kind.
struct EnqueueCommandBuffer {
  Command command;
  CommandBufferId buffer;
};

}  // namespace clopencl::wire
