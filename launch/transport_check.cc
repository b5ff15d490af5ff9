#include "launch/transport_check.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include "common/transport/mpi_transport.h"

namespace clopencl::launch {

namespace {

using transport::Rank;
using Clock = std::chrono::steady_clock;

constexpr int kRoundTrips = 400;
constexpr int kWarmUp = 50;
constexpr int kBulkTransfers = 5;
constexpr size_t kBulkBytes = size_t{32} << 20;
constexpr size_t kChunk = size_t{1} << 20;
constexpr transport::Tag kBulkTag = transport::kFirstPayloadTag;
// A pair that takes longer than this is as good as lost.
constexpr std::chrono::seconds kPairLimit{60};

enum class Kind : int32_t {
  kMeasure,  // Rank 0 to the first of a pair: measure between yourself and `peer`.
  kResult,   // Its answer.
  kPing,     // To be sent back as kPong.
  kPong,
  kOffer,     // Bulk data will come: post the receive.
  kExpected,  // It is posted.
  kArrived,   // All of it is there.
};

struct Packet {
  Kind kind = Kind::kPing;
  int32_t peer = 0;
  double round_trip_us = 0;
  double megabytes_per_second = 0;
};

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

class Checker : public transport::PacketHandler {
 public:
  explicit Checker(transport::Transport& transport) : transport_(transport), bulk_(kBulkBytes) {}

  void OnPacket(Rank from, std::span<const std::byte> bytes) override {
    Packet packet;
    if (bytes.size() != sizeof packet) return;
    std::memcpy(&packet, bytes.data(), sizeof packet);
    if (packet.kind == Kind::kPing) {
      Send(from, {Kind::kPong});
    } else if (packet.kind == Kind::kOffer) {
      transport_.ReceivePayload(from, kBulkTag, bulk_, kChunk, [this, from](bool ok) {
        if (ok) Send(from, {Kind::kArrived});
      });
      Send(from, {Kind::kExpected});
    } else {
      inbox_.push_back(packet);
    }
  }

  void OnQuit(Rank /*from*/) override { quit_ = true; }

  // Ranks other than 0: until rank 0 says that all is done.
  void Serve() {
    while (!quit_) {
      Progress();
      if (inbox_.empty()) continue;
      const Packet request = inbox_.front();
      inbox_.clear();
      if (request.kind == Kind::kMeasure) Send(0, Measure(request.peer));
    }
  }

  Packet MeasureBetween(Rank first, Rank second) {
    if (first == 0) return Measure(second);
    Send(first, {Kind::kMeasure, second});
    return Await(Kind::kResult);
  }

  bool lost() const { return lost_; }

 private:
  // Hosts may be one machine with fewer cores than ranks.
  void Progress() {
    if (!transport_.Progress(*this)) std::this_thread::yield();
  }

  void Send(Rank to, const Packet& packet) {
    ByteBuffer buffer = transport_.AcquireBuffer();
    buffer.resize(sizeof packet);
    std::memcpy(buffer.data(), &packet, sizeof packet);
    transport_.SendPacket(to, std::move(buffer));
  }

  Packet Await(Kind kind) {
    const Clock::time_point end = Clock::now() + kPairLimit;
    while (inbox_.empty() && !lost_) {
      Progress();
      lost_ = Clock::now() > end;
    }
    if (lost_) return {};
    const Packet packet = inbox_.front();
    inbox_.erase(inbox_.begin());
    lost_ = packet.kind != kind;
    return packet;
  }

  Packet Measure(Rank peer) {
    Packet result{Kind::kResult};
    std::vector<double> times;
    for (int i = 0; i < kWarmUp + kRoundTrips && !lost_; ++i) {
      const Clock::time_point start = Clock::now();
      Send(peer, {Kind::kPing});
      Await(Kind::kPong);
      if (i >= kWarmUp) times.push_back(Seconds(Clock::now() - start));
    }
    if (lost_) return result;
    std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
    result.round_trip_us = times[times.size() / 2] * 1e6;
    for (int i = 0; i <= kBulkTransfers && !lost_; ++i) {
      Send(peer, {Kind::kOffer});
      Await(Kind::kExpected);
      const Clock::time_point start = Clock::now();
      transport_.SendPayload(peer, kBulkTag, bulk_, kChunk, [](bool /*ok*/) {});
      Await(Kind::kArrived);
      const double rate = static_cast<double>(kBulkBytes) / 1e6 / Seconds(Clock::now() - start);
      // The first one is warm-up; of the others the best is what the transport can do.
      if (i > 0) result.megabytes_per_second = std::max(result.megabytes_per_second, rate);
    }
    return result;
  }

  transport::Transport& transport_;
  std::vector<std::byte> bulk_;
  std::vector<Packet> inbox_;
  bool quit_ = false;
  bool lost_ = false;
};

}  // namespace

int CheckTransportBetween(const std::vector<std::string>& hosts) {
  std::string error;
  const std::unique_ptr<transport::Transport> transport = transport::JoinMpi(error);
  if (transport == nullptr) {
    std::fprintf(stderr, "clopencl-launcher: %s\n", error.c_str());
    return 1;
  }
  Checker checker(*transport);
  if (transport->rank() != 0) {
    checker.Serve();
    transport->Close();
    return 0;
  }
  size_t width = 4;
  for (const std::string& host : hosts) width = std::max(width, host.size());
  const int column = static_cast<int>(width);
  std::printf("%-*s  %-*s  %14s  %14s\n", column, "from", column, "to", "round trip us", "MB/s one way");
  const Rank size = std::min(transport->size(), static_cast<int>(hosts.size()));
  for (Rank first = 0; first < size; ++first) {
    for (Rank second = first + 1; second < size; ++second) {
      const Packet result = checker.MeasureBetween(first, second);
      const auto at = [&hosts](Rank rank) { return hosts[static_cast<size_t>(rank)].c_str(); };
      if (checker.lost()) {
        std::fprintf(stderr, "clopencl-launcher: nothing passes between %s and %s\n", at(first), at(second));
        return 1;
      }
      std::printf("%-*s  %-*s  %14.1f  %14.0f\n", column, at(first), column, at(second), result.round_trip_us,
                  result.megabytes_per_second);
      std::fflush(stdout);
    }
  }
  for (Rank rank = 1; rank < transport->size(); ++rank) transport->SendQuit(rank);
  transport->Close();
  return 0;
}

}  // namespace clopencl::launch
