// A rank server: its channels, and the event loop that drives them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/backoff.h"
#include "rankserver/channel.h"

namespace clopencl::rankserver {

// Belongs to one thread. Needs no MPI: any transport will do.
class Server final : public transport::PacketHandler {
 public:
  struct Settings {
    std::string host;
    std::string error;  // Why there is nothing to offer; empty: there is.
    Limits limits;
    int capture_descriptor = -1;  // What native runtimes print to; -1: left alone.
  };

  // The transport outlives the server.
  Server(transport::Transport& transport, const std::vector<OfferedPlatform>& platforms, Settings settings);
  ~Server() override;

  // One pass of the event loop. True when anything happened.
  bool RunOnce();
  // Passes until the session is over, with waits between them as `policy` says.
  void Run(const WaitPolicy& policy);

  // Rank 0 has said goodbye, or is gone, or every channel has ended.
  bool ended() const { return ended_; }
  // Whether native commands are followed whose end is not known.
  bool AwaitsNatives() const;

  // The end: leaves the transport, then releases the native objects. `wait`: waits for native commands; else
  // objects are left alone that could keep us waiting.
  void Close(bool wait);

  void OnPacket(transport::Rank from, std::span<const std::byte> packet) override;
  void OnQuit(transport::Rank from) override;
  void OnPeerLost(transport::Rank peer) override;

 private:
  void Refuse(const std::string& text);
  void PollOutput();
  Told HowTold() const;

  // Native callbacks that nobody waits for may come when the server has gone.
  const std::shared_ptr<SharedSignal> signal_ = SharedSignal::Create();
  OutputCapture output_;
  PayloadPort payloads_;
  WorkerPool workers_;
  Environment environment_;
  std::vector<std::unique_ptr<Channel>> channels_;
  bool ended_ = false;
  bool closed_ = false;
  uint32_t idle_passes_ = 0;
};

}  // namespace clopencl::rankserver
