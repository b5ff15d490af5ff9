// Launches that wait to be enqueued together.
//
// They are made ready one after the other, enqueued one after the other, and accounted for one after the
// other: our code and the native runtime's, by turns, would push each other out of the processor's caches (on
// an H200 0.2 us of 4 for each launch), and where the device is the processor, its threads would have more
// often fallen asleep by the next launch.
//
// Everything but launches and releases of events sees to it first that they are enqueued:
// Channel::IssueLaunches().
#pragma once

#include <span>

#include "common/wire/messages/enqueue.h"
#include "rankserver/objects.h"

namespace clopencl::rankserver {

// What they need has to fit in the first level of the cache.
inline constexpr size_t kMostWaitingLaunches = 32;

// What a launch waits for: a native event, or another launch, by its place, that is enqueued with it.
struct LaunchWait {
  cl_event event = nullptr;
  size_t launch = 0;  // Where there is no event.
};

// One that is ready. What it points to stays until messages of other kinds come.
struct Launch {
  const std::shared_ptr<Queue>* queue = nullptr;
  cl_kernel kernel = nullptr;
  std::span<const uint64_t> offset, global, local;
  wire::Command command;
  std::span<const LaunchWait> waits;
  bool wants_event = false;     // A native one, for the command's or for the queue.
  bool event_released = false;  // The frontend has done with the command's.

  // Once enqueued.
  cl_int status = CL_SUCCESS;
  cl_event event = nullptr;
};

}  // namespace clopencl::rankserver
