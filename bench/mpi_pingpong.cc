// clopencl-mpi-pingpong: what MPI itself does between ranks 0 and 1, the yardstick for everything built on
// it. JSON on standard output, or in the file named by the first argument, in the form of clopencl-bench.
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "bench/metrics.h"

namespace {

using clopencl::bench::Metrics;

constexpr int kTag = 1;
constexpr int kWarmUp = 1000;
constexpr int kRoundTrips = 20000;
constexpr int kIdleRoundTrips = 100;
constexpr auto kIdle = std::chrono::milliseconds(10);

// One-way transfers move 64 MiB or more as pieces of one size, this many on their way at a time.
constexpr std::size_t kMessageBytes = std::size_t{64} << 20;
constexpr int kWindow = 8;
constexpr int kRepetitions = 5;

double Now() { return MPI_Wtime(); }

void Ping(int peer, char* buffer, int size) {
  MPI_Send(buffer, size, MPI_BYTE, peer, kTag, MPI_COMM_WORLD);
  MPI_Recv(buffer, size, MPI_BYTE, peer, kTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

void Pong(int peer, char* buffer, int size) {
  MPI_Recv(buffer, size, MPI_BYTE, peer, kTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  MPI_Send(buffer, size, MPI_BYTE, peer, kTag, MPI_COMM_WORLD);
}

// Microseconds of each of `count` round trips of 8 bytes, as rank 0 sees them; it sleeps for `pause` before
// each, while rank 1 waits inside MPI.
std::vector<double> RoundTrips(int rank, int count, std::chrono::milliseconds pause) {
  char buffer[8] = {};
  std::vector<double> samples;
  for (int i = 0; i < count; ++i) {
    if (rank == 0 && pause.count() > 0) std::this_thread::sleep_for(pause);
    const double start = Now();
    if (rank == 0) {
      Ping(1, buffer, sizeof(buffer));
    } else {
      Pong(0, buffer, sizeof(buffer));
    }
    samples.push_back((Now() - start) * 1e6);
  }
  return samples;
}

// Sends or receives kMessageBytes in pieces of `chunk` bytes and waits for a last word of the receiver.
// Returns GB/s.
double OneWay(int rank, std::vector<char>& memory, std::size_t chunk) {
  const int peer = 1 - rank;
  const std::size_t pieces = kMessageBytes / chunk;
  std::vector<MPI_Request> window(kWindow, MPI_REQUEST_NULL);
  char last = 0;
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = Now();
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    MPI_Request& request = window[piece % kWindow];
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    char* const place = memory.data() + piece * chunk;
    if (rank == 0) {
      MPI_Isend(place, static_cast<int>(chunk), MPI_BYTE, peer, kTag, MPI_COMM_WORLD, &request);
    } else {
      MPI_Irecv(place, static_cast<int>(chunk), MPI_BYTE, peer, kTag, MPI_COMM_WORLD, &request);
    }
  }
  MPI_Waitall(kWindow, window.data(), MPI_STATUSES_IGNORE);
  if (rank == 0) {
    MPI_Recv(&last, 1, MPI_BYTE, peer, kTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  } else {
    MPI_Send(&last, 1, MPI_BYTE, peer, kTag, MPI_COMM_WORLD);
  }
  return static_cast<double>(kMessageBytes) / (Now() - start) * 1e-9;
}

void Measure(int rank, Metrics& metrics) {
  RoundTrips(rank, kWarmUp, {});
  metrics.Add("round_trip_8b", clopencl::bench::kMicroseconds, RoundTrips(rank, kRoundTrips, {}));
  metrics.Add("round_trip_8b_idle", clopencl::bench::kMicroseconds, RoundTrips(rank, kIdleRoundTrips, kIdle));
  std::vector<char> memory(kMessageBytes, static_cast<char>(rank));
  for (std::size_t chunk = 1024; chunk <= kMessageBytes; chunk *= 4) {
    OneWay(rank, memory, chunk);
    std::vector<double> rates;
    for (int i = 0; i < kRepetitions; ++i) rates.push_back(OneWay(rank, memory, chunk));
    const std::string size = chunk < (std::size_t{1} << 20) ? std::to_string(chunk >> 10) + "kib"
                                                            : std::to_string(chunk >> 20) + "mib";
    metrics.Add("one_way_" + size, clopencl::bench::kGigabytesPerSecond, rates);
  }
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size < 2) {
    std::fprintf(stderr,
                 "clopencl-mpi-pingpong: needs two ranks: mpirun -n 2 clopencl-mpi-pingpong [FILE]\n");
    MPI_Finalize();
    return 2;
  }
  int code = 0;
  if (rank < 2) {
    Metrics metrics;
    Measure(rank, metrics);
    if (rank == 0) {
      const std::string text = metrics.ToJson().dump(2) + "\n";
      if (argc > 1) {
        std::ofstream file(argv[1]);
        file << text << std::flush;
        if (!file) {
          std::fprintf(stderr, "clopencl-mpi-pingpong: cannot write '%s'\n", argv[1]);
          code = 2;
        }
      } else {
        std::cout << text;
      }
    }
  }
  MPI_Finalize();
  return code;
}
