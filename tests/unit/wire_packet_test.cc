#include "common/wire/packet.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "common/wire/dispatch.h"
#include "support/message_filler.h"

namespace clopencl::wire {
namespace {

// Takes any message; keeps what it was.
class Recorder {
 public:
  template <typename Message>
  void On(const Message& message) {
    seen.push_back(std::to_string(kOpcode<Message>) + " " + Describe(message));
  }
  std::vector<std::string> seen;
};

template <typename Message>
std::string Seen(const Message& message) {
  return std::to_string(kOpcode<Message>) + " " + Describe(message);
}

ByteBuffer HeaderOnly() { return PacketBuilder(3).Take(77); }

TEST(Packet, CarriesItsHeader) {
  PacketHeader header;
  ASSERT_EQ(ReadHeader(HeaderOnly(), header), PacketError::kNone);
  EXPECT_EQ(header.channel, 3);
  EXPECT_EQ(header.consumed, 77u);
  EXPECT_EQ(header.protocol, kProtocolHash);
}

TEST(Packet, ShorterThanItsHeaderIsNotOurs) {
  const ByteBuffer packet = HeaderOnly();
  ASSERT_EQ(packet.size(), kPacketHeaderSize);
  PacketHeader header;
  for (size_t length = 0; length < packet.size(); ++length) {
    EXPECT_EQ(ReadHeader({packet.data(), length}, header), PacketError::kNotOurs);
  }
}

TEST(Packet, OtherMagicIsNotOurs) {
  ByteBuffer packet = HeaderOnly();
  packet[0] ^= std::byte{1};
  PacketHeader header;
  EXPECT_EQ(ReadHeader(packet, header), PacketError::kNotOurs);
}

TEST(Packet, OtherBuildsAreRecognised) {
  ByteBuffer packet = HeaderOnly();
  packet[8] ^= std::byte{1};
  PacketHeader header;
  EXPECT_EQ(ReadHeader(packet, header), PacketError::kOtherProtocol);
}

TEST(Packet, TheBuilderStartsOver) {
  PacketBuilder builder(1);
  EXPECT_TRUE(builder.empty());
  builder.Add(Flush{});
  EXPECT_FALSE(builder.empty());
  ByteBuffer next;
  next.reserve(5000);
  const ByteBuffer first = builder.Take(0, std::move(next));
  EXPECT_TRUE(builder.empty());
  builder.Add(Flush{});
  const ByteBuffer second = builder.Take(0);
  EXPECT_EQ(first, second);
  EXPECT_GE(second.capacity(), 5000u) << "made in the memory it was given";
}

TEST(Protocol, OpcodesAreTheIndicesOfTheTypes) {
  EXPECT_EQ(kOpcode<Configure>, 0);
  EXPECT_EQ(kOpcode<ServerReady>, 0);
  EXPECT_EQ(kOpcode<SetDefaultDeviceQueue>, ServerMessages::kSize - 1);
  EXPECT_TRUE(kIsServerMessage<LaunchKernel>);
  EXPECT_FALSE(kIsServerMessage<EventCompleted>);
}

struct Layout1 {
  uint32_t a;
  std::string_view b;
};
struct Layout2 {
  std::string_view a;
  uint32_t b;
};
struct Layout3 {
  int32_t a;
  std::string_view b;
};
struct Layout4 {
  uint32_t a;
  std::span<const std::byte> b;
};
struct Layout5 {
  uint64_t a;
  std::string_view b;
};
struct Layout6 {
  std::array<uint32_t, 2> a;
};
struct Layout7 {
  std::array<uint32_t, 3> a;
};
struct Layout8 {
  std::span<const uint32_t> a;
};

TEST(Protocol, TheHashTellsLayoutsApart) {
  const std::set<uint64_t> hashes = {internal::HashLayout<Layout1>(1), internal::HashLayout<Layout2>(1),
                                     internal::HashLayout<Layout3>(1), internal::HashLayout<Layout4>(1),
                                     internal::HashLayout<Layout5>(1), internal::HashLayout<Layout6>(1),
                                     internal::HashLayout<Layout7>(1), internal::HashLayout<Layout8>(1)};
  EXPECT_EQ(hashes.size(), 8u);
}

TEST(Dispatch, HandsOutAllMessagesInOrder) {
  MessageFiller filler(3);
  const auto launch = filler.Make<LaunchKernel>();
  const auto write = filler.Make<WriteBuffer>();
  const auto link = filler.Make<LinkProgram>();
  PacketBuilder builder(0);
  builder.Add(launch);
  builder.Add(write);
  builder.Add(link);
  builder.Add(launch);
  Recorder recorder;
  Arena arena;
  EXPECT_EQ(Dispatch<ServerMessages>(builder.Take(0), recorder, arena), PacketError::kNone);
  EXPECT_EQ(recorder.seen, (std::vector{Seen(launch), Seen(write), Seen(link), Seen(launch)}));
}

TEST(Dispatch, APacketMayBeEmpty) {
  Recorder recorder;
  Arena arena;
  EXPECT_EQ(Dispatch<FrontendMessages>(HeaderOnly(), recorder, arena), PacketError::kNone);
  EXPECT_TRUE(recorder.seen.empty());
}

// A good message, then what `spoil` makes of a second one.
template <typename Spoil>
void ExpectSecondRefused(Spoil spoil) {
  MessageFiller filler(4);
  const auto good = filler.Make<QueueFinished>();
  PacketBuilder builder(0);
  builder.Add(good);
  const size_t second_at = builder.size();
  builder.Add(filler.Make<ServerFailed>());
  ByteBuffer packet = builder.Take(0);
  spoil(packet, second_at);
  Recorder recorder;
  Arena arena;
  EXPECT_EQ(Dispatch<FrontendMessages>(packet, recorder, arena), PacketError::kMalformed);
  EXPECT_EQ(recorder.seen, std::vector{Seen(good)}) << "those before are handled";
}

TEST(Dispatch, RefusesAnUnknownOpcode) {
  ExpectSecondRefused([](ByteBuffer& packet, size_t at) {
    const uint16_t opcode = FrontendMessages::kSize;
    std::memcpy(packet.data() + at + sizeof(uint32_t), &opcode, sizeof opcode);
  });
}

TEST(Dispatch, RefusesAFrameThatGoesOnBehindThePacket) {
  ExpectSecondRefused([](ByteBuffer& packet, size_t) { packet.pop_back(); });
}

TEST(Dispatch, RefusesAHugeFrame) {
  ExpectSecondRefused([](ByteBuffer& packet, size_t at) {
    const uint32_t size = 0xffffffff;
    std::memcpy(packet.data() + at, &size, sizeof size);
  });
}

TEST(Dispatch, RefusesACutFrameHeader) {
  ExpectSecondRefused([](ByteBuffer& packet, size_t at) { packet.resize(at + kFrameHeaderSize - 1); });
}

TEST(Dispatch, RefusesBytesBehindTheMessageInAFrame) {
  ExpectSecondRefused([](ByteBuffer& packet, size_t at) {
    uint32_t size = 0;
    std::memcpy(&size, packet.data() + at, sizeof size);
    ++size;
    std::memcpy(packet.data() + at, &size, sizeof size);
    packet.push_back(std::byte{0});
  });
}

}  // namespace
}  // namespace clopencl::wire
