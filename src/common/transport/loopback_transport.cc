#include "common/transport/loopback_transport.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/transport/buffer_pool.h"

namespace clopencl::transport {

namespace internal {

// A payload half whose other half has not come yet, or that waits for Release().
struct HalfPayload {
  Rank from = 0;
  Rank to = 0;
  Tag tag = 0;
  size_t chunk = 0;
  std::byte* data = nullptr;  // Of a send: only read.
  size_t size = 0;
  Done done;
};

struct Arrival {
  enum class Kind { kPacket, kQuit, kPeerLost };
  Kind kind = Kind::kPacket;
  Rank from = 0;
  ByteBuffer packet;
};

struct Completion {
  Done done;
  bool ok = false;
};

struct Node {
  enum class State { kUnused, kOpen, kClosed, kLost };
  State state = State::kUnused;
  std::deque<Arrival> arrivals;
  std::vector<Completion> completions;
  size_t halves = 0;  // Of its own in sends or receives.
  bool sends_late = false;
  std::vector<std::pair<Rank, Arrival>> late;  // Target and what it gets at the next Progress().
};

struct LoopbackState {
  explicit LoopbackState(int size) : nodes(static_cast<size_t>(size)) {}

  Node& At(Rank rank) { return nodes.at(static_cast<size_t>(rank)); }
  bool Lost(Rank rank) { return At(rank).state == Node::State::kLost; }
  bool Held(Rank from, Rank to) const { return held.contains({from, to}); }

  void Complete(Rank owner, Done done, bool ok) { At(owner).completions.push_back({std::move(done), ok}); }
  void Deliver(Rank to, Arrival arrival);
  void SendLate(Node& from);
  void Match(Rank from, Rank to);
  void Lose(Rank rank);
  void Leave(Rank rank);

  std::mutex mutex;
  std::condition_variable left;  // A node closed or was lost.
  std::vector<Node> nodes;
  std::deque<HalfPayload> sends;
  std::deque<HalfPayload> receives;
  std::set<std::pair<Rank, Rank>> held;
  std::vector<std::pair<Rank, Arrival>> held_arrivals;  // Target and what it gets at Release().
};

void LoopbackState::SendLate(Node& from) {
  for (auto& [to, arrival] : std::exchange(from.late, {})) Deliver(to, std::move(arrival));
}

void LoopbackState::Deliver(Rank to, Arrival arrival) {
  if (Lost(to) || At(to).state == Node::State::kClosed) return;
  if (Held(arrival.from, to)) {
    held_arrivals.emplace_back(to, std::move(arrival));
  } else {
    At(to).arrivals.push_back(std::move(arrival));
  }
}

// Copies what both ends of a pair have announced, in the order of the sends.
void LoopbackState::Match(Rank from, Rank to) {
  if (Held(from, to)) return;
  for (auto send = sends.begin(); send != sends.end();) {
    const auto receive = std::find_if(receives.begin(), receives.end(), [&](const HalfPayload& half) {
      return half.from == send->from && half.to == send->to && half.tag == send->tag;
    });
    if (send->from != from || send->to != to || receive == receives.end()) {
      ++send;
      continue;
    }
    const bool ok = send->size == receive->size && send->chunk == receive->chunk;
    if (ok) {
      std::memcpy(receive->data, send->data, send->size);
    } else {
      Log().error(
          "payload {} from rank {} to rank {}: {} bytes in pieces of {} meet a receive of {} in pieces of {}",
          send->tag, from, to, send->size, send->chunk, receive->size, receive->chunk);
    }
    --At(from).halves;
    --At(to).halves;
    Complete(from, std::move(send->done), ok);
    Complete(to, std::move(receive->done), ok);
    receives.erase(receive);
    send = sends.erase(send);
  }
}

void LoopbackState::Lose(Rank rank) {
  if (Lost(rank)) return;
  At(rank).state = Node::State::kLost;
  const auto fail = [&](std::deque<HalfPayload>& halves, bool sending) {
    std::erase_if(halves, [&](HalfPayload& half) {
      if (half.from != rank && half.to != rank) return false;
      const Rank owner = sending ? half.from : half.to;
      --At(owner).halves;
      Complete(owner, std::move(half.done), false);
      return true;
    });
  };
  fail(sends, true);
  fail(receives, false);
  for (size_t peer = 0; peer < nodes.size(); ++peer) {
    if (static_cast<Rank>(peer) == rank) continue;
    Deliver(static_cast<Rank>(peer), {Arrival::Kind::kPeerLost, rank, {}});
  }
  left.notify_all();
}

// Fails the payloads of this rank that nobody took, once everybody has come to Close().
void LoopbackState::Leave(Rank rank) {
  const auto fail = [&](std::deque<HalfPayload>& halves, bool sending) {
    std::erase_if(halves, [&](HalfPayload& half) {
      if ((sending ? half.from : half.to) != rank) return false;
      --At(rank).halves;
      Complete(rank, std::move(half.done), false);
      return true;
    });
  };
  fail(sends, true);
  fail(receives, false);
}

}  // namespace internal

namespace {

using internal::Arrival;
using internal::Completion;
using internal::HalfPayload;
using internal::LoopbackState;
using internal::Node;

class LoopbackTransport final : public Transport {
 public:
  LoopbackTransport(std::shared_ptr<LoopbackState> state, Rank rank)
      : Transport(static_cast<int>(state->nodes.size())), state_(std::move(state)), rank_(rank) {}

