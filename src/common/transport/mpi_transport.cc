#include "common/transport/mpi_transport.h"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/transport/buffer_pool.h"
#include "common/transport/control_message.h"
#include "common/transport/join_process.h"
#include "common/transport/transfer.h"

namespace clopencl::transport {
namespace {

using Clock = std::chrono::steady_clock;

// A packet travels as one message with this tag when it fits into a receive buffer of the ring. A larger one
// is announced there and follows in pieces with the tag of bodies.
constexpr int kPacketTag = 0;
constexpr int kBodyTag = 1;

constexpr size_t kRingDepth = 16;
constexpr size_t kRingBufferSize = size_t{64} << 10;
constexpr size_t kBodyChunk = size_t{1} << 20;
// MPI counts are ints; both ends cut larger pieces alike.
constexpr size_t kLargestPiece = size_t{1} << 30;
// Pieces of one transfer that each end gives to MPI at once.
constexpr size_t kPiecesUnderWay = 8;
// At the end, how long a payload of a third rank that was sent may take after rank 0 said that all was sent.
constexpr std::chrono::milliseconds kStragglerTime{100};

std::string ErrorText(int code) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  return {text.data(), static_cast<size_t>(length)};
}

class IgnorePackets final : public PacketHandler {
 public:
  void OnPacket(Rank, std::span<const std::byte>) override {}
  void OnQuit(Rank) override {}
};

class MpiTransport final : public Transport {
 public:
  MpiTransport(Rank rank, int size) : rank_(rank), peers_(static_cast<size_t>(size)), ring_(kRingDepth) {
    for (Slot& slot : ring_) {
      slot.buffer.resize(kRingBufferSize);
      PostSlot(slot);
    }
  }

  Rank rank() const override { return rank_; }
  int size() const override { return static_cast<int>(peers_.size()); }

  void SendPacket(Rank to, ByteBuffer packet) override;
  ByteBuffer AcquireBuffer() override { return buffers_.Acquire(); }
  void SendPayload(Rank to, Tag tag, std::span<const std::byte> data, size_t chunk, Done done) override {
    StartPayload(false, to, tag, const_cast<std::byte*>(data.data()), data.size(), chunk, std::move(done));
  }
  void ReceivePayload(Rank from, Tag tag, std::span<std::byte> into, size_t chunk, Done done) override {
    StartPayload(true, from, tag, into.data(), into.size(), chunk, std::move(done));
  }
  bool Progress(PacketHandler& handler) override;
  bool HasPending() const override {
    return !requests_.empty() || !finished_.empty() || !lost_.empty() || order_.AnyWaiting();
  }
  void SendQuit(Rank to) override { SendControl(to, kQuit); }
  void Close() override;

 private:
  // A pre-posted receive for packets. MPI matches them in the order in which they were posted, so only the
  // oldest needs a look, and the packets of each peer come out in its order.
  struct Slot {
    MPI_Request request = MPI_REQUEST_NULL;
    ByteBuffer buffer;
  };

  struct Piece {
    Transfer* owner = nullptr;
    size_t size = 0;
  };

  struct Peer {
    bool lost = false;
    bool ready = false;           // It said kReady.
    bool body_under_way = false;  // What it sent later waits in `deferred`.
    std::deque<ByteBuffer> deferred;
  };

  Peer& At(Rank rank) { return peers_[static_cast<size_t>(rank)]; }

  // Transfers.
  void StartPayload(bool receive, Rank peer, Tag tag, std::byte* data, size_t size, size_t chunk, Done done);
  Transfer* NewTransfer(Transfer::Kind kind, bool receive, Rank peer, int tag);
  Transfer* NewOwningTransfer(Transfer::Kind kind, bool receive, Rank peer, int tag, ByteBuffer buffer);
  void Start(Transfer* transfer);
  bool PostPiece(Transfer* transfer, MPI_Request& request, Piece& piece);
  bool TestTransfers();
  void CheckPiece(const Piece& piece, MPI_Status& status, int error);
  void PieceCompleted(size_t index);
  void RemovePiece(size_t index);
  bool RunFinished(PacketHandler& handler);
  bool AnySends() const;

  // Packets.
  void SendMessage(Rank to, ByteBuffer message);
  void SendControl(Rank to, std::string_view text);
  void PostSlot(Slot& slot);
  bool TestRing(PacketHandler& handler);
  void Handle(Rank from, std::span<const std::byte> message, PacketHandler& handler);
  void ReceiveBody(Rank from, uint64_t size);
  void HandleBody(Rank from, const ByteBuffer& body, PacketHandler& handler);

