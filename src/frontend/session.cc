#include "frontend/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "frontend/core/event.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {

OwnedFacts OwnFacts(std::span<const wire::Fact> facts) {
  OwnedFacts owned;
  owned.reserve(facts.size());
  for (const wire::Fact& fact : facts) owned.push_back({fact.param, {fact.value.begin(), fact.value.end()}});
  std::sort(owned.begin(), owned.end(), [](const auto& a, const auto& b) { return a.param < b.param; });
  return owned;
}

const OwnedFact* FindFact(const OwnedFacts& facts, uint32_t param) {
  const auto at = std::lower_bound(facts.begin(), facts.end(), param,
                                   [](const OwnedFact& fact, uint32_t value) { return fact.param < value; });
  return at != facts.end() && at->param == param ? &*at : nullptr;
}

std::string FactText(const OwnedFacts& facts, uint32_t param) {
  const OwnedFact* fact = FindFact(facts, param);
  if (fact == nullptr) return {};
  std::string text(reinterpret_cast<const char*>(fact->value.data()), fact->value.size());
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

Session::Session(Runtime& runtime, size_t index, transport::Rank peer, uint16_t channel)
    : runtime_(runtime), index_(index), peer_(peer), channel_(channel), builder_(channel) {}

std::string Session::Describe() const {
  return "rank " + std::to_string(peer_) + (host_.empty() ? "" : " (" + host_ + ")");
}

void Session::FailSession(const std::string& why) {
  if (failed_.exchange(true)) return;
  Log().error("{}: {}", Describe(), why);
  std::unordered_map<uint32_t, ReplyHandler> pending;
  std::vector<Ref<Event>> events;
  {
    std::lock_guard lock(runtime_.command_mutex());
    pending.swap(pending_);
    events = Event::OutstandingOn(*this);
  }
  for (auto& [request, handler] : pending) handler(nullptr);
  for (auto& event : events) event->ServerLost();
}

bool Session::WindowOpen() const {
  return sent_bytes_.load(std::memory_order_relaxed) - consumed_by_peer_.load(std::memory_order_relaxed) <
         runtime_.config().window_bytes;
}

void Session::PostSend(transport::Tag tag, std::span<const std::byte> data, transport::Done done) {
  if (runtime_.sessions().size() > 1 && host_ != runtime_.host()) {
    // It takes the same way as contents that servers of this host send to others.
    MoveWay& link = runtime_.move_load().Link(runtime_.host());
    link.Post(data.size());
    runtime_.move_load().Began(tag, link, data.size());
    done = [this, tag, sent = std::move(done)](bool ok) {
      runtime_.move_load().Ended(tag);
      sent(ok);
    };
  }
  payloads_.push_back({tag, data, {}, false, std::move(done)});
}

void Session::PostReceive(transport::Tag tag, std::span<std::byte> into, transport::Done done) {
  payloads_.push_back({tag, {}, into, true, std::move(done)});
}

void Session::BeginObservedPost() {
  post_began_ns_ = TraceLog::Now();
  if (posted_++ == sent_before_) first_unsent_ns_ = post_began_ns_;
}

void Session::Send(transport::Transport& transport) {
  if (!HasUnsent()) return;
  ByteBuffer packet = transport.AcquireBuffer();
  std::vector<Payload> payloads;
  uint64_t requests = 0;
  int64_t first_posted_ns = 0;
  {
    std::lock_guard lock(runtime_.command_mutex());
    unsent_.store(0, std::memory_order_release);
    packet = builder_.Take(consumed_, std::move(packet));
    payloads.swap(payloads_);
    requests = posted_ - std::exchange(sent_before_, posted_);
    first_posted_ns = first_unsent_ns_;
  }
  if (Observer* observer = Observer::Instance()) {
    observer->Sent(*this, requests, packet.size(), first_posted_ns);
    for (Payload& payload : payloads)
      payload.done = observer->Payload(*this, payload.receives,
                                       payload.receives ? payload.into.size() : payload.data.size(),
                                       std::move(payload.done));
  }
  sent_bytes_.fetch_add(packet.size(), std::memory_order_relaxed);
  const size_t chunk = runtime_.config().chunk_bytes;
  for (auto& payload : payloads)
    if (payload.receives)
      transport.ReceivePayload(peer_, payload.tag, payload.into, chunk, std::move(payload.done));
  transport.SendPacket(peer_, std::move(packet));
  for (auto& payload : payloads)
    if (!payload.receives)
      transport.SendPayload(peer_, payload.tag, payload.data, chunk, std::move(payload.done));
}

void Session::OnPacket(wire::ByteView packet) {
  Observer* const observer = Observer::Instance();
  const int64_t begin_ns = observer != nullptr ? TraceLog::Now() : 0;
  TakeIn(packet);
  if (observer != nullptr) observer->Received(*this, packet.size(), begin_ns);
}

void Session::TakeIn(wire::ByteView packet) {
  wire::PacketHeader header;
  switch (wire::ReadHeader(packet, header)) {
    case wire::PacketError::kNone:
      break;
    case wire::PacketError::kOtherProtocol:
      return FailSession(
          fmt::format("speaks another version of the protocol ({:016x}; this libclopencl.so speaks {:016x}): "
                      "run the same "
                      "build of clOpenCL on all nodes",
                      header.protocol, wire::kProtocolHash));
    default:
      return FailSession("sent something that is no packet of clOpenCL");
  }
  consumed_ += packet.size();
  consumed_by_peer_.store(header.consumed, std::memory_order_relaxed);
  if (wire::Dispatch<wire::FrontendMessages>(packet, *this, arena_) != wire::PacketError::kNone)
    FailSession("sent a malformed message");
}

void Session::On(const wire::ServerReady& message) {
  if (ready()) return FailSession("greeted twice");
  host_ = message.host;
  error_ = message.error;
  channel_count_ = message.channel_count;
  signal_ = message.signal;
  platform_facts_ = OwnFacts(message.platform);
  for (const auto& device : message.devices) device_facts_.push_back(OwnFacts(device.facts));
  is_on_this_machine_ = host_ == runtime_.host();
  works_here_ = is_on_this_machine_ &&
                std::any_of(device_facts_.begin(), device_facts_.end(), [](const OwnedFacts& facts) {
                  return (FactOr<cl_device_type>(facts, CL_DEVICE_TYPE, 0) & CL_DEVICE_TYPE_CPU) != 0;
                });
  ready_.store(true, std::memory_order_release);
}

void Session::On(const wire::ServerFailed& message) { FailSession(std::string(message.text)); }

void Session::On(const wire::Output& message) {
  // Through the C library's buffer of the application would mix with its own half-written lines.
  fflush(stdout);
  const std::byte* next = message.text.data();
  size_t left = message.text.size();
  while (left > 0) {
    const ssize_t written = ::write(STDOUT_FILENO, next, left);
    if (written <= 0) return;
    next += written;
    left -= static_cast<size_t>(written);
  }
}

uint32_t Session::AddPending(ReplyHandler handler) {
  const uint32_t request = next_request_++;
  if (!failed()) {
    pending_.emplace(request, std::move(handler));
  } else {
    handler(nullptr);
  }
  return request;
}

void Session::DeliverReply(uint32_t request, const void* reply) {
  ReplyHandler handler;
  {
    std::lock_guard lock(runtime_.command_mutex());
    const auto at = pending_.find(request);
    if (at == pending_.end()) return;
    handler = std::move(at->second);
    pending_.erase(at);
  }
  handler(reply);
}

void Session::On(const wire::EventCompleted& message) {
  if (const Ref<Event> event = Event::FindAlive(message.event)) event->ServerCompleted(message);
}

void Session::On(const wire::ContentsMoved& message) {
  runtime_.move_load().Ended(message.payload_tag);
  runtime_.payload_tags().Return(message.payload_tag);
  runtime_.RemoveOutstanding();
}

void Session::On(const wire::EventStatusChanged& message) {
  if (const Ref<Event> event = Event::FindAlive(message.event)) event->StatusChanged(message.status);
}

}  // namespace clopencl::frontend
