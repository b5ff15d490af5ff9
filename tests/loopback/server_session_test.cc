// How a session begins, is kept in step, and ends.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "loopback/server_client.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {
namespace {

std::string Text(const Bytes& value) {
  return value.empty() ? std::string()
                       : std::string(reinterpret_cast<const char*>(value.data()), value.size() - 1);
}

TEST(ServerSession, AnnouncesWhatItServes) {
  MockOpenCl mock(
      {.devices = {{.name = "first"}, {.name = "second", .type = CL_DEVICE_TYPE_GPU, .unified = false}}});
  ServerHarness harness(MockOpenCl::Api(), {});
  const Link& link = harness.link();
  EXPECT_EQ(link.host, "host1");
  EXPECT_EQ(link.error, "");
  EXPECT_EQ(link.channel_count, 1u);
  ASSERT_EQ(link.device_facts.size(), 2u);
  EXPECT_EQ(Text(link.platform_facts.at(CL_PLATFORM_NAME)), "OpenCL in memory");
  EXPECT_EQ(Text(link.device_facts[0].at(CL_DEVICE_NAME)), "first");
  EXPECT_EQ(Text(link.device_facts[1].at(CL_DEVICE_NAME)), "second");
  EXPECT_FALSE(link.device_facts[0].contains(CL_DEVICE_PLATFORM)) << "handles mean nothing to the frontend";
}

TEST(ServerSession, SaysWhyItHasNothing) {
  MockOpenCl mock;
  ServerHarness harness(MockOpenCl::Api(), {.error = "no devices today"});
  EXPECT_EQ(harness.link().error, "no devices today");
  EXPECT_TRUE(harness.link().device_facts.empty());
}

TEST(ServerSession, EndsWithShutdown) {
  MockOpenCl mock;
  ServerHarness harness(MockOpenCl::Api(), {});
  harness.link().Context();
  harness.link().Post(wire::Shutdown{});
  EXPECT_TRUE(harness.Until([&] { return harness.server().ended(); }));
  harness.Close();
  EXPECT_EQ(mock.live_objects(), 0u);
}

TEST(ServerSession, EndsWithQuitAndWithRankZero) {
  MockOpenCl mock;
  {
    ServerHarness harness(MockOpenCl::Api(), {});
    harness.transport().SendQuit(1);
    EXPECT_TRUE(harness.Until([&] { return harness.server().ended(); }));
  }
  ServerHarness harness(MockOpenCl::Api(), {.servers = 2});
  harness.hub().Drop(2);
  harness.Settle();
  EXPECT_FALSE(harness.server(1).ended()) << "another server's end is not the session's";
  harness.hub().Drop(0);
  EXPECT_TRUE(harness.Until([&] { return harness.server(1).ended(); }));
}

TEST(ServerSession, ReleasesEverythingAtTheEnd) {
  MockOpenCl mock;
  {
    ServerHarness harness(MockOpenCl::Api(), {});
    Link& link = harness.link();
    const ContextId context = link.Context();
    const QueueId queue = link.Queue(context);
    const MemId mem = link.Buffer(context, 65536);
    EXPECT_EQ(harness.Write(queue, mem, 0, Pattern(65536, 1), true), CL_COMPLETE);
    harness.Read(queue, mem, 0, 65536, true);
    const EventId user = link.UserEvent(context);
    const auto event = link.NewId<EventId>();
    link.Post(wire::CopyBuffer{{queue, event, std::array{user}}, mem, mem, 0, 32768, 1024});
    harness.Settle();
    EXPECT_GT(mock.live_objects(), 0u);
  }
  EXPECT_EQ(mock.live_objects(), 0u);
  EXPECT_EQ(mock.faults(), std::vector<std::string>{});
}

TEST(ServerSession, EndsQueuesThatNoIdNames) {
  MockOpenCl mock({.threads = 0});  // A command runs when its queue is waited for.
  {
    ServerHarness harness(MockOpenCl::Api(), {});
    Link& link = harness.link();
    const uint64_t profiling[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE};
    link.Post(wire::CreateQueue{QueueId{0, 1}, link.Context(), DeviceId{1, 0}, profiling});
    // The server asks a queue with times for those of a marker.
    EXPECT_TRUE(harness.Until([&] { return mock.live_objects() == 3; }));
  }
  EXPECT_EQ(mock.live_objects(), 0u);
  EXPECT_EQ(mock.faults(), std::vector<std::string>{});
}

TEST(ServerSession, EndsWhatWaitsForEventsWhoseIdWasGivenAgain) {
  MockOpenCl mock;
  {
    ServerHarness harness(MockOpenCl::Api(), {});
    Link& link = harness.link();
    const ContextId context = link.Context();
    const QueueId queue = link.Queue(context);
    const EventId user = link.UserEvent(context);
    for (int again = 0; again < 2; ++again) {
      link.Post(wire::Marker{{queue, link.NewId<EventId>(), std::array{user}}});
      link.Post(wire::CreateUserEvent{user, context});
    }
    harness.Settle();
    EXPECT_EQ(mock.pending_commands(), 2u);
  }
  EXPECT_EQ(mock.live_objects(), 0u);
  EXPECT_EQ(mock.faults(), std::vector<std::string>{});
}

TEST(ServerSession, RefusesAnotherProtocol) {
  MockOpenCl mock;
  ServerHarness harness(MockOpenCl::Api(), {});
  wire::PacketBuilder builder(0);
  builder.Add(wire::Shutdown{});
  ByteBuffer packet = builder.Take(0);
  packet[8] ^= std::byte{1};  // In the protocol hash.
  harness.link().SendRaw(std::move(packet));
  EXPECT_TRUE(harness.Until([&] { return !harness.link().failed.empty(); }));
  EXPECT_NE(harness.link().failed.find("another version of the protocol"), std::string::npos)
      << harness.link().failed;
  EXPECT_TRUE(harness.Until([&] { return harness.server().ended(); }));
}

TEST(ServerSession, RefusesWhatIsMalformed) {
  for (int kind = 0; kind < 5; ++kind) {
    MockOpenCl mock;
    ServerHarness harness(MockOpenCl::Api(), {});
    wire::PacketBuilder builder(kind == 1 ? 7 : 0);
    builder.Add(wire::Finish{1, {1, 1}});
    ByteBuffer packet = builder.Take(0);
    if (kind == 0) packet[0] ^= std::byte{1};                              // Magic.
    if (kind == 2) packet.resize(packet.size() - 1);                       // Truncated.
    if (kind == 3) packet[wire::kPacketHeaderSize + 4] = std::byte{0xff};  // Opcode.
    if (kind == 4) packet.resize(wire::kPacketHeaderSize - 3);
    harness.link().SendRaw(std::move(packet));
    EXPECT_TRUE(harness.Until([&] { return !harness.link().failed.empty(); })) << kind;
    EXPECT_TRUE(harness.Until([&] { return harness.server().ended(); })) << kind;
  }
}

TEST(ServerSession, SetsOffTheSignalsOfItsNeighbours) {
  MockOpenCl mock;
  ServerHarness harness(MockOpenCl::Api(), {});
  EXPECT_NE(SharedSignal::Open(harness.link().signal), nullptr) << "its own can be reached";
  const auto own = SharedSignal::Create();
  const std::vector<wire::Neighbour> neighbours{{0, own->address()}};
  harness.link().Post(wire::MeetNeighbours{neighbours});
  harness.Settle();
  EXPECT_EQ(own->openers(), 1u);
  const uint32_t before = own->signal().count();
  const ContextId context = harness.link().Context();
  EXPECT_EQ(harness.Finish(harness.link().Queue(context)), CL_SUCCESS);
  EXPECT_GT(own->signal().count(), before);
}

TEST(ServerSession, DoesWithoutSignalsThatItCannotReach) {
  MockOpenCl mock;
  ServerHarness harness(MockOpenCl::Api(), {});
  const std::vector<wire::Neighbour> gone{{0, {getpid(), 1 << 20, 1}}};
  harness.link().Post(wire::MeetNeighbours{gone});
  harness.Settle();
  EXPECT_EQ(harness.link().failed, "");
  const std::vector<wire::Neighbour> wrong{{7, {}}};
  harness.link().Post(wire::MeetNeighbours{wrong});
  EXPECT_TRUE(harness.Until([&] { return !harness.link().failed.empty(); })) << "there is no rank 7";
}

TEST(ServerSession, LetsOtherServersSayOnlyWhatIsTheirs) {
  MockOpenCl mock;
  ServerHarness harness(MockOpenCl::Api(), {.servers = 2});
  wire::PacketBuilder builder(0);
  builder.Add(wire::SetEventStatus{{5, 1}, CL_COMPLETE});
  harness.hub().InjectPacket(2, 1, builder.Take(0));
  harness.Settle();
  EXPECT_EQ(harness.link(1).failed, "");
  builder.Add(wire::CreateContext{{1, 1}, {}, false});
  harness.hub().InjectPacket(2, 1, builder.Take(0));
  EXPECT_TRUE(harness.Until([&] { return !harness.link(1).failed.empty(); }));
  EXPECT_EQ(harness.link(2).failed, "");
}

TEST(ServerSession, GivesCreditBackUnasked) {
  MockOpenCl mock;
  ServerHarness harness(MockOpenCl::Api(), {.limits = {.window_bytes = 8192, .chunk_bytes = 16384}});
  Link& link = harness.link();
  const uint64_t packets = link.packets;
  for (int i = 0; i < 2000; ++i) {
    link.Post(wire::Flush{{1, 1}});
    link.Flush();
  }
  EXPECT_TRUE(harness.Until([&] { return link.sent_bytes - link.consumed_by_server < 8192; }));
  EXPECT_GT(link.packets, packets);
  EXPECT_LT(link.packets, packets + 50) << "an answer to each packet would be too much";
}

TEST(ServerSession, ServesOldPlatforms) {
  MockOpenCl mock({.version = "OpenCL 1.2 mock"});
  ServerHarness harness(MockOpenCl::Api(), {});
  Link& link = harness.link();
  const ContextId context = link.Context();
  const QueueId queue = link.Queue(context, CL_QUEUE_PROFILING_ENABLE);
  const MemId mem = link.Buffer(context, 64);
  EXPECT_EQ(harness.Write(queue, mem, 0, Pattern(64, 3), false), CL_COMPLETE);
  EXPECT_EQ(mock.calls("CreateCommandQueue"), 1u);
  const auto sampler = link.NewId<SamplerId>();
  const std::array<uint64_t, 2> properties{CL_SAMPLER_FILTER_MODE, CL_FILTER_LINEAR};
  link.Post(wire::CreateSampler{sampler, context, properties});
  harness.Finish(queue);
  EXPECT_EQ(mock.calls("CreateSampler"), 1u);
  const uint32_t request = link.NewRequest();
  link.Post(wire::SvmAllocate{request, context, 0, 64, 0});
  EXPECT_TRUE(harness.Until([&] { return link.svm.contains(request); }));
  EXPECT_EQ(link.svm[request], 0u);
}

TEST(ServerSession, IsNotServedWhenTooOld) {
  MockOpenCl mock({.version = "OpenCL 1.1 mock"});
  EXPECT_TRUE(rankserver::FindPlatforms(MockOpenCl::Api()).empty());
}

}  // namespace
}  // namespace clopencl::testing
