#include "common/transport/message_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "common/backoff.h"
#include "common/log.h"
#include "common/transport/control_message.h"

namespace clopencl::transport {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kBodyChunk = size_t{1} << 20;
// Counts of messages are ints; both ends cut larger pieces alike.
constexpr size_t kLargestPiece = size_t{1} << 30;
// Pieces of one transfer that each end has under way at once.
constexpr size_t kPiecesUnderWay = 8;
// A larger piece may still be arriving after who waits has ceased to look all the time.
constexpr size_t kPromptPiece = size_t{4} << 20;
// At the end, how long a payload of a third rank that was sent may take after rank 0 said that all was sent.
constexpr std::chrono::milliseconds kStragglerTime{100};
// Waiting for the others to leave is nothing that anybody waits for.
constexpr WaitPolicy kClosingPolicy{.spin = {},
                                    .yield = std::chrono::milliseconds(1),
                                    .min_sleep = std::chrono::microseconds(20),
                                    .max_sleep = std::chrono::milliseconds(2)};

class IgnorePackets final : public PacketHandler {
 public:
  void OnPacket(Rank, std::span<const std::byte>) override {}
  void OnQuit(Rank) override {}
};

}  // namespace

MessageTransport::MessageTransport(std::unique_ptr<MessagePort> port)
    : Transport(port->size()),
      port_(std::move(port)),
      rank_(port_->rank()),
      peers_(static_cast<size_t>(port_->size())) {}

bool MessageTransport::HasPending() const {
  return port_->AnyUnderWay() || !finished_.empty() || !lost_.empty() || order_.AnyWaiting();
}

// A receive has nothing to do before its sender's message is there, which is some milliseconds of looks at
// most before the message is through.
bool MessageTransport::AwaitsArrivals() const {
  return sends_ == 0 && long_receives_ == 0 && finished_.empty() && lost_.empty();
}

bool MessageTransport::Progress(PacketHandler& handler) {
  bool any = TestPackets(handler);
  any = TestTransfers() || any;
  any = ReportLost(handler) || any;
  return RunFinished(handler) || any;
}

// --- transfers

Transfer* MessageTransport::NewTransfer(Transfer::Kind kind, bool receive, Rank peer, int tag) {
  Transfer* transfer = transfers_.Acquire();
  transfer->kind = kind;
  transfer->receive = receive;
  transfer->peer = peer;
  transfer->tag = tag;
  if (!receive) ++sends_;
  return transfer;
}

Transfer* MessageTransport::NewOwningTransfer(Transfer::Kind kind, bool receive, Rank peer, int tag,
                                              ByteBuffer buffer) {
  Transfer* transfer = NewTransfer(kind, receive, peer, tag);
  transfer->buffer = std::move(buffer);
  transfer->next = transfer->buffer.data();
  transfer->left = transfer->buffer.size();
  transfer->chunk = kind == Transfer::Kind::kBody ? kBodyChunk : kLargestPiece;
  return transfer;
}

void MessageTransport::SendPayload(Rank to, Tag tag, std::span<const std::byte> data, size_t chunk,
                                   Done done) {
  traffic_.CountPayload(to, data.size());
  StartPayload(false, to, tag, const_cast<std::byte*>(data.data()), data.size(), chunk, std::move(done));
}

void MessageTransport::ReceivePayload(Rank from, Tag tag, std::span<std::byte> into, size_t chunk,
                                      Done done) {
  StartPayload(true, from, tag, into.data(), into.size(), chunk, std::move(done));
}

