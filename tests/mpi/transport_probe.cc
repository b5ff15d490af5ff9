// Measures the MPI transport and the waiting policy between two ranks, beside raw MPI on the same links.
//
//   mpirun -np 2 mpi_transport_probe [poll] [latency] [idle] [bandwidth]      (default: all)
//
// The CLOPENCL_* options apply. Rank 1 answers as a server does, waiting with a Backoff; "spin" rows poll
// without one.
#include <mpi.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/backoff.h"
#include "common/transport/mpi_transport.h"

namespace clopencl::transport {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kTransfer = size_t{64} << 20;
constexpr Tag kTag = 100;
constexpr int kRawTag = 7;  // Of no packet, body or payload.

double MicrosSince(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// What rank 0 asks rank 1 to do.
enum class Ask : uint32_t {
  kEcho,
  kEchoSpinning,
  kReceive,
  kSend,
  kRawEcho,
  kRawReceive,
  kRawSend,
  kUsage,
  kEnd
};
struct Request {
  Ask ask{};
  uint32_t count = 0;
  uint64_t chunk = 0;
};

class Inbox final : public PacketHandler {
 public:
  void OnPacket(Rank, std::span<const std::byte> packet) override {
    std::memcpy(&last_, packet.data(), std::min(packet.size(), sizeof last_));
    ++count_;
  }
  void OnQuit(Rank) override {}
  bool Take(Request& request) {
    if (count_ == 0) return false;
    --count_;
    request = last_;
    return true;
  }

 private:
  Request last_;
  int count_ = 0;
};

class Side {
 public:
  explicit Side(Transport& transport) : transport_(transport), memory_(kTransfer) {}

  void Post(const Request& request) {
    ByteBuffer packet = transport_.AcquireBuffer();
    packet.resize(sizeof request);
    std::memcpy(packet.data(), &request, sizeof request);
    transport_.SendPacket(1 - transport_.rank(), std::move(packet));
  }

  Request Next(bool spinning) {
    backoff_.Reset();
    Request request;
    while (!inbox_.Take(request)) {
      if (transport_.Progress(inbox_)) {
        backoff_.Reset();
      } else if (!spinning) {
        backoff_.Pause();
      }
    }
    return request;
  }

  void Transfer(bool send, uint64_t chunk) {
    backoff_.Reset();
    bool done = false;
    const Done on_done = [&done](bool) { done = true; };
    if (send) {
      transport_.SendPayload(1 - transport_.rank(), kTag, memory_, chunk, on_done);
    } else {
      transport_.ReceivePayload(1 - transport_.rank(), kTag, memory_, chunk, on_done);
    }
    while (!done) {
      if (transport_.Progress(inbox_)) {
        backoff_.Reset();
      } else {
        backoff_.Pause();
      }
    }
  }

  // All pieces given to MPI at once; waits as Transfer() does.
  void RawTransfer(bool send, uint64_t chunk) {
    std::vector<MPI_Request> requests;
    for (size_t at = 0; at < kTransfer; at += chunk) {
      const int count = static_cast<int>(std::min<size_t>(chunk, kTransfer - at));
      requests.emplace_back();
      if (send) {
        MPI_Isend(memory_.data() + at, count, MPI_BYTE, 1 - transport_.rank(), kRawTag, MPI_COMM_WORLD,
                  &requests.back());
      } else {
        MPI_Irecv(memory_.data() + at, count, MPI_BYTE, 1 - transport_.rank(), kRawTag, MPI_COMM_WORLD,
                  &requests.back());
      }
    }
    backoff_.Reset();
    for (int done = 0; done == 0;) {
      MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
      if (done == 0) backoff_.Pause();
    }
  }

  void RawEcho(uint32_t count, bool first) {
    char bytes[8] = {};
    const int peer = 1 - transport_.rank();
    for (uint32_t i = 0; i < count; ++i) {
      if (first) MPI_Send(bytes, 8, MPI_BYTE, peer, kRawTag, MPI_COMM_WORLD);
      MPI_Recv(bytes, 8, MPI_BYTE, peer, kRawTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      if (!first) MPI_Send(bytes, 8, MPI_BYTE, peer, kRawTag, MPI_COMM_WORLD);
    }
  }

  void IdlePolls(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) transport_.Progress(inbox_);
  }

 private:
  Transport& transport_;
  Inbox inbox_;
  ByteBuffer memory_;
  Backoff backoff_{GetConfig()};
};

uint64_t UsedMicros() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& time) {
    return static_cast<uint64_t>(time.tv_sec) * 1000000 + static_cast<uint64_t>(time.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

void Serve(Side& side) {
  bool spinning = false;
  for (;;) {
    Request request = side.Next(spinning);
    spinning = request.ask == Ask::kEchoSpinning;
    switch (request.ask) {
      case Ask::kEcho:
      case Ask::kEchoSpinning:
        side.Post(request);
        break;
      case Ask::kReceive:
      case Ask::kSend:
        side.Transfer(request.ask == Ask::kSend, request.chunk);
        break;
      case Ask::kRawReceive:
      case Ask::kRawSend:
        side.RawTransfer(request.ask == Ask::kRawSend, request.chunk);
        break;
      case Ask::kRawEcho:
        side.RawEcho(request.count, false);
        break;
      case Ask::kUsage:
        request.chunk = UsedMicros();
        side.Post(request);
        break;
      case Ask::kEnd:
        return;
    }
  }
}

void PrintTimes(const char* what, std::vector<double>& times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](double part) {
    return times[static_cast<size_t>(part * static_cast<double>(times.size() - 1))];
  };
  std::printf("%-44s median %8.2f us   90 %% %8.2f   max %8.1f\n", what, at(0.5), at(0.9), at(1));
  std::fflush(stdout);
}

void MeasurePoll(Side& side) {
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    const auto start = Clock::now();
    side.IdlePolls(20000);
    best = std::min(best, MicrosSince(start) / 20000);
  }
  std::printf("%-44s %8.1f ns\n", "poll, nothing under way", best * 1000);
}

void MeasureLatency(Side& side) {
  constexpr uint32_t kRounds = 5000;
  std::vector<double> times;
  side.Post({Ask::kRawEcho, kRounds, 0});
  for (uint32_t i = 0; i < kRounds; ++i) {
    const auto start = Clock::now();
    side.RawEcho(1, true);
    times.push_back(MicrosSince(start));
  }
  PrintTimes("round trip, raw MPI, 8 bytes", times);
  for (bool spinning : {true, false}) {
    times.clear();
    for (uint32_t i = 0; i < kRounds; ++i) {
      const auto start = Clock::now();
      side.Post({spinning ? Ask::kEchoSpinning : Ask::kEcho, 0, 0});
      side.Next(spinning);
      times.push_back(MicrosSince(start));
    }
    PrintTimes(spinning ? "round trip, spin" : "round trip, waiting policy", times);
  }
  for (int idle_ms : {1, 10, 100, 800}) {
    times.clear();
    for (int i = 0; i < (idle_ms < 100 ? 200 : 8); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(idle_ms));
      const auto start = Clock::now();
      side.Post({Ask::kEcho, 0, 0});
      side.Next(false);
      times.push_back(MicrosSince(start));
    }
    PrintTimes(("round trip after " + std::to_string(idle_ms) + " ms of idleness").c_str(), times);
  }
}

