// Feeds a rank server with packets: of rank 0 and of another server, with messages that decode and with bytes
// that are nothing. The native OpenCL is the mock, so that whatever the server passes on is checked there.
// The server has to live, to end when it is told to, and to leave no native object behind.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/wire/packet.h"
#include "rankserver/server.h"
#include "support/mock_opencl.h"
#include "support/packet_recording.h"

namespace clopencl::testing {
namespace {

constexpr transport::Rank kServer = 1, kPeer = 2;
constexpr int kRanks = 3;
constexpr size_t kLargestBuffer = size_t{64} << 10;
// The server gives callbacks of the native runtime up after so long; all of the mock's come.
constexpr std::chrono::seconds kPatience{5};

// Delivers what it is fed; payloads arrive at once, whoever sends them.
class FedTransport final : public transport::Transport {
 public:
  FedTransport() : Transport(kRanks) {}

  void Feed(transport::Rank from, ByteBuffer packet) { arrivals_.emplace_back(from, std::move(packet)); }
  void FeedQuit() { quit_ = true; }
  uint64_t packets_sent() const { return packets_sent_; }

  transport::Rank rank() const override { return kServer; }
  int size() const override { return kRanks; }
  void SendPacket(transport::Rank, ByteBuffer) override { ++packets_sent_; }
  ByteBuffer AcquireBuffer() override { return {}; }
  void SendPayload(transport::Rank, transport::Tag, std::span<const std::byte> data, size_t,
                   transport::Done done) override {
    // A sender's memory has to be there. (Blank memory may be more than can be read in reasonable time.)
    unsigned sum = 0;
    for (const std::byte byte : data.first(std::min(data.size(), kLargestBuffer)))
      sum += static_cast<unsigned>(byte);
    checksum_ = sum;
    completions_.push_back(std::move(done));
  }
  void ReceivePayload(transport::Rank, transport::Tag tag, std::span<std::byte> into, size_t,
                      transport::Done done) override {
    std::memset(into.data(), static_cast<int>(tag & 0x7f), std::min(into.size(), kLargestBuffer));
    completions_.push_back(std::move(done));
  }
  bool Progress(transport::PacketHandler& handler) override {
    const auto completions = std::exchange(completions_, {});
    const auto arrivals = std::exchange(arrivals_, {});
    for (const transport::Done& done : completions) done(true);
    for (const auto& [from, packet] : arrivals) handler.OnPacket(from, packet);
    if (std::exchange(quit_, false)) handler.OnQuit(0);
    return !completions.empty() || !arrivals.empty();
  }
  bool HasPending() const override { return !completions_.empty(); }
  void SendQuit(transport::Rank) override {}
  void Close() override {
    for (const transport::Done& done : std::exchange(completions_, {})) done(false);
  }

 private:
  std::deque<std::pair<transport::Rank, ByteBuffer>> arrivals_;
  std::deque<transport::Done> completions_;
  bool quit_ = false;
  uint64_t packets_sent_ = 0;
  volatile unsigned checksum_ = 0;
};

ByteBuffer MakePacket(const RecordedPacket& record) {
  if ((record.kind & RecordedPacket::kRaw) != 0) return {record.body.begin(), record.body.end()};
  ByteBuffer packet = wire::PacketBuilder(0).Take(0);
  packet.insert(packet.end(), record.body.begin(), record.body.end());
  return packet;
}

[[noreturn]] void Die(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  std::abort();
}

// A kernel in place of the mock's, which trust the range as real ones do.
cl_int Touch(rankserver::KernelCall& call) {
  for (auto& argument : call.args) {
    if (!argument.memory.empty()) argument.memory.back() ^= std::byte{1};
  }
  return CL_COMPLETE;
}

void Run(std::span<const std::byte> input) {
  MockOpenCl mock({.devices = {{.name = "first"}, {.name = "second", .unified = false}},
                   .largest_buffer = kLargestBuffer,
                   .threads = 1});
  for (const char* kernel : {"add", "scale_into"}) mock.AddKernel(kernel, &Touch);
  {
    FedTransport transport;
    rankserver::Server::Settings settings;
    settings.host = "here";
    settings.limits = {.window_bytes = 4096, .chunk_bytes = 4096, .inline_bytes = 256, .staging_depth = 2};
    rankserver::Server server(transport, rankserver::FindPlatforms(MockOpenCl::Api()), std::move(settings));
    ForEachRecord(input, [&](const RecordedPacket& record) {
      if ((record.kind & RecordedPacket::kToFrontend) != 0) return;
      transport.Feed((record.kind & RecordedPacket::kOfPeer) != 0 ? kPeer : 0, MakePacket(record));
      for (int passes = record.kind >> RecordedPacket::kPassShift; passes > 0; --passes) server.RunOnce();
    });
    transport.FeedQuit();
    server.RunOnce();
    if (!server.ended()) Die("the server does not end when it is told to");
    const auto start = std::chrono::steady_clock::now();
    server.Close(true);
    if (std::chrono::steady_clock::now() - start > kPatience) Die("the server ends late");
    if (transport.packets_sent() == 0) Die("the server did not even greet");
  }
  if (mock.live_objects() > 0) Die(std::to_string(mock.live_objects()) + " native objects are left");
  if (const auto faults = mock.faults(); !faults.empty())
    Die("the native OpenCL was misused: " + faults.front());
}

}  // namespace
}  // namespace clopencl::testing

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  clopencl::Log().set_level(spdlog::level::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  clopencl::testing::Run(std::as_bytes(std::span(data, size)));
  return 0;
}
