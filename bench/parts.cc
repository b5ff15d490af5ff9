// clopencl-bench-parts: what the parts cost that every command goes through: codec, packets, ids, residency.
#include <benchmark/benchmark.h>

#include <array>

#include "common/wire/dispatch.h"
#include "frontend/id_table.h"
#include "frontend/residency.h"

namespace clopencl {
namespace {

wire::LaunchKernel Launch(std::span<const wire::KernelArg> args = {}) {
  static constexpr std::array<uint64_t, 1> kOne{1};
  return {{{1, 0}, {}, {}}, {1, 0}, {}, kOne, kOne, args, {}};
}

void EncodeLaunch(benchmark::State& state) {
  wire::PacketBuilder builder(0);
  ByteBuffer spare;
  const wire::LaunchKernel message = Launch();
  for (auto _ : state) {
    builder.Add(message);
    if (builder.size() > 16384) spare = builder.Take(0, std::move(spare));
  }
}
BENCHMARK(EncodeLaunch);

void EncodeLaunchWithArguments(benchmark::State& state) {
  wire::PacketBuilder builder(0);
  ByteBuffer spare;
  const std::array<std::byte, 4> value{};
  std::array<wire::KernelArg, 4> args{};
  for (uint32_t i = 0; i < args.size(); ++i) args[i] = {i, wire::ArgKind::kValue, 0, value};
  const wire::LaunchKernel message = Launch(args);
  for (auto _ : state) {
    builder.Add(message);
    if (builder.size() > 16384) spare = builder.Take(0, std::move(spare));
  }
}
BENCHMARK(EncodeLaunchWithArguments);

// Takes in every message and does nothing.
struct Sink {
  uint64_t messages = 0;
  template <typename Message>
  void On(const Message& message) {
    benchmark::DoNotOptimize(&message);
    ++messages;
  }
};

void DecodeLaunches(benchmark::State& state) {
  constexpr int kMessages = 100;
  wire::PacketBuilder builder(0);
  for (int i = 0; i < kMessages; ++i) builder.Add(Launch());
  const ByteBuffer packet = builder.Take(0);
  wire::Arena arena;
  Sink sink;
  for (auto _ : state) {
    if (wire::Dispatch<wire::ServerMessages>(packet, sink, arena) != wire::PacketError::kNone)
      state.SkipWithError("the packet was refused");
  }
  state.SetItemsProcessed(static_cast<int64_t>(sink.messages));
}
BENCHMARK(DecodeLaunches);

void DecodeCompletions(benchmark::State& state) {
  constexpr int kMessages = 100;
  wire::PacketBuilder builder(0);
  for (int i = 0; i < kMessages; ++i) builder.Add(wire::EventCompleted{{1, 0}, 0, {}, {}});
  const ByteBuffer packet = builder.Take(0);
  wire::Arena arena;
  Sink sink;
  for (auto _ : state) {
    if (wire::Dispatch<wire::FrontendMessages>(packet, sink, arena) != wire::PacketError::kNone)
      state.SkipWithError("the packet was refused");
  }
  state.SetItemsProcessed(static_cast<int64_t>(sink.messages));
}
BENCHMARK(DecodeCompletions);

void IdInsertEraseBehind(benchmark::State& state) {
  frontend::IdTable<EventKind, int> table;
  int object = 0;
  for (int64_t i = 0; i < state.range(0); ++i) table.Insert(&object);
  for (auto _ : state) table.Erase(table.Insert(&object));
}
BENCHMARK(IdInsertEraseBehind)->Arg(0)->Arg(1'000'000);

void IdFind(benchmark::State& state) {
  frontend::IdTable<EventKind, int> table;
  int object = 0;
  std::vector<EventId> ids;
  for (int64_t i = 0; i < state.range(0); ++i) ids.push_back(table.Insert(&object));
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(table.Find(ids[i = (i + 7919) % ids.size()]));
}
BENCHMARK(IdFind)->Arg(100)->Arg(1'000'000);

// A whole object to and fro between two servers.
void ResidencyPingPong(benchmark::State& state) {
  frontend::Residency residency(size_t{1} << 20);
  residency.Write(0, 0, size_t{1} << 20);
  size_t session = 0;
  for (auto _ : state) {
    session = 1 - session;
    benchmark::DoNotOptimize(residency.Read(session, 0, size_t{1} << 20));
    residency.Write(session, 0, size_t{1} << 20);
  }
}
BENCHMARK(ResidencyPingPong);

// Reading a part of an object that is in so many pieces on two servers.
void ResidencyReadPart(benchmark::State& state) {
  const size_t pieces = static_cast<size_t>(state.range(0));
  frontend::Residency residency(pieces * 4096);
  for (size_t i = 0; i < pieces; ++i) residency.Write(i % 2, i * 4096, 4096);
  size_t i = 0;
  for (auto _ : state) {
    i = (i + 7919) % pieces;
    benchmark::DoNotOptimize(residency.Read(i % 2, i * 4096, 4096));
  }
}
BENCHMARK(ResidencyReadPart)->Arg(16)->Arg(4096);

}  // namespace
}  // namespace clopencl

BENCHMARK_MAIN();
