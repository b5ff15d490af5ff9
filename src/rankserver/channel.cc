#include "rankserver/channel.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/log.h"
#include "common/wire/dispatch.h"
#include "rankserver/facts.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// How long the end waits for commands whose payloads don't travel any more.
constexpr std::chrono::seconds kEndOfCommands{1};

// What another rank server may say.
class PeerHandler {
 public:
  explicit PeerHandler(Channel& channel) : channel_(channel) {}
  bool refused() const { return refused_; }

  void On(const wire::SetEventStatus& message) { channel_.On(message); }
  template <typename Message>
  void On(const Message&) {
    refused_ = true;
  }

 private:
  Channel& channel_;
  bool refused_ = false;
};

}  // namespace

Channel::Channel(Environment& environment, uint16_t number, OfferedPlatform platform)
    : environment_(environment), number_(number), platform_(std::move(platform)), builder_(number) {
  uint32_t index = 0;
  for (const OfferedDevice& device : platform_.devices) {
    const DeviceId id{++index, 0};
    devices.Insert(id, MakeDevice(api(), device.native, id, nullptr));
    callbacks_are_prompt_ = callbacks_are_prompt_ && IsCpu(api(), device.native);
  }
}

Channel::~Channel() = default;

void Channel::Announce(uint32_t channel_count, const std::string& error) {
  FactList platform;
  std::vector<FactList> lists;
  std::vector<wire::DeviceFacts> facts;
  if (error.empty()) {
    platform = PlatformFacts(api(), platform_.native);
    for (const OfferedDevice& device : platform_.devices)
      lists.push_back(DeviceFactList(api(), device.native));
    for (const FactList& list : lists) facts.push_back({list.facts()});
  }
  Send(wire::ServerReady{environment_.host, static_cast<uint32_t>(getpid()), channel_count,
                         environment_.signal->address(), error, platform.facts(), facts});
  EndPass();
}

void Channel::OnPacket(transport::Rank from, std::span<const std::byte> packet) {
  if (from == 0) consumed_ += packet.size();
  if (failed_ || ended_) return;
  if (from == 0) {
    if (!DispatchAll(packet)) FailChannel("the frontend sent a packet that is malformed");
    return;
  }
  PeerHandler handler(*this);
  const bool good = wire::Dispatch<wire::ServerMessages>(packet, handler, arena_) == wire::PacketError::kNone;
  if (!good || handler.refused()) {
    FailChannel("rank " + std::to_string(from) + " sent a packet that is malformed or not for it to send");
  }
}

bool Channel::DispatchAll(std::span<const std::byte> packet) {
  const bool good = DispatchEach(packet);
  IssueLaunches();
  return good;
}

// As wire::Dispatch, with a look at the message that comes next.
bool Channel::DispatchEach(std::span<const std::byte> packet) {
  wire::ByteView rest = packet.subspan(wire::kPacketHeaderSize);
  while (!rest.empty() && !failed_ && !ended_) {
    if (launches_.empty()) arena_.Reset();
    wire::Frame frame;
    if (!wire::TakeFrame(rest, frame)) return false;
    const bool may_wait =
        frame.opcode == wire::kOpcode<wire::LaunchKernel> || frame.opcode == wire::kOpcode<wire::Release>;
    if (!may_wait) IssueLaunches();
    at_tail_ = rest.empty() || wire::NextOpcode(rest) == wire::kOpcode<wire::Finish>;
    Tracing* const tracing = environment_.tracing.get();
    if (tracing != nullptr) [[unlikely]]
      tracing->BeginMessage(number_);
    if (!wire::internal::DispatchFrame(wire::ServerMessages{}, *this, frame.opcode, frame.body, arena_))
      return false;
    if (tracing != nullptr) [[unlikely]]
      tracing->EndMessage(frame.opcode);
  }
  return true;
}

void Channel::NeedsFlush(const std::shared_ptr<Queue>& queue) {
  if (queue->needs_flush) return;
  queue->needs_flush = true;
  to_flush_.push_back(queue);
}

void Channel::EndPass() {
  if (!to_flush_.empty()) {
    for (const auto& queue : to_flush_) {
      queue->needs_flush = false;
      api().Flush(queue->native.get());
    }
    to_flush_.clear();
  }
  const bool owes_credit = consumed_ - acknowledged_ > environment_.limits.window_bytes / 4;
  if (builder_.empty() && !owes_credit) return;
  acknowledged_ = consumed_;
  if (environment_.tracing != nullptr) [[unlikely]]
    environment_.tracing->PacketSent(builder_.size());
  environment_.transport.SendPacket(0, builder_.Take(consumed_, environment_.transport.AcquireBuffer()));
}