  ~LoopbackTransport() override {
    std::lock_guard lock(state_->mutex);
    if (state_->At(rank_).state == Node::State::kOpen) state_->Lose(rank_);
  }

  Rank rank() const override { return rank_; }
  int size() const override { return static_cast<int>(state_->nodes.size()); }

  void SendPacket(Rank to, ByteBuffer packet) override {
    traffic_.CountPacket(to, packet.size());
    Send(to, {Arrival::Kind::kPacket, rank_, std::move(packet)});
    Ring(to);
  }
  void SendQuit(Rank to) override {
    Send(to, {Arrival::Kind::kQuit, rank_, {}});
    Ring(to);
  }

  ByteBuffer AcquireBuffer() override { return pool_.Acquire(); }

  void SendPayload(Rank to, Tag tag, std::span<const std::byte> data, size_t chunk, Done done) override {
    traffic_.CountPayload(to, data.size());
    Post(state_->sends, to,
         {rank_, to, tag, chunk, const_cast<std::byte*>(data.data()), data.size(), std::move(done)});
    Ring(to);
  }
  void ReceivePayload(Rank from, Tag tag, std::span<std::byte> into, size_t chunk, Done done) override {
    Post(state_->receives, from, {from, rank_, tag, chunk, into.data(), into.size(), std::move(done)});
    Ring(from);
  }

  bool Progress(PacketHandler& handler) override {
    std::vector<Completion> completions;
    std::deque<Arrival> arrivals;
    {
      std::lock_guard lock(state_->mutex);
      Node& node = state_->At(rank_);
      state_->SendLate(node);
      completions.swap(node.completions);
      arrivals.swap(node.arrivals);
    }
    for (Completion& completion : completions) completion.done(completion.ok);
    for (Arrival& arrival : arrivals) {
      switch (arrival.kind) {
        case Arrival::Kind::kPacket:
          handler.OnPacket(arrival.from, arrival.packet);
          pool_.Release(std::move(arrival.packet));
          break;
        case Arrival::Kind::kQuit:
          handler.OnQuit(arrival.from);
          break;
        case Arrival::Kind::kPeerLost:
          handler.OnPeerLost(arrival.from);
          break;
      }
    }
    return !completions.empty() || !arrivals.empty();
  }

  bool HasPending() const override {
    std::lock_guard lock(state_->mutex);
    const Node& node = state_->At(rank_);
    return node.halves > 0 || !node.completions.empty() || !node.late.empty();
  }