uint64_t PeerUsage(Side& side) {
  side.Post({Ask::kUsage, 0, 0});
  return side.Next(false).chunk;
}

void MeasureIdle(Side& side) {
  // Asking wakes the peer. So the cost of waiting on after a second is that of 4 seconds less that of one.
  const uint64_t start = PeerUsage(side);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const uint64_t after_one = PeerUsage(side);
  std::this_thread::sleep_for(std::chrono::seconds(4));
  const uint64_t after_four = PeerUsage(side);
  const double first = static_cast<double>(after_one - start);
  const double later = static_cast<double>(after_four - after_one) - first;
  std::printf("%-44s %8.2f %%\n", "CPU of an idle rank, first second", first / 1e4);
  std::printf("%-44s %8.2f %%\n", "CPU of an idle rank, after one second", later / 3e4);
  std::fflush(stdout);
}

// Median and best of GB/s, as "3.1 (4.2)".
std::string Rates(std::vector<double> micros) {
  std::sort(micros.begin(), micros.end());
  const auto rate = [](double time) { return static_cast<double>(kTransfer) / time / 1000; };
  char text[40];
  std::snprintf(text, sizeof text, "%5.2f (%5.2f)", rate(micros[micros.size() / 2]), rate(micros[0]));
  return text;
}

// In turns, so that all see the same disturbances.
void MeasureBandwidth(Side& side) {
  constexpr int kRounds = 15;
  std::printf("64 MiB one way in GB/s, median (best):\n%12s  %-14s %-14s %-14s %-14s\n", "pieces", "raw sent",
              "sent", "raw received", "received");
  for (size_t chunk = size_t{64} << 10; chunk <= kTransfer; chunk *= 4) {
    std::vector<double> times[4];
    for (int round = -1; round < kRounds; ++round) {
      for (int kind = 0; kind < 4; ++kind) {
        constexpr Ask kAsks[] = {Ask::kRawReceive, Ask::kReceive, Ask::kRawSend, Ask::kSend};
        const bool sending = kind < 2, raw = kind % 2 == 0;
        const auto start = Clock::now();
        side.Post({kAsks[kind], 0, chunk});
        raw ? side.RawTransfer(sending, chunk) : side.Transfer(sending, chunk);
        if (round >= 0) times[kind].push_back(MicrosSince(start));
      }
    }
    std::printf("%8zu KiB  %-14s %-14s %-14s %-14s\n", chunk >> 10, Rates(times[0]).c_str(),
                Rates(times[1]).c_str(), Rates(times[2]).c_str(), Rates(times[3]).c_str());
    std::fflush(stdout);
  }
}

int Run(int argc, char** argv) {
  std::string error;
  const auto transport = JoinMpi(error);
  if (transport == nullptr || transport->size() != 2) {
    std::fprintf(stderr, "%s\n", transport == nullptr ? error.c_str() : "start me with two ranks");
    return EXIT_FAILURE;
  }
  Side side(*transport);
  if (transport->rank() == 1) {
    Serve(side);
  } else {
    const auto wanted = [&](std::string_view what) {
      return argc == 1 || std::any_of(argv + 1, argv + argc, [&](const char* word) { return what == word; });
    };
    if (wanted("poll")) MeasurePoll(side);
    if (wanted("latency")) MeasureLatency(side);
    if (wanted("idle")) MeasureIdle(side);
    if (wanted("bandwidth")) MeasureBandwidth(side);
    side.Post({Ask::kEnd, 0, 0});
  }
  transport->Close();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace clopencl::transport

int main(int argc, char** argv) { return clopencl::transport::Run(argc, argv); }
