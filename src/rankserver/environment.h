// What the channels of one rank server share. The server owns it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/shared_signal.h"
#include "common/transport/transport.h"
#include "common/wire/messages/event.h"
#include "rankserver/completion_queue.h"
#include "rankserver/output_capture.h"
#include "rankserver/payload_port.h"
#include "rankserver/tracing.h"
#include "rankserver/worker_pool.h"

namespace clopencl::rankserver {

// Sizes that bound or tune; the defaults of Config, changed by tests.
struct Limits {
  uint64_t window_bytes = uint64_t{32} << 20;
  uint64_t chunk_bytes = uint64_t{1} << 20;
  uint64_t inline_bytes = 4096;
  uint32_t staging_depth = 4;
};

struct Environment {
  transport::Transport& transport;
  std::shared_ptr<CompletionQueue> completions;
  WorkerPool& workers;
  PayloadPort& payloads;
  OutputCapture& output;
  Limits limits;
  std::string host;
  std::shared_ptr<SharedSignal> signal;  // That something came for the event loop.
  // For events of another channel of this same rank.
  std::function<void(uint16_t channel, const wire::SetEventStatus&)> set_event_status_here;
  std::unique_ptr<Tracing> tracing;  // Null: the frontend wants no timeline.
};

}  // namespace clopencl::rankserver
