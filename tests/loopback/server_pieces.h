// A transport whose payloads travel piece by piece, as they do over MPI, so that one end may send in one call
// what the other receives in several.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "common/transport/transport.h"

namespace clopencl::testing {

class PieceTransport final : public transport::Transport {
 public:
  explicit PieceTransport(std::unique_ptr<transport::Transport> inner)
      : Transport(inner->size()), inner_(std::move(inner)) {}

  transport::Rank rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  void SendPacket(transport::Rank to, ByteBuffer packet) override {
    inner_->SendPacket(to, std::move(packet));
  }
  ByteBuffer AcquireBuffer() override { return inner_->AcquireBuffer(); }

  void SendPayload(transport::Rank to, transport::Tag tag, std::span<const std::byte> data, size_t chunk,
                   transport::Done done) override {
    Split(data, chunk, std::move(done), [&](std::span<const std::byte> piece, transport::Done piece_done) {
      inner_->SendPayload(to, tag, piece, chunk, std::move(piece_done));
    });
  }
  void ReceivePayload(transport::Rank from, transport::Tag tag, std::span<std::byte> into, size_t chunk,
                      transport::Done done) override {
    Split(into, chunk, std::move(done), [&](std::span<std::byte> piece, transport::Done piece_done) {
      inner_->ReceivePayload(from, tag, piece, chunk, std::move(piece_done));
    });
  }

  bool Progress(transport::PacketHandler& handler) override { return inner_->Progress(handler); }
  bool HasPending() const override { return inner_->HasPending(); }
  bool AwaitsArrivals() const override { return inner_->AwaitsArrivals(); }
  void SetSignal(transport::Rank peer, std::shared_ptr<SharedSignal> signal) override {
    inner_->SetSignal(peer, std::move(signal));
  }
  void SendQuit(transport::Rank to) override { inner_->SendQuit(to); }
  void Close() override { inner_->Close(); }

 private:
  template <typename Span, typename Start>
  static void Split(Span data, size_t chunk, transport::Done done, Start start) {
    struct State {
      size_t left = 0;
      bool ok = true;
      transport::Done done;
    };
    const size_t piece = chunk == 0 ? std::max<size_t>(data.size(), 1) : chunk;
    const auto state = std::make_shared<State>();
    state->left = std::max<size_t>((data.size() + piece - 1) / piece, 1);
    state->done = std::move(done);
    const auto piece_done = [state](bool ok) {
      state->ok = state->ok && ok;
      if (--state->left == 0) state->done(state->ok);
    };
    if (data.empty()) return start(data, piece_done);
    for (size_t at = 0; at < data.size(); at += piece) {
      start(data.subspan(at, std::min(piece, data.size() - at)), piece_done);
    }
  }

  const std::unique_ptr<transport::Transport> inner_;
};

}  // namespace clopencl::testing
