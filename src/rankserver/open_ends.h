// What has to be waited for so that all commands of an out-of-order queue are waited for.
#pragma once

#include <span>
#include <vector>

#include "rankserver/native_handle.h"

namespace clopencl::rankserver {

// The commands of an out-of-order queue that no later one of them waits for. While they are few and all have
// events, waiting for these is as good as a marker that waits for every command, which some natives tie to
// each of them. When they are not known, a marker is needed.
class OpenEnds {
 public:
  // A native command was enqueued, with this event, or null, and this wait list.
  void Add(const OwnedEvent& event, std::span<const cl_event> waits);
  // Everything before is complete.
  void Clear();

  // Those that may not be complete, and at least one of them; none when they are not known. When one fails,
  // what it waited for may still run.
  const std::vector<OwnedEvent>& Incomplete();

 private:
  void Forget();
  // Keeps so many of the last ones in any case.
  void DropComplete(size_t kept);

  bool known_ = true;
  std::vector<OwnedEvent> ends_;
};

}  // namespace clopencl::rankserver
