// The little that MessageTransport needs of MPI, so that the transport itself knows no MPI and tests can
// stand in for it and fail on purpose.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/transport/transfer.h"
#include "common/transport/transport.h"

namespace clopencl::transport {

// Messages of one peer and tag arrive in the order in which they were sent, and meet receives in the order in
// which those were posted. Not thread-safe; nothing blocks, except Leave().
class MessagePort {
 public:
  // 0 is success; what else there is, is the port's own. See ErrorText().
  using Error = int;

  struct Started {
    Error error = 0;
    bool complete = false;  // Already; Test() will not report it.
  };

  // One message of a transfer that is through.
  struct Completion {
    Transfer* owner = nullptr;
    size_t expected = 0;  // What was sent, or the room for what is received.
    size_t actual = 0;
    bool too_long = false;  // For that room.
    Error error = 0;
  };

  struct Packet {
    Rank from = -1;  // -1: not known, with an error.
    std::span<const std::byte> bytes;
    Error error = 0;
  };

  struct Probed {
    Rank from = 0;
    int tag = 0;
    size_t size = 0;
  };

  virtual ~MessagePort() = default;

  virtual Rank rank() const = 0;
  virtual int size() const = 0;
  // Packets up to this size are received by NextPacket().
  virtual size_t largest_packet() const = 0;
  virtual std::string ErrorText(Error error) const = 0;

  // The memory must stay until Test() has reported the message for `owner`, or Forget() has given it up.
  virtual Started Send(Rank to, int tag, std::span<const std::byte> bytes, Transfer* owner) = 0;
  virtual Error Receive(Rank from, int tag, std::span<std::byte> into, Transfer* owner) = 0;

  // Appends what is through. An error that cannot be told to belong to one message is the result.
  virtual Error Test(std::vector<Completion>& completions) = 0;
  virtual bool AnyUnderWay() const = 0;
  // Gives up messages whose owner fits and calls forgotten(owner) for each.
  virtual void Forget(const std::function<bool(const Transfer&)>& fits,
                      const std::function<void(Transfer*)>& forgotten) = 0;

  // The next message with the tag of packets; it stays valid until DropPacket(), which must follow.
  virtual std::optional<Packet> NextPacket() = 0;
  virtual void DropPacket() = 0;

  // A message that arrived and for which no receive is posted.
  virtual std::optional<Probed> Probe() = 0;

  // The end; nothing is under way any more. Not `orderly`: some rank is gone and can't be waited for.
  virtual void Leave(bool orderly) = 0;
};

// A packet travels as one message with this tag when it is small. A larger one is announced there and follows
// in pieces with the tag of bodies.
inline constexpr int kPacketTag = 0;
inline constexpr int kBodyTag = 1;

}  // namespace clopencl::transport
