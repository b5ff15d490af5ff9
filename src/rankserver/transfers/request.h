// What is to move, from where to where.
#pragma once

#include <cstdint>
#include <memory>

#include "common/transport/transport.h"
#include "rankserver/objects.h"

namespace clopencl::rankserver {

enum class Direction { kFromDevice, kToDevice };

inline Access AccessOf(Direction direction) {
  return direction == Direction::kFromDevice ? Access::kReads : Access::kWrites;
}

// Where the data goes to or comes from.
struct Peer {
  transport::Rank rank = 0;
  transport::Tag tag = 0;
};

struct TransferRequest {
  std::shared_ptr<Queue> queue;
  EventId event;             // Of the command; null: it has none.
  std::shared_ptr<Mem> mem;  // Null for SVM.
  Direction direction = Direction::kFromDevice;
  Peer peer;
  uint64_t size = 0;
  // Not a command of the application: every later command that uses the object waits for it, and a failure
  // becomes the object's.
  bool internal = false;
  // A blocking write whose end nobody waits for: a command, but every later use of the object waits for it. If
  // it has an event, somebody waits until the data is out of the application's hands.
  bool blocking = false;
  bool announce_moved = false;  // The frontend hears when the payload's tag is free again.
};

}  // namespace clopencl::rankserver
