#include "rankserver/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/log.h"

namespace clopencl::rankserver {
namespace {

constexpr unsigned kBuildThreads = 4;
// Idle passes after which output is looked for that no program was expected to make: a full pipe would stop
// whoever writes it.
constexpr uint32_t kOutputPollPasses = 256;
// After this long without anything to do, a server that logs for debugging says what it waits for.
constexpr std::chrono::seconds kLongIdle{5};
// How long the end waits for callbacks of natives that are done.
constexpr std::chrono::seconds kCallbackTime{5};

}  // namespace

Server::Server(transport::Transport& transport, const std::vector<OfferedPlatform>& platforms,
               Settings settings)
    : output_(settings.capture_descriptor),
      payloads_(transport),
      workers_(std::clamp(std::thread::hardware_concurrency(), 1u, kBuildThreads)),
      environment_{.transport = transport,
                   .completions =
                       std::make_shared<CompletionQueue>([signal = signal_] { signal->signal().Happened(); }),
                   .workers = workers_,
                   .payloads = payloads_,
                   .output = output_,
                   .limits = settings.limits,
                   .host = std::move(settings.host),
                   .signal = signal_,
                   .set_event_status_here = [this](uint16_t channel, const wire::SetEventStatus& message) {
                     if (channel < channels_.size()) channels_[channel]->On(message);
                   }} {
  uint16_t number = 0;
  for (const OfferedPlatform& platform : platforms) {
    channels_.push_back(std::make_unique<Channel>(environment_, number++, platform));
  }
  if (channels_.empty() && settings.error.empty()) settings.error = "no native OpenCL device was found";
  if (channels_.empty())
    channels_.push_back(std::make_unique<Channel>(environment_, uint16_t{0}, OfferedPlatform{}));
  for (const auto& channel : channels_)
    channel->Announce(static_cast<uint32_t>(channels_.size()), settings.error);
}

Server::~Server() {
  if (!closed_) Close(true);
  environment_.completions->Close();
}

bool Server::RunOnce() {
  bool happened = environment_.transport.Progress(*this);
  happened = environment_.completions->RunAll() || happened;
  for (const auto& channel : channels_) happened = channel->PollNatives() || happened;
  happened = payloads_.Progress() || happened;
  PollOutput();
  if (environment_.tracing != nullptr) [[unlikely]]
    environment_.tracing->Harvest(false);
  for (const auto& channel : channels_) channel->EndPass();
  if (std::all_of(channels_.begin(), channels_.end(), [](const auto& channel) { return channel->ended(); })) {
    ended_ = true;
  }
  idle_passes_ = happened ? 0 : idle_passes_ + 1;
  return happened;
}

bool Server::AwaitsNatives() const {
  return std::any_of(channels_.begin(), channels_.end(),
                     [](const auto& channel) { return channel->AwaitsNatives(); });
}

void Server::PollOutput() {
  if (output_.expected() || idle_passes_ % kOutputPollPasses == kOutputPollPasses - 1) {
    channels_.front()->SendOutput(false);
  }
}

// By the signal, when all ranks set it off, and native callbacks do. While a native command is at work, what
// ranks send beyond it can wait.
Told Server::HowTold() const {
  const bool ranks_tell = static_cast<int>(signal_->openers()) + 1 >= environment_.transport.size() &&
                          environment_.transport.AwaitsArrivals();
  const bool natives_tell = std::all_of(channels_.begin(), channels_.end(),
                                        [](const auto& channel) { return channel->NativesTell(); });
  const bool awaits_natives = AwaitsNatives();
  if (!natives_tell || (awaits_natives && output_.expected())) return Told::kByLooks;
  if (ranks_tell) return Told::kBySignal;
  return awaits_natives && environment_.transport.AwaitsArrivals() ? Told::kMostlyBySignal : Told::kByLooks;
}

void Server::Run(const WaitPolicy& policy) {
  Backoff backoff(policy, &signal_->signal());
  const bool describes = Log().should_log(spdlog::level::debug);
  auto active = std::chrono::steady_clock::now();
  while (!ended_) {
    if (RunOnce()) {
      backoff.Reset();
      if (describes) active = std::chrono::steady_clock::now();
      continue;
    }
    backoff.Pause(AwaitsNatives() ? Awaited::kWork : Awaited::kAnswer, HowTold());
    if (!describes || std::chrono::steady_clock::now() - active < kLongIdle) continue;
    active = std::chrono::steady_clock::now();
    for (const auto& channel : channels_) Log().debug("idle for long; {}", channel->Describe());
  }
}

void Server::OnPacket(transport::Rank from, std::span<const std::byte> packet) {
  wire::PacketHeader header;
  switch (wire::ReadHeader(packet, header)) {
    case wire::PacketError::kNone:
      break;
    case wire::PacketError::kOtherProtocol:
      return Refuse(
          fmt::format("rank {} speaks another version of the protocol ({:016x}; this clopencl-rankserver "
                      "speaks {:016x}): run the same build of clOpenCL on all nodes",
                      from, header.protocol, wire::kProtocolHash));
    default:
      return Refuse(fmt::format("rank {} sent {} bytes that are no packet of clOpenCL", from, packet.size()));
  }
  if (header.channel >= channels_.size()) {
    return Refuse(fmt::format("rank {} sent a packet for channel {}; there are {}", from, header.channel,
                              channels_.size()));
  }
  channels_[header.channel]->OnPacket(from, packet);
}

void Server::Refuse(const std::string& text) {
  for (const auto& channel : channels_) channel->FailChannel(text);
}

void Server::OnQuit(transport::Rank) { ended_ = true; }

void Server::OnPeerLost(transport::Rank peer) {
  if (peer == 0) ended_ = true;
}

void Server::Close(bool wait) {
  closed_ = true;
  for (const auto& channel : channels_) {
    channel->StopJobs();
    channel->EndPass();
  }
  environment_.transport.Close();
  payloads_.Close();
  const bool quiet =
      std::all_of(channels_.begin(), channels_.end(), [](const auto& channel) { return channel->Quiet(); });
  if (!quiet && !wait) return;
  const auto until = std::chrono::steady_clock::now() + kCallbackTime;
  // A build that is done may let another begin that waited for it.
  while (std::chrono::steady_clock::now() < until) {
    const bool busy = workers_.busy();
    if (!environment_.completions->RunAll() && !busy) break;
    if (busy) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (const auto& channel : channels_) channel->Teardown(true);
  while (environment_.completions->expected() > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    environment_.completions->RunAll();
  }
  environment_.completions->RunAll();
  channels_.clear();
}

}  // namespace clopencl::rankserver