void MessageTransport::StartPayload(bool receive, Rank peer, Tag tag, std::byte* data, size_t size,
                                    size_t chunk, Done done) {
  Transfer* transfer = NewTransfer(Transfer::Kind::kPayload, receive, peer, static_cast<int>(tag));
  transfer->next = data;
  transfer->left = size;
  transfer->chunk = chunk == 0 || chunk > kLargestPiece ? kLargestPiece : chunk;
  transfer->done = std::move(done);
  const bool tag_is_bad = tag < kFirstPayloadTag || tag > kLastPayloadTag;
  if (tag_is_bad) {
    Log().error("payload tag {} between ranks {} and {} is outside [{}, {}]; the transfer fails", tag, rank_,
                peer, kFirstPayloadTag, kLastPayloadTag);
  }
  transfer->arrives_long = receive && std::min(size, transfer->chunk) > kPromptPiece;
  if (transfer->arrives_long) ++long_receives_;
  if (tag_is_bad || closing_) transfer->GiveUp();
  Start(transfer);
}

void MessageTransport::Start(Transfer* transfer) {
  if (transfer->left > 0 && At(transfer->peer).lost) transfer->GiveUp();
  if (transfer->left > 0 && order_.MustWait(*transfer)) return order_.AddWaiting(transfer);
  PostPieces(transfer);
  if (transfer->left > 0) order_.AddUnposted(transfer);
  FinishIfComplete(transfer);
}

// Stops short when the peer gets lost; ReportLost() then ends the transfer.
void MessageTransport::PostPieces(Transfer* transfer) {
  while (transfer->left > 0 && transfer->under_way < kPiecesUnderWay) {
    const size_t size = std::min(transfer->left, transfer->chunk);
    MessagePort::Started started;
    if (transfer->receive) {
      started.error = port_->Receive(transfer->peer, transfer->tag, {transfer->next, size}, transfer);
    } else {
      started = port_->Send(transfer->peer, transfer->tag, {transfer->next, size}, transfer);
    }
    if (started.error != 0) {
      transfer->ok = false;
      return Lose(transfer->peer,
                  fmt::format("{} {} bytes", transfer->receive ? "receiving" : "sending", size),
                  started.error);
    }
    transfer->next += size;
    transfer->left -= size;
    if (!started.complete) ++transfer->under_way;
    if (!transfer->receive) Ring(transfer->peer);
  }
}

bool MessageTransport::TestTransfers() {
  if (!port_->AnyUnderWay()) return false;
  completions_.clear();
  if (const MessagePort::Error error = port_->Test(completions_); error != 0) {
    // Nothing says whose message failed, and it would fail again for ever.
    for (Rank peer = 0; peer < size(); ++peer) {
      if (peer != rank_) Lose(peer, "waiting for transfers", error);
    }
    return true;
  }
  for (const MessagePort::Completion& completion : completions_) MessageCompleted(completion);
  return !completions_.empty();
}

void MessageTransport::MessageCompleted(const MessagePort::Completion& completion) {
  Transfer* transfer = completion.owner;
  --transfer->under_way;
  if (completion.error != 0) {
    transfer->ok = false;
    Lose(transfer->peer,
         fmt::format("{} {} bytes", transfer->receive ? "receiving" : "sending", completion.expected),
         completion.error);
  } else if (completion.too_long || completion.actual != completion.expected) {
    transfer->ok = false;
    Log().error(
        "rank {} sent {}{} bytes with tag {} where {} were expected; both ends must agree on size and chunk. "
        "The transfer fails",
        transfer->peer, completion.too_long ? "more than " : "", completion.actual, transfer->tag,
        completion.expected);
  }
  if (transfer->left > 0 && !At(transfer->peer).lost) {
    PostPieces(transfer);
    if (transfer->left > 0) return;
    order_.RemoveUnposted(transfer);
    if (order_.AnyWaiting()) {
      for (Transfer* next : order_.TakeWaiting()) Start(next);
    }
  }
  FinishIfComplete(transfer);
}

void MessageTransport::FinishIfComplete(Transfer* transfer) {
  if (transfer->Complete()) finished_.push_back(transfer);
}

