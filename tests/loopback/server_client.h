// What talks to rank servers in tests: encodes messages, decodes answers, and drives servers and itself in
// one thread.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/transport/loopback_transport.h"
#include "common/wire/dispatch.h"
#include "loopback/server_pieces.h"
#include "rankserver/server.h"

namespace clopencl::testing {

using Bytes = std::vector<std::byte>;

Bytes ToBytes(std::span<const std::byte> bytes);
// `count` bytes that differ for different seeds.
Bytes Pattern(size_t count, uint32_t seed);

struct Completed {
  int32_t status = 0;
  wire::ProfilingTimes times{};
  Bytes data;
};

struct BuiltArg {
  wire::KernelArgFacts facts;  // The views are empty; see the texts.
  std::string type_name, name;
};
struct BuiltKernel {
  std::string name;
  bool has_arg_info = false;
  std::vector<BuiltArg> args;
  size_t devices = 0;
};
struct Built {
  int32_t status = 0;
  std::vector<std::string> logs;
  std::vector<int32_t> build_status;
  std::vector<BuiltKernel> kernels;
  std::string kernel_names;
};

struct Info {
  int32_t status = 0;
  Bytes value;
};

// A payload of the test, kept until it arrived.
struct Payload {
  transport::Tag tag = 0;
  Bytes data;
  bool done = false;
  bool ok = false;
};

// The frontend's end of one channel of one server.
class Link {
 public:
  Link(transport::Transport& transport, transport::Rank peer, uint16_t channel);

  template <typename Message>
  void Post(const Message& message) {
    builder_.Add(message);
  }
  // Sends what was posted.
  void Flush();
  void SendRaw(ByteBuffer packet) { transport_.SendPacket(peer_, std::move(packet)); }
  void OnPacket(std::span<const std::byte> packet);

  template <typename IdType>
  IdType NewId() {
    return {next_id_++, 1};
  }
  uint32_t NewRequest() { return next_request_++; }

  // --- posted in one line

  ContextId Context(std::vector<DeviceId> devices = {{1, 0}}, bool spans_servers = false);
  QueueId Queue(ContextId context, uint64_t bits = 0, DeviceId device = {1, 0});
  MemId Buffer(ContextId context, uint64_t size);
  EventId UserEvent(ContextId context);
  template <typename Kind>
  void Release(wire::ObjectKind kind, Id<Kind> id) {
    Post(wire::Release{kind, id.Pack()});
  }
  void Watch(EventId event, uint8_t mask = wire::kWatchComplete) { Post(wire::WatchEvent{event, mask}); }

  // A payload that this end receives or sends for a message posted at the same time.
  std::shared_ptr<Payload> ExpectPayload(size_t size);
  std::shared_ptr<Payload> SendPayload(Bytes data);

  void On(const wire::ServerReady& m);
  void On(const wire::ServerFailed& m) { failed = std::string(m.text); }
  void On(const wire::Output& m) {
    output.append(reinterpret_cast<const char*>(m.text.data()), m.text.size());
  }
  void On(const wire::SubDevicesCreated& m) { sub_devices[m.request] = {m.status, m.devices.size()}; }
  void On(const wire::InfoAnswered& m) { infos[m.request] = {m.status, ToBytes(m.value)}; }
  void On(const wire::SvmAllocated& m) { svm[m.request] = m.address; }
  void On(const wire::ProgramCreated& m);
  void On(const wire::ProgramBuilt& m);
  void On(const wire::ProgramBinaries& m);
  void On(const wire::QueueFinished& m) { finished[m.request] = m.status; }
  void On(const wire::EventCompleted& m);
  void On(const wire::EventStatusChanged& m) { statuses.emplace_back(m.event, m.status); }
  void On(const wire::EventAnswered& m) { answered[m.request] = {m.status, m.times, {}}; }
  void On(const wire::ContentsMoved& m) { moved.push_back(m.payload_tag); }
  void On(const wire::ClockRead&) {}
  void On(const wire::TraceFetched&) {}

