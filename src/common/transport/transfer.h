// MessageTransport's bookkeeping of one transfer, and the order between transfers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "common/byte_buffer.h"
#include "common/transport/transport.h"

namespace clopencl::transport {

// Bytes that travel as pieces of at most `chunk` bytes.
struct Transfer {
  enum class Kind { kPacket, kBody, kPayload, kUnwanted };
  Kind kind{};
  bool receive = false;
  Rank peer = 0;
  int tag = 0;
  bool ok = true;
  std::byte* next = nullptr;  // Of a send: only read.
  size_t left = 0;            // From `next`: not yet given to the port.
  size_t chunk = 0;
  size_t under_way = 0;       // Pieces that the port has.
  bool arrives_long = false;  // A receive of pieces that take long to arrive.
  ByteBuffer buffer;          // What `next` points into, unless it is a payload.
  Done done;                  // Of a payload.

  // Nothing more of it is begun.
  void GiveUp() {
    ok = false;
    left = 0;
  }
  bool Complete() const { return left == 0 && under_way == 0; }
  bool SameStream(const Transfer& other) const {
    return receive == other.receive && peer == other.peer && tag == other.tag;
  }
};

// Messages of one stream (direction, peer, tag) meet receives in their order. So no piece of a transfer may
// be given to the port while an earlier transfer of its stream has pieces left. Payloads under way have
// different tags, but the end that is done first may reuse a tag while the other is a piece behind; bodies of
// large packets share one.
class TransferOrder {
 public:
  bool MustWait(const Transfer& transfer) const {
    const auto same = [&](const Transfer* other) { return other->SameStream(transfer); };
    return std::any_of(unposted_.begin(), unposted_.end(), same) ||
           std::any_of(waiting_.begin(), waiting_.end(), same);
  }
  bool AnyWaiting() const { return !waiting_.empty(); }

  void AddWaiting(Transfer* transfer) { waiting_.push_back(transfer); }
  void AddUnposted(Transfer* transfer) { unposted_.push_back(transfer); }
  void RemoveUnposted(Transfer* transfer) { std::erase(unposted_, transfer); }

  std::deque<Transfer*> TakeWaiting() { return std::exchange(waiting_, {}); }

  // Forgets all that fit and calls removed(transfer) for each.
  template <typename Fits, typename Removed>
  void RemoveIf(Fits fits, Removed removed) {
    const auto take = [&](Transfer* transfer) {
      if (!fits(*transfer)) return false;
      removed(transfer);
      return true;
    };
    std::erase_if(unposted_, take);
    std::erase_if(waiting_, take);
  }

  template <typename Fits>
  bool Any(Fits fits) const {
    const auto dereferenced = [&](const Transfer* transfer) { return fits(*transfer); };
    return std::any_of(unposted_.begin(), unposted_.end(), dereferenced) ||
           std::any_of(waiting_.begin(), waiting_.end(), dereferenced);
  }

 private:
  std::vector<Transfer*> unposted_;  // Begun, with pieces left.
  std::deque<Transfer*> waiting_;    // Not begun, behind one of those or of these.
};

// Transfers in recycled memory with addresses that stay.
class TransferPool {
 public:
  Transfer* Acquire() {
    if (free_.empty()) return &storage_.emplace_back();
    Transfer* transfer = free_.back();
    free_.pop_back();
    return transfer;
  }
  void Release(Transfer* transfer) {
    *transfer = {};
    free_.push_back(transfer);
  }

 private:
  std::deque<Transfer> storage_;
  std::vector<Transfer*> free_;
};

}  // namespace clopencl::transport
