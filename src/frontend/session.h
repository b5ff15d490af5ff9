// The frontend's link to one channel of one rank server: one native platform there.
//
// Threads: Post*() and Call() under the runtime's command mutex; Send() and OnPacket() under the transport
// mutex (which may take the command mutex inside; never the other way round).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/shared_signal.h"
#include "common/transport/transport.h"
#include "common/wire/dispatch.h"
#include "frontend/observe/observer.h"

namespace clopencl::frontend {

class Runtime;

// Facts owned: a token and what the native clGet*Info answered.
struct OwnedFact {
  uint32_t param = 0;
  std::vector<std::byte> value;
};
// Sorted by token.
using OwnedFacts = std::vector<OwnedFact>;
OwnedFacts OwnFacts(std::span<const wire::Fact> facts);
// Null when the token was not learnt.
const OwnedFact* FindFact(const OwnedFacts& facts, uint32_t param);
// The value, or `fallback` when it was not learnt or has another size.
template <typename T>
T FactOr(const OwnedFacts& facts, uint32_t param, T fallback) {
  const OwnedFact* fact = FindFact(facts, param);
  if (fact == nullptr || fact->value.size() != sizeof(T)) return fallback;
  T value;
  std::memcpy(&value, fact->value.data(), sizeof value);
  return value;
}
// Without the terminating zero; empty when it was not learnt.
std::string FactText(const OwnedFacts& facts, uint32_t param);

class Session {
 public:
  Session(Runtime& runtime, size_t index, transport::Rank peer, uint16_t channel);

  size_t index() const { return index_; }
  transport::Rank peer() const { return peer_; }
  uint16_t channel() const { return channel_; }
  const std::string& host() const { return host_; }
  // "rank 2 (node1)", for messages.
  std::string Describe() const;

  // What the greeting told. Constant once ready().
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  const std::string& error() const { return error_; }
  uint32_t channel_count() const { return channel_count_; }
  const SignalAddress& signal() const { return signal_; }
  const OwnedFacts& platform_facts() const { return platform_facts_; }
  const std::vector<OwnedFacts>& device_facts() const { return device_facts_; }
  bool is_on_this_machine() const { return is_on_this_machine_; }
  // Whether a device of it is the processor of this machine.
  bool works_here() const { return works_here_; }

  // The server is gone or said that it can't go on.
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  void FailSession(const std::string& why);

  template <typename Message>
  void Post(const Message& message) {
    Add(
        wire::kOpcode<Message>, requires { message.command; }, [&] { builder_.Add(message); });
  }

  // A command that wire::AppendFrame encoded.
  void PostFrame(wire::ByteView frame) {
    Add(wire::NextOpcode(frame), true, [&] { builder_.AddFrame(frame); });
  }

  // Posts `message` with a fresh request number. on_reply is called once under the transport mutex, with the
  // reply or, when the server fails, with null.
  template <typename Reply, typename Message>
  void Call(Message message, std::function<void(const Reply*)> on_reply) {
    message.request = AddPending(
        [call = std::move(on_reply)](const void* reply) { call(static_cast<const Reply*>(reply)); });
    Post(message);
  }

  // Bulk data that belongs to a message posted before or after in the same hold of the command mutex. It
  // starts to travel when that message is sent; receives are posted before it. The memory stays valid until
  // `done`.
  void PostSend(transport::Tag tag, std::span<const std::byte> data, transport::Done done);
  void PostReceive(transport::Tag tag, std::span<std::byte> into, transport::Done done);

  // Bytes this server was asked to send to others so far. Under the command mutex.
  uint64_t moved_bytes() const { return moved_bytes_; }
  void AddMovedBytes(uint64_t bytes) { moved_bytes_ += bytes; }

  // Without a lock.
  bool HasUnsent() const { return unsent_bytes() != 0; }
  size_t unsent_bytes() const { return unsent_.load(); }
  // Whether more bytes may be sent before the server has taken in what is under way.
  bool WindowOpen() const;
  // Sends what was posted. Under the transport mutex.
  void Send(transport::Transport& transport);

  void OnPacket(wire::ByteView packet);

  // Messages of the server; called by wire::Dispatch.
  void On(const wire::ServerReady& message);
  void On(const wire::ServerFailed& message);
  void On(const wire::Output& message);
  void On(const wire::SubDevicesCreated& message) { Reply(message); }
  void On(const wire::InfoAnswered& message) { Reply(message); }
  void On(const wire::SvmAllocated& message) { Reply(message); }
  void On(const wire::ProgramCreated& message) { Reply(message); }
  void On(const wire::ProgramBuilt& message) { Reply(message); }
  void On(const wire::ProgramBinaries& message) { Reply(message); }
  void On(const wire::QueueFinished& message) { Reply(message); }
  void On(const wire::EventAnswered& message) { Reply(message); }
  void On(const wire::EventCompleted& message);
  void On(const wire::EventStatusChanged& message);
  void On(const wire::ContentsMoved& message);
  void On(const wire::ClockRead& message) { Reply(message); }
  void On(const wire::TraceFetched& message) { Reply(message); }

 private:
  using ReplyHandler = std::function<void(const void*)>;

  // Has `add` put one message into the packet.
  template <typename AddToPacket>
  void Add(uint16_t opcode, bool is_command, AddToPacket add) {
    if (failed()) return;
    Observer* const observer = Observer::Instance();
    if (observer != nullptr) [[unlikely]]
      BeginObservedPost();
    add();
    unsent_.store(builder_.size());  // In one order with the background thread's falling asleep.
    if (observer != nullptr) [[unlikely]]
      observer->Posted(*this, opcode, is_command, posted_, post_began_ns_);
  }
  void BeginObservedPost();
  void TakeIn(wire::ByteView packet);
  uint32_t AddPending(ReplyHandler handler);
  template <typename Message>
  void Reply(const Message& message) {
    DeliverReply(message.request, &message);
  }
  void DeliverReply(uint32_t request, const void* reply);

  Runtime& runtime_;
  const size_t index_;
  const transport::Rank peer_;
  const uint16_t channel_;

  std::atomic<bool> ready_{false};
  std::atomic<bool> failed_{false};
  std::string host_;
  std::string error_;
  uint32_t channel_count_ = 1;
  SignalAddress signal_;
  OwnedFacts platform_facts_;
  std::vector<OwnedFacts> device_facts_;
  bool is_on_this_machine_ = false;
  bool works_here_ = false;

  wire::PacketBuilder builder_;
  std::atomic<size_t> unsent_{0};
  struct Payload {
    transport::Tag tag = 0;
    std::span<const std::byte> data;
    std::span<std::byte> into;
    bool receives = false;
    transport::Done done;
  };
  std::vector<Payload> payloads_;
  uint64_t moved_bytes_ = 0;
  uint32_t next_request_ = 1;
  std::unordered_map<uint32_t, ReplyHandler> pending_;

  // For the observer: messages posted so far and when the last was, of those that are not sent the number
  // before and when the first was.
  uint64_t posted_ = 0;
  uint64_t sent_before_ = 0;
  int64_t post_began_ns_ = 0;
  int64_t first_unsent_ns_ = 0;

  // Bytes of packets: sent by us, taken in by the server (as it says), taken in by us.
  std::atomic<uint64_t> sent_bytes_{0};
  std::atomic<uint64_t> consumed_by_peer_{0};
  uint64_t consumed_ = 0;
  wire::Arena arena_;
};

}  // namespace clopencl::frontend
