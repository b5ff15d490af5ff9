// Payloads to and from other ranks, and between two channels of this rank.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "common/transport/transport.h"

namespace clopencl::rankserver {

// As Transport's payloads, except that a payload to our own rank is copied here when both its ends have come.
// A payload may also be sent or received as consecutive pieces with the same tag, each of `chunk` bytes but
// the last, without waiting for one another. Belongs to the event loop.
class PayloadPort {
 public:
  explicit PayloadPort(transport::Transport& transport) : transport_(transport) {}

  void Send(transport::Rank to, transport::Tag tag, std::span<const std::byte> data, size_t chunk,
            transport::Done done);
  void Receive(transport::Rank from, transport::Tag tag, std::span<std::byte> into, size_t chunk,
               transport::Done done);

  // Completes what met here. True when anything happened. Call it in each pass of the event loop.
  bool Progress();
  // Gives up what travels inside the rank, as the transport does at its end with everything else.
  void Close();

 private:
  struct Half {
    std::span<std::byte> bytes;
    size_t done_bytes = 0;
    transport::Done done;
  };
  using Halves = std::multimap<transport::Tag, Half>;

  transport::Transport& transport_;
  // Of payloads to ourselves; multimaps keep the order of equal keys.
  Halves sends_;
  Halves receives_;
};

}  // namespace clopencl::rankserver