  // Whoever completes a payload's other half rings.
  bool AwaitsArrivals() const override {
    std::lock_guard lock(state_->mutex);
    const Node& node = state_->At(rank_);
    return node.completions.empty() && node.late.empty();
  }

  void Close() override {
    std::vector<Completion> completions;
    {
      std::unique_lock lock(state_->mutex);
      Node& node = state_->At(rank_);
      state_->SendLate(node);
      if (node.state == Node::State::kOpen) node.state = Node::State::kClosed;
      state_->left.notify_all();
      state_->left.wait(lock, [&] {
        return std::none_of(state_->nodes.begin(), state_->nodes.end(),
                            [](const Node& other) { return other.state == Node::State::kOpen; });
      });
      state_->Leave(rank_);
      node.arrivals.clear();
      completions.swap(node.completions);
    }
    for (Completion& completion : completions) completion.done(completion.ok);
  }

 private:
  void Send(Rank to, Arrival arrival) {
    std::lock_guard lock(state_->mutex);
    Node& node = state_->At(rank_);
    if (node.sends_late) {
      node.late.emplace_back(to, std::move(arrival));
    } else if (!state_->Lost(rank_)) {
      state_->Deliver(to, std::move(arrival));
    }
  }

  void Post(std::deque<HalfPayload>& halves, Rank peer, HalfPayload half) {
    std::lock_guard lock(state_->mutex);
    if (half.tag < kFirstPayloadTag || half.tag > kLastPayloadTag) {
      Log().error("payload tag {} between ranks {} and {} is outside [{}, {}]", half.tag, half.from, half.to,
                  kFirstPayloadTag, kLastPayloadTag);
      return state_->Complete(rank_, std::move(half.done), false);
    }
    if (half.size == 0) return state_->Complete(rank_, std::move(half.done), true);
    if (state_->Lost(peer) || state_->Lost(rank_))
      return state_->Complete(rank_, std::move(half.done), false);
    const Rank from = half.from, to = half.to;
    halves.push_back(std::move(half));
    ++state_->At(rank_).halves;
    state_->Match(from, to);
  }

  const std::shared_ptr<LoopbackState> state_;
  const Rank rank_;
  BufferPool pool_;
};

}  // namespace

LoopbackHub::LoopbackHub(int size) : state_(std::make_shared<LoopbackState>(size)) {}
LoopbackHub::~LoopbackHub() = default;

std::unique_ptr<Transport> LoopbackHub::Endpoint(Rank rank) {
  std::lock_guard lock(state_->mutex);
  Node& node = state_->At(rank);
  if (node.state != Node::State::kUnused)
    throw std::logic_error("loopback: endpoint " + std::to_string(rank) + " was taken before");
  node.state = Node::State::kOpen;
  return std::make_unique<LoopbackTransport>(state_, rank);
}

void LoopbackHub::Drop(Rank rank) {
  std::lock_guard lock(state_->mutex);
  state_->Lose(rank);
}

void LoopbackHub::InjectPacket(Rank from, Rank to, std::span<const std::byte> bytes) {
  std::lock_guard lock(state_->mutex);
  state_->Deliver(to, {Arrival::Kind::kPacket, from, ByteBuffer(bytes.begin(), bytes.end())});
}

void LoopbackHub::Hold(Rank from, Rank to) {
  std::lock_guard lock(state_->mutex);
  state_->held.insert({from, to});
}

void LoopbackHub::SendLate(Rank from, bool late) {
  std::lock_guard lock(state_->mutex);
  Node& node = state_->At(from);
  node.sends_late = late;
  if (!late) state_->SendLate(node);
}

void LoopbackHub::Release(Rank from, Rank to) {
  std::lock_guard lock(state_->mutex);
  state_->held.erase({from, to});
  std::erase_if(state_->held_arrivals, [&](std::pair<Rank, Arrival>& held) {
    if (held.first != to || held.second.from != from) return false;
    state_->At(to).arrivals.push_back(std::move(held.second));
    return true;
  });
  state_->Match(from, to);
}

}  // namespace clopencl::transport