  bool ready = false;
  std::string host, error;
  SignalAddress signal;
  uint32_t channel_count = 0;
  std::vector<std::map<uint32_t, Bytes>> device_facts;
  std::map<uint32_t, Bytes> platform_facts;
  std::string failed;
  std::string output;
  std::map<uint32_t, std::pair<int32_t, size_t>> sub_devices;
  std::map<uint32_t, Info> infos;
  std::map<uint32_t, uint64_t> svm;
  std::map<uint32_t, std::pair<int32_t, std::vector<int32_t>>> created;
  std::map<uint32_t, Built> built;
  std::map<uint32_t, std::pair<int32_t, std::vector<Bytes>>> binaries;
  std::map<uint32_t, int32_t> finished;
  std::map<EventId, Completed> events;
  std::vector<EventId> event_order;  // As they were reported.
  std::vector<std::pair<EventId, int32_t>> statuses;
  std::map<uint32_t, Completed> answered;
  std::vector<uint32_t> moved;
  uint64_t consumed_by_server = 0;
  uint64_t sent_bytes = 0;
  uint64_t packets = 0;  // From the server.

 private:
  transport::Transport& transport_;
  const transport::Rank peer_;
  const uint16_t channel_;
  wire::PacketBuilder builder_;
  wire::Arena arena_;
  uint64_t received_ = 0;
  uint32_t next_id_ = 1;
  uint32_t next_request_ = 1;
};

// Servers 1 to N and the client, rank 0, in one process and one thread.
class ServerHarness final : public transport::PacketHandler {
 public:
  struct Options {
    int servers = 1;
    rankserver::Limits limits{
        .window_bytes = uint64_t{32} << 20, .chunk_bytes = 16384, .inline_bytes = 4096, .staging_depth = 3};
    std::string error;
    int capture_descriptor = -1;
  };

  ServerHarness(const rankserver::NativeApi& api, Options options);
  ~ServerHarness() override;

  // One pass of everybody. True when anything happened.
  bool Pump();
  // Passes until `done`; false when that takes too long.
  bool Until(const std::function<bool()>& done, std::chrono::seconds limit = std::chrono::seconds(20));
  // Enough passes for everything that needs no native command to be over.
  void Settle();

  Link& link(int server = 1) { return *links_.at(static_cast<size_t>(server - 1)); }
  rankserver::Server& server(int server = 1) { return *servers_.at(static_cast<size_t>(server - 1)); }
  transport::LoopbackHub& hub() { return hub_; }
  transport::Transport& transport() { return *client_; }

  // --- waiting for one answer; each fails the test when it does not come

  int32_t Finish(QueueId queue, int server = 1);
  Completed Wait(EventId event, int server = 1);
  Built Build(ProgramId program, const std::string& options = "", int server = 1);
  Info Query(wire::Query query, uint32_t param, uint64_t object, DeviceId device = {}, Bytes input = {},
             int server = 1);
  // A whole read or write and its end.
  Bytes Read(QueueId queue, MemId mem, uint64_t offset, uint64_t size, bool payload, int server = 1);
  int32_t Write(QueueId queue, MemId mem, uint64_t offset, const Bytes& data, bool payload, int server = 1);
  // Ends the servers and checks nothing is left. Called by the destructor, too.
  void Close();

  void OnPacket(transport::Rank from, std::span<const std::byte> packet) override;
  void OnQuit(transport::Rank) override {}
  void OnPeerLost(transport::Rank peer) override { lost.insert(peer); }

  std::set<transport::Rank> lost;

 private:
  transport::LoopbackHub hub_;
  std::unique_ptr<PieceTransport> client_;
  std::vector<std::unique_ptr<PieceTransport>> transports_;
  std::vector<std::unique_ptr<rankserver::Server>> servers_;
  std::vector<std::unique_ptr<Link>> links_;
  bool closed_ = false;
};

// Kernels of the mock.
inline constexpr char kMockSource[] =
    "kernel void add(global int* p, int n) kernel void scale_into(global int* to, global const int* from, "
    "int n) "
    "kernel void nothing()";

}  // namespace clopencl::testing
