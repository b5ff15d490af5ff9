// The transport over a MessagePort: packets of any size in order, payloads in pieces, and an end that leaves
// nobody behind.
#pragma once

#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "common/transport/buffer_pool.h"
#include "common/transport/message_port.h"
#include "common/transport/transfer.h"
#include "common/transport/transport.h"

namespace clopencl::transport {

class MessageTransport final : public Transport {
 public:
  explicit MessageTransport(std::unique_ptr<MessagePort> port);

  Rank rank() const override { return rank_; }
  int size() const override { return static_cast<int>(peers_.size()); }

  void SendPacket(Rank to, ByteBuffer packet) override;
  ByteBuffer AcquireBuffer() override { return buffers_.Acquire(); }
  void SendPayload(Rank to, Tag tag, std::span<const std::byte> data, size_t chunk, Done done) override;
  void ReceivePayload(Rank from, Tag tag, std::span<std::byte> into, size_t chunk, Done done) override;
  bool Progress(PacketHandler& handler) override;
  bool HasPending() const override;
  bool AwaitsArrivals() const override;
  void SendQuit(Rank to) override;
  void Close() override;

 private:
  struct Peer {
    bool lost = false;
    bool ready = false;           // It said that all it sent is complete.
    bool body_under_way = false;  // What it sent later waits in `deferred`.
    std::deque<ByteBuffer> deferred;
  };

  Peer& At(Rank rank) { return peers_[static_cast<size_t>(rank)]; }

  // Transfers.
  Transfer* NewTransfer(Transfer::Kind kind, bool receive, Rank peer, int tag);
  Transfer* NewOwningTransfer(Transfer::Kind kind, bool receive, Rank peer, int tag, ByteBuffer buffer);
  void StartPayload(bool receive, Rank peer, Tag tag, std::byte* data, size_t size, size_t chunk, Done done);
  void Start(Transfer* transfer);
  void PostPieces(Transfer* transfer);
  bool TestTransfers();
  void MessageCompleted(const MessagePort::Completion& completion);
  void FinishIfComplete(Transfer* transfer);
  bool RunFinished(PacketHandler& handler);

  // Packets.
  void SendMessage(Rank to, ByteBuffer message);
  void SendControl(Rank to, std::string_view text);
  bool TestPackets(PacketHandler& handler);
  void Handle(Rank from, std::span<const std::byte> message, PacketHandler& handler);
  void ReceiveBody(Rank from, uint64_t size);
  void HandleBody(Rank from, const ByteBuffer& body, PacketHandler& handler);

  // Failure and the end.
  void Lose(Rank peer, std::string_view what, MessagePort::Error error);
  bool ReportLost(PacketHandler& handler);
  void FailTransfers(const std::function<bool(const Transfer&)>& fits);
  void ProgressWhile(const std::function<bool()>& condition);
  bool TakeUnwanted();
  void AgreeThatAllIsSent();

  const std::unique_ptr<MessagePort> port_;
  const Rank rank_;
  std::vector<Peer> peers_;
  BufferPool buffers_;

  TransferPool transfers_;
  TransferOrder order_;
  size_t sends_ = 0;                                  // Not complete, of all kinds.
  size_t long_receives_ = 0;                          // Not complete, and in pieces that take long to arrive.
  std::vector<Transfer*> finished_;                   // Their end is still to be told.
  std::vector<Transfer*> telling_;                    // Scratch of RunFinished().
  std::vector<MessagePort::Completion> completions_;  // Scratch of TestTransfers().

  std::vector<Rank> lost_;  // Still to be told to the handler.
  bool any_lost_ = false;
  bool closing_ = false;
  bool everybody_ready_ = false;
};

}  // namespace clopencl::transport
