#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "support/transport_scenarios.h"
#include "support/transport_steps.h"

namespace clopencl::transport {
namespace {

ByteBuffer Bytes(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

ByteBuffer NumberPacket(Transport& self, uint32_t number) {
  ByteBuffer packet = self.AcquireBuffer();
  packet.resize(sizeof number);
  std::memcpy(packet.data(), &number, sizeof number);
  return packet;
}

uint32_t NumberOf(const ByteBuffer& packet) {
  uint32_t number = 0;
  EXPECT_EQ(packet.size(), sizeof number);
  if (packet.size() == sizeof number) std::memcpy(&number, packet.data(), sizeof number);
  return number;
}

void ManySmallPacketsKeepTheirOrder(Transport& self, Mailbox& mailbox) {
  constexpr uint32_t kCount = 8000;
  for (uint32_t number = 0; number < kCount; ++number) {
    ForEachPeer(self, [&](Rank peer) { self.SendPacket(peer, NumberPacket(self, number)); });
    if (number % 256 == 0) self.Progress(mailbox);
  }
  ForEachPeer(self, [&](Rank peer) {
    for (uint32_t number = 0; number < kCount; ++number) {
      ASSERT_EQ(NumberOf(NextPacket(self, mailbox, peer)), number) << "from rank " << peer;
    }
  });
}

// Sizes around every border inside: empty, the transport's own messages, eager messages, its receive buffers.
void PacketsOfAllSizesArriveWholeAndInOrder(Transport& self, Mailbox& mailbox) {
  constexpr size_t kSizes[] = {0,    1,     7,     8,     9,       15, 16, 17,    4095, 4096,
                               4097, 65535, 65536, 65537, 1048576, 3,  0,  70000, 5,    5000000};
  for (size_t size : kSizes) {
    ForEachPeer(self, [&](Rank peer) {
      self.SendPacket(peer, Pattern(static_cast<uint32_t>(self.rank() * 100 + peer), size));
    });
  }
  ForEachPeer(self, [&](Rank peer) {
    for (size_t size : kSizes) {
      ASSERT_EQ(NextPacket(self, mailbox, peer),
                Pattern(static_cast<uint32_t>(peer * 100 + self.rank()), size))
          << "size " << size << " from rank " << peer;
    }
  });
}

void SmallPacketsDoNotOvertakeLargeOnes(Transport& self, Mailbox& mailbox) {
  for (uint32_t round = 0; round < 20; ++round) {
    ForEachPeer(self, [&](Rank peer) {
      self.SendPacket(peer, Pattern(round, 300000 + round));
      self.SendPacket(peer, NumberPacket(self, round));
    });
  }
  ForEachPeer(self, [&](Rank peer) {
    for (uint32_t round = 0; round < 20; ++round) {
      ASSERT_EQ(NextPacket(self, mailbox, peer), Pattern(round, 300000 + round));
      ASSERT_EQ(NumberOf(NextPacket(self, mailbox, peer)), round);
    }
  });
}

void PacketsThatLookLikeControlMessagesAreJustPackets(Transport& self, Mailbox& mailbox) {
  constexpr std::string_view kTexts[] = {"CLO-QUIT",         "CLO-BODY",         "CLO-REDY", "CLO-DONE",
                                         "CLO-BODY12345678", "CLO-QUIT12345678", "CLO-",     "CLO-QUIT!"};
  for (std::string_view text : kTexts) {
    ForEachPeer(self, [&](Rank peer) { self.SendPacket(peer, Bytes(text)); });
  }
  ForEachPeer(self, [&](Rank peer) {
    for (std::string_view text : kTexts) ASSERT_EQ(NextPacket(self, mailbox, peer), Bytes(text)) << text;
    EXPECT_FALSE(mailbox.TakeQuit(peer));
  });
}

void QuitArrivesInOrder(Transport& self, Mailbox& mailbox) {
  ForEachPeer(self, [&](Rank peer) {
    self.SendPacket(peer, Pattern(1, 200000));
    self.SendQuit(peer);
  });
  ForEachPeer(self, [&](Rank peer) {
    Until(self, mailbox, "the quit message", [&] { return mailbox.TakeQuit(peer); });
    ASSERT_GT(mailbox.Count(peer), 0u) << "the quit message overtook the packet sent before it";
    EXPECT_EQ(mailbox.Take(peer), Pattern(1, 200000));
  });
}

// Answers each number from inside the handler with the next smaller one.
class Countdown final : public PacketHandler {
 public:
  Countdown(Transport& self, Mailbox& mailbox) : self_(self), mailbox_(mailbox) {}
  void OnPacket(Rank from, std::span<const std::byte> packet) override {
    uint32_t number = 0;
    if (packet.size() != sizeof number) return mailbox_.OnPacket(from, packet);  // A peer is through already.
    std::memcpy(&number, packet.data(), sizeof number);
    if (number > 0) self_.SendPacket(from, NumberPacket(self_, number - 1));
    if (number <= 1) ++ended_;
  }
  void OnQuit(Rank) override {}
  int ended() const { return ended_; }

 private:
  Transport& self_;
  Mailbox& mailbox_;
  int ended_ = 0;
};

void HandlersMaySend(Transport& self, Mailbox& mailbox) {
  Countdown countdown(self, mailbox);
  ForEachPeer(self, [&](Rank peer) {
    self.SendPacket(peer, NumberPacket(self, 2001));
    while (mailbox.Count(peer) > 0) countdown.OnPacket(peer, mailbox.Take(peer));
  });
  // Each pair has two chains; of each, one end sees the last packet and the other end the one before it.
  Until(self, countdown, "the end of the countdowns",
        [&] { return countdown.ended() == 2 * (self.size() - 1); });
}

void PacketBuffersAreUsedAgain(Transport& self, Mailbox& mailbox) {
  ForEachPeer(self, [&](Rank peer) { self.SendPacket(peer, Pattern(1, 5000)); });
  ForEachPeer(self, [&](Rank peer) { NextPacket(self, mailbox, peer); });
  Until(self, mailbox, "the sends to end", [&] { return !self.HasPending(); });
  size_t largest = 0;
  for (int i = 0; i < 64; ++i) {
    const ByteBuffer buffer = self.AcquireBuffer();
    EXPECT_TRUE(buffer.empty());
    largest = std::max(largest, buffer.capacity());
  }
  EXPECT_GE(largest, 5000u);
}

}  // namespace

const std::vector<Scenario>& PacketScenarios() {
  static const std::vector<Scenario> scenarios = {
      {"ManySmallPacketsKeepTheirOrder", ManySmallPacketsKeepTheirOrder},
      {"PacketsOfAllSizesArriveWholeAndInOrder", PacketsOfAllSizesArriveWholeAndInOrder},
      {"SmallPacketsDoNotOvertakeLargeOnes", SmallPacketsDoNotOvertakeLargeOnes},
      {"PacketsThatLookLikeControlMessagesAreJustPackets", PacketsThatLookLikeControlMessagesAreJustPackets},
      {"QuitArrivesInOrder", QuitArrivesInOrder},
      {"HandlersMaySend", HandlersMaySend},
      {"PacketBuffersAreUsedAgain", PacketBuffersAreUsedAgain},
  };
  return scenarios;
}

void Meet(Transport& self, Mailbox& mailbox) {
  ForEachPeer(self, [&](Rank peer) { Tell(self, peer); });
  ForEachPeer(self, [&](Rank peer) { Hear(self, mailbox, peer); });
}

}  // namespace clopencl::transport