bool MessageTransport::RunFinished(PacketHandler& handler) {
  if (finished_.empty()) return false;
  telling_.swap(finished_);
  for (Transfer* transfer : telling_) {
    if (!transfer->receive) --sends_;
    if (transfer->arrives_long) --long_receives_;
    // Its memory is free for transfers that the callbacks below start.
    Transfer ended = std::move(*transfer);
    transfers_.Release(transfer);
    if (ended.kind == Transfer::Kind::kPayload) {
      ended.done(ended.ok);
    } else if (ended.kind == Transfer::Kind::kBody && ended.receive) {
      if (ended.ok) HandleBody(ended.peer, ended.buffer, handler);
    } else {
      buffers_.Release(std::move(ended.buffer));
    }
  }
  telling_.clear();
  return true;
}

// --- packets

void MessageTransport::SendPacket(Rank to, ByteBuffer packet) {
  if (closing_) return;
  traffic_.CountPacket(to, packet.size());
  if (packet.size() <= port_->largest_packet() && !LooksLikeControl(packet)) {
    return SendMessage(to, std::move(packet));
  }
  ByteBuffer announcement = AcquireBuffer();
  PutAnnouncement(packet.size(), announcement);
  SendMessage(to, std::move(announcement));
  Start(NewOwningTransfer(Transfer::Kind::kBody, false, to, kBodyTag, std::move(packet)));
}

void MessageTransport::SendQuit(Rank to) { SendControl(to, kQuit); }

void MessageTransport::SendControl(Rank to, std::string_view text) {
  ByteBuffer message = AcquireBuffer();
  PutText(text, message);
  SendMessage(to, std::move(message));
}

// Messages with the tag of packets are never behind others, so they need no order; an empty one is one, too.
void MessageTransport::SendMessage(Rank to, ByteBuffer message) {
  if (At(to).lost) return;
  Transfer* transfer = NewTransfer(Transfer::Kind::kPacket, false, to, kPacketTag);
  transfer->buffer = std::move(message);
  const MessagePort::Started started = port_->Send(to, kPacketTag, transfer->buffer, transfer);
  Ring(to);
  if (started.error == 0 && !started.complete) {
    transfer->under_way = 1;
    return;
  }
  if (started.error != 0) {
    Lose(to, fmt::format("sending a packet of {} bytes", transfer->buffer.size()), started.error);
  }
  --sends_;
  buffers_.Release(std::move(transfer->buffer));
  transfers_.Release(transfer);
}

bool MessageTransport::TestPackets(PacketHandler& handler) {
  const std::optional<MessagePort::Packet> packet = port_->NextPacket();
  if (!packet) return false;
  const Rank from = packet->from;
  if (packet->error != 0) {
    if (from >= 0) {
      Lose(from, "receiving a packet", packet->error);
    } else {
      Log().error("receiving a packet failed: {}", port_->ErrorText(packet->error));
    }
  } else if (At(from).lost) {
    // Nothing of it is heard any more.
  } else if (At(from).body_under_way) {
    At(from).deferred.emplace_back(packet->bytes.begin(), packet->bytes.end());
  } else {
    Handle(from, packet->bytes, handler);
  }
  port_->DropPacket();
  return true;
}

void MessageTransport::Handle(Rank from, std::span<const std::byte> message, PacketHandler& handler) {
  if (!LooksLikeControl(message)) {
    handler.OnPacket(from, message);
  } else if (message.size() == kAnnouncementSize && BeginsWith(message, kBodyFollows)) {
    ReceiveBody(from, AnnouncedSize(message));
  } else if (BeginsWith(message, kQuit)) {
    handler.OnQuit(from);
  } else if (BeginsWith(message, kReady)) {
    At(from).ready = true;
  } else if (BeginsWith(message, kEverybodyReady)) {
    everybody_ready_ = true;
  } else {
    Log().error(
        "rank {} sent a control message that this version does not know; do all ranks run the same "
        "version of clOpenCL?",
        from);
  }
}

void MessageTransport::ReceiveBody(Rank from, uint64_t size) {
  ByteBuffer buffer;
  try {
    buffer.resize(size);
  } catch (const std::exception&) {
    return Lose(from, fmt::format("getting memory for a packet of {} bytes from it", size), 0);
  }
  At(from).body_under_way = true;
  Start(NewOwningTransfer(Transfer::Kind::kBody, true, from, kBodyTag, std::move(buffer)));
}