void Channel::SendOutput(bool all) {
  if (!environment_.output.expected()) return;
  const std::string text = environment_.output.Take(all);
  if (!text.empty()) Send(wire::Output{std::as_bytes(std::span(text))});
}

void Channel::FailChannel(const std::string& text) {
  if (failed_) return;
  failed_ = true;
  ended_ = true;
  Log().error("channel {}: {}; the session ends", number_, text);
  Send(wire::ServerFailed{text});
}

bool Channel::Quiet() {
  bool quiet = jobs_ == 0;
  queues.ForEach([&](const std::shared_ptr<Queue>& queue) {
    quiet = quiet && queue->open.empty() && CheckQuiet(*queue);
  });
  return quiet;
}

namespace {

std::string DescribeQueue(const Queue& queue) {
  std::string text = fmt::format("issued {}, known done {}, finishes {}, tracked [", queue.issued,
                                 queue.known_done, queue.finish_waiters.size());
  for (const auto& tracked : queue.tracked) text += fmt::format(" {}", tracked->sequence);
  text += " ], transfers [";
  for (const auto& transfer : queue.open) text += "\n    " + transfer->Describe();
  return text + " ]";
}

}  // namespace

std::string Channel::Describe() {
  std::string text = fmt::format("channel {}: {} bytes taken in, {} builds", number_, consumed_, jobs_);
  queues.ForEach([&](const std::shared_ptr<Queue>& queue) {
    if (queue->NativeQuiet() && queue->open.empty()) return;
    text += fmt::format("\n  queue: {}", DescribeQueue(*queue));
  });
  contexts.ForEach([&](const std::shared_ptr<Context>& context) {
    if (const Queue* queue = context->ExistingTransferQueue()) {
      text += fmt::format("\n  transfers of a context: {}", DescribeQueue(*queue));
    }
  });
  return text;
}

// False when none are left.
bool Channel::EndCommandsOnce() {
  environment_.completions->RunAll();
  PollNatives();
  const std::vector<std::shared_ptr<Queue>> all = QueuesInUse();
  return std::any_of(all.begin(), all.end(),
                     [](const auto& queue) { return !queue->tracked.empty() || !queue->open.empty(); });
}

void Channel::Teardown(bool wait) {
  if (wait) {
    events.ForEach([&](Event& event) {
      if (event.user && !event.Final()) SetNativeStatus(event.native.get(), CL_OUT_OF_RESOURCES);
    });
    for (auto& [id, event] : released_user_events_) SetNativeStatus(event.native.get(), CL_OUT_OF_RESOURCES);
    const auto until = std::chrono::steady_clock::now() + kEndOfCommands;
    while (EndCommandsOnce() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    for (const auto& queue : QueuesInUse()) {
      for (const auto& transfer : std::deque<std::shared_ptr<Transfer>>(queue->open))
        transfer->ReleaseWaiters();
    }
    for (const auto& queue : QueuesInUse()) api().Finish(queue->native.get());
  }
  DropCommands();
  events.Clear();
  command_buffers.Clear();
  released_user_events_.clear();
  kernels.Clear();
  programs.Clear();
  samplers.Clear();
  mems.Clear();
  queues.Clear();
  to_flush_.clear();
  contexts.Clear();
  devices.Clear();
}

void Channel::On(const wire::Configure& m) {
  if (m.chunk_bytes > 0) environment_.limits.chunk_bytes = m.chunk_bytes;
  environment_.limits.inline_bytes = m.inline_bytes;
  if (!m.trace) return;
  if (environment_.tracing == nullptr)
    environment_.tracing = std::make_unique<Tracing>(environment_.transport.rank());
  environment_.tracing->BeginChannel(number_);
  environment_.tracing->Follow(platform_.api);
}

void Channel::On(const wire::MeetNeighbours& m) {
  transport::Transport& transport = environment_.transport;
  for (const auto& [rank, signal] : m.neighbours) {
    if (rank >= static_cast<uint32_t>(transport.size())) return FailChannel("a neighbour has no such rank");
    if (auto opened = SharedSignal::Open(signal)) {
      transport.SetSignal(static_cast<transport::Rank>(rank), std::move(opened));
    } else {
      Log().debug("the signal of rank {} can't be reached: it has to look for what comes", rank);
    }
  }
}

void Channel::On(const wire::Shutdown&) { ended_ = true; }

}  // namespace clopencl::rankserver
