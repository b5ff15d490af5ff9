#include "loopback/server_client.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/packet_recording.h"

namespace clopencl::testing {

Bytes ToBytes(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

Bytes Pattern(size_t count, uint32_t seed) {
  Bytes bytes(count);
  uint32_t state = seed * 2654435761u + 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

Link::Link(transport::Transport& transport, transport::Rank peer, uint16_t channel)
    : transport_(transport), peer_(peer), channel_(channel), builder_(channel) {}

void Link::Flush() {
  if (builder_.empty()) return;
  ByteBuffer packet = builder_.Take(received_);
  sent_bytes += packet.size();
  transport_.SendPacket(peer_, std::move(packet));
}

void Link::OnPacket(std::span<const std::byte> packet) {
  wire::PacketHeader header;
  ASSERT_EQ(wire::ReadHeader(packet, header), wire::PacketError::kNone);
  ASSERT_EQ(header.channel, channel_);
  received_ += packet.size();
  ++packets;
  consumed_by_server = header.consumed;
  ASSERT_EQ((wire::Dispatch<wire::FrontendMessages>(packet, *this, arena_)), wire::PacketError::kNone);
}

ContextId Link::Context(std::vector<DeviceId> devices, bool spans_servers) {
  const auto id = NewId<ContextId>();
  Post(wire::CreateContext{id, devices, spans_servers});
  return id;
}

QueueId Link::Queue(ContextId context, uint64_t bits, DeviceId device) {
  const auto id = NewId<QueueId>();
  const std::vector<uint64_t> properties =
      bits == 0 ? std::vector<uint64_t>{} : std::vector<uint64_t>{CL_QUEUE_PROPERTIES, bits};
  Post(wire::CreateQueue{id, context, device, properties});
  return id;
}

MemId Link::Buffer(ContextId context, uint64_t size) {
  const auto id = NewId<MemId>();
  Post(wire::CreateBuffer{id, context, CL_MEM_READ_WRITE, size});
  return id;
}

EventId Link::UserEvent(ContextId context) {
  const auto id = NewId<EventId>();
  Post(wire::CreateUserEvent{id, context});
  return id;
}

namespace {

transport::Tag NewTag() {
  static transport::Tag next = transport::kFirstPayloadTag;
  if (++next > transport::kLastPayloadTag) next = transport::kFirstPayloadTag;
  return next;
}

constexpr size_t kChunk = 16384;

}  // namespace

std::shared_ptr<Payload> Link::ExpectPayload(size_t size) {
  auto payload = std::make_shared<Payload>();
  payload->tag = NewTag();
  payload->data.resize(size);
  transport_.ReceivePayload(peer_, payload->tag, payload->data, kChunk, [payload](bool ok) {
    payload->done = true;
    payload->ok = ok;
  });
  return payload;
}

std::shared_ptr<Payload> Link::SendPayload(Bytes data) {
  auto payload = std::make_shared<Payload>();
  payload->tag = NewTag();
  payload->data = std::move(data);
  transport_.SendPayload(peer_, payload->tag, payload->data, kChunk, [payload](bool ok) {
    payload->done = true;
    payload->ok = ok;
  });
  return payload;
}

void Link::On(const wire::ServerReady& m) {
  ready = true;
  host = m.host;
  error = m.error;
  channel_count = m.channel_count;
  signal = m.signal;
  for (const wire::Fact& fact : m.platform) platform_facts[fact.param] = ToBytes(fact.value);
  for (const wire::DeviceFacts& device : m.devices) {
    auto& facts = device_facts.emplace_back();
    for (const wire::Fact& fact : device.facts) facts[fact.param] = ToBytes(fact.value);
  }
}

void Link::On(const wire::ProgramCreated& m) {
  created[m.request] = {m.status, {m.binary_status.begin(), m.binary_status.end()}};
}

void Link::On(const wire::ProgramBuilt& m) {
  Built report;
  report.status = m.status;
  report.kernel_names = m.kernel_names;
  for (const auto& device : m.devices) {
    report.logs.emplace_back(device.log);
    report.build_status.push_back(device.build_status);
  }
  for (const auto& kernel : m.kernels) {
    BuiltKernel one{std::string(kernel.name), kernel.has_arg_info, {}, kernel.devices.size()};
    for (wire::KernelArgFacts facts : kernel.args) {
      BuiltArg arg{{}, std::string(facts.type_name), std::string(facts.name)};
      facts.type_name = facts.name = {};
      arg.facts = facts;
      one.args.push_back(std::move(arg));
    }
    report.kernels.push_back(std::move(one));
  }
  built[m.request] = std::move(report);
}

void Link::On(const wire::ProgramBinaries& m) {
  auto& [status, list] = binaries[m.request];
  status = m.status;
  for (const wire::ByteView binary : m.binaries) list.push_back(ToBytes(binary));
}

void Link::On(const wire::EventCompleted& m) {
  EXPECT_FALSE(events.contains(m.event)) << "event " << m.event.index << " was reported twice";
  events[m.event] = {m.status, m.times, ToBytes(m.data)};
  event_order.push_back(m.event);
}

ServerHarness::ServerHarness(const rankserver::NativeApi& api, Options options) : hub_(options.servers + 1) {
  client_ = std::make_unique<PieceTransport>(RecordPackets(hub_.Endpoint(0)));
  std::vector<rankserver::OfferedPlatform> platforms = rankserver::FindPlatforms(api);
  // The links are to one channel; real machines may have more platforms.
  if (platforms.size() > 1) platforms.erase(platforms.begin() + 1, platforms.end());
  for (int rank = 1; rank <= options.servers; ++rank) {
    transports_.push_back(std::make_unique<PieceTransport>(hub_.Endpoint(rank)));
    rankserver::Server::Settings settings;
    settings.host = "host" + std::to_string(rank);
    settings.error = options.error;
    settings.limits = options.limits;
    settings.capture_descriptor = options.capture_descriptor;
    servers_.push_back(std::make_unique<rankserver::Server>(
        *transports_.back(), options.error.empty() ? platforms : std::vector<rankserver::OfferedPlatform>{},
        std::move(settings)));
    links_.push_back(std::make_unique<Link>(*client_, rank, uint16_t{0}));
  }
  EXPECT_TRUE(Until([&] {
    for (const auto& link : links_) {
      if (!link->ready) return false;
    }
    return true;
  }));
}

ServerHarness::~ServerHarness() { Close(); }

void ServerHarness::Close() {
  if (std::exchange(closed_, true)) return;
  for (const auto& link : links_) link->Flush();
  std::thread leaving([this] { client_->Close(); });
  std::vector<std::thread> servers;
  for (const auto& server : servers_) servers.emplace_back([&] { server->Close(true); });
  leaving.join();
  for (std::thread& thread : servers) thread.join();
  servers_.clear();
}

bool ServerHarness::Pump() {
  bool happened = client_->Progress(*this);
  for (const auto& link : links_) link->Flush();
  for (const auto& server : servers_) happened = server->RunOnce() || happened;
  return client_->Progress(*this) || happened;
}

bool ServerHarness::Until(const std::function<bool()>& done, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return done();
    if (!Pump()) std::this_thread::yield();
  }
  return true;
}

void ServerHarness::Settle() {
  for (int i = 0; i < 50; ++i) Pump();
}

void ServerHarness::OnPacket(transport::Rank from, std::span<const std::byte> packet) {
  links_.at(static_cast<size_t>(from - 1))->OnPacket(packet);
}

int32_t ServerHarness::Finish(QueueId queue, int server) {
  Link& to = link(server);
  const uint32_t request = to.NewRequest();
  to.Post(wire::Finish{request, queue});
  EXPECT_TRUE(Until([&] { return to.finished.contains(request); })) << "no answer to a Finish";
  return to.finished[request];
}

Completed ServerHarness::Wait(EventId event, int server) {
  Link& to = link(server);
  if (!to.events.contains(event)) to.Watch(event);
  EXPECT_TRUE(Until([&] { return to.events.contains(event); }))
      << "event " << event.index << " never completes";
  return to.events[event];
}

Built ServerHarness::Build(ProgramId program, const std::string& options, int server) {
  Link& to = link(server);
  const uint32_t request = to.NewRequest();
  to.Post(wire::BuildProgram{request, program, {}, options});
  EXPECT_TRUE(Until([&] { return to.built.contains(request); })) << "no answer to a build";
  return to.built[request];
}

Info ServerHarness::Query(wire::Query query, uint32_t param, uint64_t object, DeviceId device, Bytes input,
                          int server) {
  Link& to = link(server);
  const uint32_t request = to.NewRequest();
  to.Post(wire::QueryInfo{request, query, param, object, device, input});
  EXPECT_TRUE(Until([&] { return to.infos.contains(request); })) << "no answer to a query";
  return to.infos[request];
}

Bytes ServerHarness::Read(QueueId queue, MemId mem, uint64_t offset, uint64_t size, bool payload,
                          int server) {
  Link& to = link(server);
  const auto event = to.NewId<EventId>();
  const auto data = payload ? to.ExpectPayload(size) : nullptr;
  to.Post(wire::ReadBuffer{{queue, event, {}}, mem, offset, size, {payload ? data->tag : 0}});
  const Completed completed = Wait(event, server);
  to.Release(wire::ObjectKind::kEvent, event);
  EXPECT_EQ(completed.status, CL_COMPLETE);
  if (!payload) return completed.data;
  EXPECT_TRUE(Until([&] { return data->done; })) << "a payload of " << size << " bytes never comes";
  EXPECT_TRUE(data->ok);
  return data->data;
}

int32_t ServerHarness::Write(QueueId queue, MemId mem, uint64_t offset, const Bytes& data, bool payload,
                             int server) {
  Link& to = link(server);
  const auto event = to.NewId<EventId>();
  const auto sent = payload ? to.SendPayload(data) : nullptr;
  to.Post(wire::WriteBuffer{{queue, event, {}},
                            mem,
                            offset,
                            data.size(),
                            {payload ? sent->tag : 0, payload ? wire::ByteView{} : data}});
  const Completed completed = Wait(event, server);
  to.Release(wire::ObjectKind::kEvent, event);
  if (payload) {
    EXPECT_TRUE(Until([&] { return sent->done; }));
  }
  return completed.status;
}

}  // namespace clopencl::testing