void MessageTransport::HandleBody(Rank from, const ByteBuffer& body, PacketHandler& handler) {
  Peer& peer = At(from);
  peer.body_under_way = false;
  handler.OnPacket(from, body);
  while (!peer.deferred.empty() && !peer.body_under_way) {
    const ByteBuffer message = std::move(peer.deferred.front());
    peer.deferred.pop_front();
    Handle(from, message, handler);
  }
}

// --- failure

void MessageTransport::Lose(Rank peer, std::string_view what, MessagePort::Error error) {
  if (At(peer).lost) return;
  At(peer).lost = true;
  lost_.push_back(peer);
  any_lost_ = true;
  Log().error("rank {} is lost: {} failed{}{}", peer, what, error != 0 ? ": " : "",
              error != 0 ? port_->ErrorText(error) : "");
}

bool MessageTransport::ReportLost(PacketHandler& handler) {
  if (lost_.empty()) return false;
  for (Rank peer : std::exchange(lost_, {})) {
    FailTransfers([peer](const Transfer& transfer) { return transfer.peer == peer; });
    At(peer).deferred.clear();
    handler.OnPeerLost(peer);
  }
  return true;
}

void MessageTransport::FailTransfers(const std::function<bool(const Transfer&)>& fits) {
  order_.RemoveIf(fits, [this](Transfer* transfer) {
    transfer->GiveUp();
    FinishIfComplete(transfer);
  });
  port_->Forget(fits, [this](Transfer* transfer) {
    transfer->GiveUp();
    --transfer->under_way;
    FinishIfComplete(transfer);
  });
}

// --- the end
//
// No rank may leave while another one still has something to send to it, and there is no barrier that lets us
// go on meanwhile. So each rank first completes what it sends, taking in whatever comes and throwing it away;
// then it says so to rank 0; and once all have, rank 0 tells all.

void MessageTransport::Close() {
  closing_ = true;
  ProgressWhile([this] { return sends_ > 0; });
  AgreeThatAllIsSent();
  const auto deadline = Clock::now() + kStragglerTime;
  ProgressWhile([&] { return HasPending() && Clock::now() < deadline; });
  FailTransfers([](const Transfer&) { return true; });
  IgnorePackets ignore;
  while (RunFinished(ignore)) {
  }
  if (any_lost_) Log().error("the job ends in disorder, because a rank was lost");
  port_->Leave(!any_lost_);
}

void MessageTransport::AgreeThatAllIsSent() {
  if (rank_ != 0) {
    SendControl(0, kReady);
    ProgressWhile([this] { return !everybody_ready_ && !At(0).lost; });
    return;
  }
  ProgressWhile([this] {
    return std::any_of(peers_.begin() + 1, peers_.end(),
                       [](const Peer& peer) { return !peer.ready && !peer.lost; });
  });
  for (Rank peer = 1; peer < size(); ++peer) SendControl(peer, kEverybodyReady);
  ProgressWhile([this] { return sends_ > 0; });
}

void MessageTransport::ProgressWhile(const std::function<bool()>& condition) {
  IgnorePackets ignore;
  Backoff backoff(kClosingPolicy);
  while (condition()) {
    if (Progress(ignore) || TakeUnwanted()) {
      backoff.Reset();
    } else {
      backoff.Pause();
    }
  }
}

// Takes in a payload for which nobody here posted a receive, so that its sender can end.
bool MessageTransport::TakeUnwanted() {
  const std::optional<MessagePort::Probed> probed = port_->Probe();
  if (!probed || probed->tag < static_cast<int>(kFirstPayloadTag)) return false;
  Transfer* transfer =
      NewOwningTransfer(Transfer::Kind::kUnwanted, true, probed->from, probed->tag, ByteBuffer(probed->size));
  if (order_.MustWait(*transfer)) {  // It belongs to a receive whose turn comes.
    transfers_.Release(transfer);
    return false;
  }
  Start(transfer);
  return true;
}

}  // namespace clopencl::transport