  // Failure and the end.
  void Lose(Rank peer, const char* what, size_t bytes, int error);
  bool ReportLost(PacketHandler& handler);
  template <typename Fits>
  void FailTransfers(Fits fits);
  template <typename Condition>
  void ProgressWhile(Condition condition);
  bool TakeUnwanted();
  void AgreeThatAllIsSent();
  void CancelRing();

  const Rank rank_;
  std::vector<Peer> peers_;
  std::vector<Slot> ring_;
  size_t oldest_ = 0;  // In ring_.
  BufferPool buffers_;

  // Parallel: what MPI works on, and which piece that is.
  std::vector<MPI_Request> requests_;
  std::vector<Piece> pieces_;
  std::vector<int> completed_;        // Scratch of TestTransfers().
  std::vector<MPI_Status> statuses_;  // Scratch of TestTransfers().
  TransferOrder order_;
  TransferPool transfers_;
  std::vector<Transfer*> finished_;  // Their completion is still to be told.
  std::vector<Transfer*> telling_;   // Scratch of RunFinished().

  std::vector<Rank> lost_;  // Still to be told to the handler.
  bool any_lost_ = false;
  bool closing_ = false;
  bool everybody_ready_ = false;
};

// --- transfers

Transfer* MpiTransport::NewTransfer(Transfer::Kind kind, bool receive, Rank peer, int tag) {
  Transfer* transfer = transfers_.Acquire();
  transfer->kind = kind;
  transfer->receive = receive;
  transfer->peer = peer;
  transfer->tag = tag;
  return transfer;
}

Transfer* MpiTransport::NewOwningTransfer(Transfer::Kind kind, bool receive, Rank peer, int tag,
                                          ByteBuffer buffer) {
  Transfer* transfer = NewTransfer(kind, receive, peer, tag);
  transfer->buffer = std::move(buffer);
  transfer->next = transfer->buffer.data();
  transfer->left = transfer->buffer.size();
  transfer->chunk = kBodyChunk;
  return transfer;
}

void MpiTransport::StartPayload(bool receive, Rank peer, Tag tag, std::byte* data, size_t size, size_t chunk,
                                Done done) {
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
  if (tag_is_bad || closing_) {
    transfer->ok = false;
    transfer->left = 0;
  }
  Start(transfer);
}

void MpiTransport::Start(Transfer* transfer) {
  if (transfer->left > 0 && At(transfer->peer).lost) {
    transfer->ok = false;
    transfer->left = 0;
  }
  if (transfer->left == 0) {
    finished_.push_back(transfer);
    return;
  }
  if (order_.MustWait(*transfer)) {
    order_.AddWaiting(transfer);
    return;
  }
  while (transfer->left > 0 && transfer->under_way < kPiecesUnderWay) {
    MPI_Request request = MPI_REQUEST_NULL;
    Piece piece;
    if (!PostPiece(transfer, request, piece)) break;
    requests_.push_back(request);
    pieces_.push_back(piece);
  }
  if (transfer->left > 0) order_.AddUnposted(transfer);
}

// False when the peer is lost; ReportLost() then ends the transfer.
bool MpiTransport::PostPiece(Transfer* transfer, MPI_Request& request, Piece& piece) {
  const size_t size = std::min(transfer->left, transfer->chunk);
  const int count = static_cast<int>(size);
  const int error = transfer->receive ? MPI_Irecv(transfer->next, count, MPI_BYTE, transfer->peer,
                                                  transfer->tag, MPI_COMM_WORLD, &request)
                                      : MPI_Isend(transfer->next, count, MPI_BYTE, transfer->peer,
                                                  transfer->tag, MPI_COMM_WORLD, &request);
  if (error != MPI_SUCCESS) {
    Lose(transfer->peer, transfer->receive ? "starting to receive" : "starting to send", size, error);
    return false;
  }
  transfer->next += size;
  transfer->left -= size;
  ++transfer->under_way;
  piece = {transfer, size};
  return true;
}

bool MpiTransport::TestTransfers() {
  if (requests_.empty()) return false;
  const int count = static_cast<int>(requests_.size());
  completed_.resize(requests_.size());
  statuses_.resize(requests_.size());
  int completed = 0;
  const int error = MPI_Testsome(count, requests_.data(), &completed, completed_.data(), statuses_.data());
  if (error != MPI_SUCCESS && error != MPI_ERR_IN_STATUS) {
    // Nothing says whose transfer failed, and it would fail again for ever.
    for (const Piece& piece : pieces_) Lose(piece.owner->peer, "waiting for transfers", piece.size, error);
    return true;
  }
  if (completed == MPI_UNDEFINED || completed == 0) return false;
  for (int i = 0; i < completed; ++i) {
    CheckPiece(pieces_[static_cast<size_t>(completed_[i])], statuses_[i],
               error == MPI_SUCCESS ? MPI_SUCCESS : statuses_[i].MPI_ERROR);
  }
  // From the back: removing an entry puts the last one in its place.
  const auto end = completed_.begin() + completed;
  std::sort(completed_.begin(), end, std::greater<>());
  std::for_each(completed_.begin(), end, [this](int index) { PieceCompleted(static_cast<size_t>(index)); });
  return true;
}

void MpiTransport::CheckPiece(const Piece& piece, MPI_Status& status, int error) {
  Transfer& transfer = *piece.owner;
  int error_class = error;
  if (error != MPI_SUCCESS) MPI_Error_class(error, &error_class);
  if (error_class != MPI_SUCCESS && error_class != MPI_ERR_TRUNCATE) {
    transfer.ok = false;
    Lose(transfer.peer, transfer.receive ? "receiving" : "sending", piece.size, error);
    return;
  }
  if (!transfer.receive) return;
  int received = 0;
  MPI_Get_count(&status, MPI_BYTE, &received);
  if (error_class == MPI_ERR_TRUNCATE || static_cast<size_t>(received) != piece.size) {
    transfer.ok = false;
    Log().error(
        "rank {} sent {} bytes with tag {} where {} were expected; both ends must agree on size and "
        "chunk. The transfer fails",
        transfer.peer, error_class == MPI_ERR_TRUNCATE ? "more" : std::to_string(received), transfer.tag,
        piece.size);
  }
}

void MpiTransport::PieceCompleted(size_t index) {
  Transfer* transfer = pieces_[index].owner;
  --transfer->under_way;
  if (transfer->left > 0 && !At(transfer->peer).lost &&
      PostPiece(transfer, requests_[index], pieces_[index])) {
    if (transfer->left == 0) {
      order_.RemoveUnposted(transfer);
      if (order_.AnyWaiting()) {
        for (Transfer* next : order_.TakeWaiting()) Start(next);
      }
    }
    return;
  }
  RemovePiece(index);
  if (transfer->Complete()) finished_.push_back(transfer);
}

void MpiTransport::RemovePiece(size_t index) {
  requests_[index] = requests_.back();
  requests_.pop_back();
  pieces_[index] = pieces_.back();
  pieces_.pop_back();
}

bool MpiTransport::RunFinished(PacketHandler& handler) {
  if (finished_.empty()) return false;
  telling_.swap(finished_);
  for (Transfer* transfer : telling_) {
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

void MpiTransport::SendPacket(Rank to, ByteBuffer packet) {
  if (closing_) return;
  if (packet.size() <= kRingBufferSize && !LooksLikeControl(packet))
    return SendMessage(to, std::move(packet));
  ByteBuffer announcement = AcquireBuffer();
  PutAnnouncement(packet.size(), announcement);
  SendMessage(to, std::move(announcement));
  Start(NewOwningTransfer(Transfer::Kind::kBody, false, to, kBodyTag, std::move(packet)));
}

void MpiTransport::SendControl(Rank to, std::string_view text) {
  ByteBuffer message = AcquireBuffer();
  PutText(text, message);
  SendMessage(to, std::move(message));
}

void MpiTransport::SendMessage(Rank to, ByteBuffer message) {
  if (At(to).lost) return;
  MPI_Request request = MPI_REQUEST_NULL;
  int error = MPI_Isend(message.data(), static_cast<int>(message.size()), MPI_BYTE, to, kPacketTag,
                        MPI_COMM_WORLD, &request);
  // Small messages are gone at once; then there is nothing to keep.
  int gone = 0;
  if (error == MPI_SUCCESS) error = MPI_Test(&request, &gone, MPI_STATUS_IGNORE);
  if (error != MPI_SUCCESS) return Lose(to, "sending a packet of", message.size(), error);
  if (gone != 0) return buffers_.Release(std::move(message));
  Transfer* transfer = NewTransfer(Transfer::Kind::kPacket, false, to, kPacketTag);
  transfer->buffer = std::move(message);
  transfer->under_way = 1;
  requests_.push_back(request);
  pieces_.push_back({transfer, transfer->buffer.size()});
}

void MpiTransport::PostSlot(Slot& slot) {
  const int error = MPI_Irecv(slot.buffer.data(), static_cast<int>(kRingBufferSize), MPI_BYTE, MPI_ANY_SOURCE,
                              kPacketTag, MPI_COMM_WORLD, &slot.request);
  if (error == MPI_SUCCESS) return;
  slot.request = MPI_REQUEST_NULL;
  Log().error("MPI refuses to receive packets ({}); nothing can be heard any more", ErrorText(error));
  for (Rank peer = 0; peer < size(); ++peer) At(peer).lost = true;
}

bool MpiTransport::TestRing(PacketHandler& handler) {
  Slot& slot = ring_[oldest_];
  if (slot.request == MPI_REQUEST_NULL) return false;
  int arrived = 0;
  MPI_Status status;
  const int error = MPI_Test(&slot.request, &arrived, &status);
  if (error == MPI_SUCCESS && arrived == 0) return false;
  const Rank from = status.MPI_SOURCE;
  const bool known = from >= 0 && from < size();
  if (error != MPI_SUCCESS) {
    Log().error("receiving a packet{} failed: {}", known ? " of rank " + std::to_string(from) : "",
                ErrorText(error));
    if (known) Lose(from, "receiving a packet of up to", kRingBufferSize, error);
  } else if (!At(from).lost) {
    int count = 0;
    MPI_Get_count(&status, MPI_BYTE, &count);
    const std::span<const std::byte> message(slot.buffer.data(), static_cast<size_t>(count));
    if (At(from).body_under_way) {
      At(from).deferred.emplace_back(message.begin(), message.end());
    } else {
      Handle(from, message, handler);
    }
  }
  PostSlot(slot);
  oldest_ = (oldest_ + 1) % ring_.size();
  return true;
}

void MpiTransport::Handle(Rank from, std::span<const std::byte> message, PacketHandler& handler) {
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

void MpiTransport::ReceiveBody(Rank from, uint64_t size) {
  ByteBuffer buffer;
  try {
    buffer.resize(size);
  } catch (const std::exception&) {
    Log().error("no memory for a packet of {} bytes from rank {}", size, from);
    return Lose(from, "receiving a packet of", size, MPI_ERR_NO_MEM);
  }
  At(from).body_under_way = true;
  Start(NewOwningTransfer(Transfer::Kind::kBody, true, from, kBodyTag, std::move(buffer)));
}

void MpiTransport::HandleBody(Rank from, const ByteBuffer& body, PacketHandler& handler) {
  Peer& peer = At(from);
  peer.body_under_way = false;
  handler.OnPacket(from, body);
  while (!peer.deferred.empty() && !peer.body_under_way) {
    const ByteBuffer message = std::move(peer.deferred.front());
    peer.deferred.pop_front();
    Handle(from, message, handler);
  }
}

bool MpiTransport::Progress(PacketHandler& handler) {
  bool any = TestRing(handler);
  any = TestTransfers() || any;
  any = ReportLost(handler) || any;
  return RunFinished(handler) || any;
}

// --- failure

void MpiTransport::Lose(Rank peer, const char* what, size_t bytes, int error) {
  if (At(peer).lost) return;
  Log().error("rank {} is lost: {} {} bytes failed: {}", peer, what, bytes, ErrorText(error));
  At(peer).lost = true;
  lost_.push_back(peer);
  any_lost_ = true;
}

bool MpiTransport::ReportLost(PacketHandler& handler) {
  if (lost_.empty()) return false;
  for (Rank peer : std::exchange(lost_, {})) {
    FailTransfers([peer](const Transfer& transfer) { return transfer.peer == peer; });
    At(peer).deferred.clear();
    handler.OnPeerLost(peer);
  }
  return true;
}

template <typename Fits>
void MpiTransport::FailTransfers(Fits fits) {
  order_.RemoveIf(fits, [this](Transfer* transfer) {
    transfer->ok = false;
    transfer->left = 0;
    if (transfer->Complete()) finished_.push_back(transfer);
  });
  for (size_t index = pieces_.size(); index-- > 0;) {
    Transfer* transfer = pieces_[index].owner;
    if (!fits(*transfer)) continue;
    if (transfer->receive) MPI_Cancel(&requests_[index]);
    MPI_Request_free(&requests_[index]);
    RemovePiece(index);
    transfer->ok = false;
    --transfer->under_way;
    if (transfer->Complete()) finished_.push_back(transfer);
  }
}

// --- the end
//
// No rank may leave while another one still has something to send to it, and MPI 2.1 has no barrier that lets
// us go on meanwhile. So each rank first completes what it sends, taking in whatever comes and throwing it
// away; then it says so to rank 0; and once all have, rank 0 tells all.

void MpiTransport::Close() {
  closing_ = true;
  ProgressWhile([this] { return AnySends(); });
  AgreeThatAllIsSent();
  const auto deadline = Clock::now() + kStragglerTime;
  ProgressWhile([&] { return HasPending() && Clock::now() < deadline; });
  FailTransfers([](const Transfer&) { return true; });
  IgnorePackets ignore;
  while (RunFinished(ignore)) {
  }
  CancelRing();
  if (any_lost_) {
    // MPI_Finalize would wait for the lost rank. Without it, the launcher of MPI ends the job as failed.
    Log().error("the job ends without MPI_Finalize, because a rank was lost");
    return;
  }
  if (const int error = MPI_Finalize(); error != MPI_SUCCESS) {
    Log().error("MPI_Finalize failed: {}", ErrorText(error));
  }
}

void MpiTransport::AgreeThatAllIsSent() {
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
  ProgressWhile([this] { return AnySends(); });
}

template <typename Condition>
void MpiTransport::ProgressWhile(Condition condition) {
  IgnorePackets ignore;
  unsigned idle_rounds = 0;
  while (condition()) {
    if (Progress(ignore) || TakeUnwanted()) {
      idle_rounds = 0;
    } else if (++idle_rounds < 2000) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
}

// Takes in a payload for which nobody here posted a receive, so that its sender can end.
bool MpiTransport::TakeUnwanted() {
  int arrived = 0;
  MPI_Status status;
  if (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &arrived, &status) != MPI_SUCCESS) return false;
  if (arrived == 0 || status.MPI_TAG < static_cast<int>(kFirstPayloadTag)) return false;
  int count = 0;
  MPI_Get_count(&status, MPI_BYTE, &count);
  Transfer* transfer = NewOwningTransfer(Transfer::Kind::kUnwanted, true, status.MPI_SOURCE, status.MPI_TAG,
                                         ByteBuffer(static_cast<size_t>(count)));
  transfer->chunk = kLargestPiece;
  if (order_.MustWait(*transfer)) {  // It belongs to a receive whose turn comes.
    transfers_.Release(transfer);
    return false;
  }
  Start(transfer);
  return true;
}

bool MpiTransport::AnySends() const {
  const auto sends = [](const Transfer& transfer) { return !transfer.receive; };
  return order_.Any(sends) ||
         std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return sends(*piece.owner); });
}

void MpiTransport::CancelRing() {
  for (Slot& slot : ring_) {
    if (slot.request == MPI_REQUEST_NULL) continue;
    MPI_Cancel(&slot.request);
    MPI_Wait(&slot.request, MPI_STATUS_IGNORE);
  }
}

}  // namespace

std::unique_ptr<Transport> JoinMpi(std::string& error) {
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  if (initialized != 0 || finalized != 0) {
    error = finalized != 0
                ? "this process was in an MPI job before and has left it; MPI can't be joined twice"
                : "the program itself uses MPI; clOpenCL can't share it";
    return nullptr;
  }
  MakeLibraryGlobal(reinterpret_cast<void*>(&MPI_Init_thread));
  int provided = 0;
  int result = MPI_SUCCESS;
  {
    KeptSignalHandlers kept;
    result = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
  }
  if (result != MPI_SUCCESS) {
    error = "MPI_Init_thread failed: " + ErrorText(result);
    return nullptr;
  }
  if (provided < MPI_THREAD_SERIALIZED) {
    Log().info("this MPI promises nothing for calls from more than one thread; clOpenCL makes one at a time");
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  int rank = 0, size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return std::make_unique<MpiTransport>(rank, size);
}

}  // namespace clopencl::transport
