// Events. The frontend names an event only when the application or the runtime holds it.
#pragma once

#include <array>
#include <cstdint>

#include "common/ids.h"
#include "common/wire/codec.h"

namespace clopencl::wire {

// --- to a server
// --------------------------------------------------------------------------------------------------

// An event that others complete, by SetEventStatus: a user event of the application, or an event of another
// channel that commands here wait for. Natively a user event of the context.
struct CreateUserEvent {
  EventId event;
  ContextId context;
};
// From the frontend (clSetUserEventStatus) or from the server that owns the event (it had a ForwardEvent).
// status is CL_COMPLETE or an error.
struct SetEventStatus {
  EventId event;
  int32_t status = 0;
};

// Asks for EventStatusChanged at CL_SUBMITTED or CL_RUNNING (each once, in order), or EventCompleted at
// CL_COMPLETE (bits of `mask`). Without it the server reports nothing of an event, except for reads with tag
// 0 (they carry data) and events that were reported already.
inline constexpr uint8_t kWatchComplete = 1, kWatchRunning = 2, kWatchSubmitted = 4;
struct WatchEvent {
  EventId event;
  uint8_t mask = 0;
};

// When the event completes or fails, send SetEventStatus to that channel of that peer.
struct ForwardEvent {
  EventId event;
  uint32_t peer_rank = 0;
  uint16_t peer_channel = 0;
};

// Reply: EventAnswered, at once, with the native execution status and the times where they can be had.
struct QueryEvent {
  uint32_t request = 0;
  EventId event;
};

// --- from a server
// ------------------------------------------------------------------------------------------------

// CL_PROFILING_COMMAND_QUEUED, SUBMIT, START, END, COMPLETE; all 0: not known (no profiling on the queue).
using ProfilingTimes = std::array<uint64_t, 5>;

struct EventCompleted {
  EventId event;
  int32_t status = 0;  // CL_COMPLETE or an error.
  ProfilingTimes times{};
  ByteView data;  // Of a read with tag 0.
};
struct EventStatusChanged {
  EventId event;
  int32_t status = 0;
};
struct EventAnswered {
  uint32_t request = 0;
  int32_t status = 0;
  ProfilingTimes times{};
};

}  // namespace clopencl::wire
