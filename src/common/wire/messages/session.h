// Messages about the link itself: who the server is, what it offers, failure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/ids.h"
#include "common/shared_signal.h"
#include "common/wire/codec.h"

namespace clopencl::wire {

// One answer of a native clGet*Info: the token and the bytes it returned.
struct Fact {
  uint32_t param = 0;
  ByteView value;
};

struct DeviceFacts {
  std::span<const Fact> facts;
};

// A rank of the same machine, and the signal that says that something was sent to it.
struct Neighbour {
  uint32_t rank = 0;
  SignalAddress signal;
};

// --- server to frontend
// -------------------------------------------------------------------------------------------

// The first message of each channel, sent unasked. A channel is one native platform of a rank server. Root
// devices have the ids {1, 0}, {2, 0}, … in the order of `devices`. With an `error` the server has nothing to
// offer.
struct ServerReady {
  std::string_view host;
  uint32_t process_id = 0;
  uint32_t channel_count = 0;  // Of this server; each sends its own ServerReady.
  SignalAddress signal;        // Of this server.
  std::string_view error;
  std::span<const Fact> platform;
  std::span<const DeviceFacts> devices;
};

// The server can't go on; `text` says why. The frontend reports it and fails what is outstanding.
struct ServerFailed {
  std::string_view text;
};

// What kernels printed, in the order in which the native runtime wrote it.
struct Output {
  ByteView text;
};

// --- frontend to server
// -------------------------------------------------------------------------------------------

// Sent once a session after ServerReady.
struct Configure {
  uint64_t chunk_bytes = 0;   // Payloads travel in pieces of this size (the last is smaller).
  uint64_t inline_bytes = 0;  // Data up to this size rides inside messages.
  bool trace = false;         // Record what happens, for FetchTrace.
};

// The other ranks on the machine of the server, which is the frontend's, too: it sets off their signals when
// it sends to them. Sent once to the first channel of a server.
struct MeetNeighbours {
  std::span<const Neighbour> neighbours;
};

// The frontend goes. The server ends all sessions of this channel.
struct Shutdown {
  uint32_t reason = 0;
};

}  // namespace clopencl::wire
