#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

#include "support/transport_scenarios.h"
#include "support/transport_steps.h"

namespace clopencl::transport {
namespace {

Done Into(std::optional<bool>& result) {
  return [&result](bool ok) {
    EXPECT_FALSE(result.has_value()) << "told twice";
    result = ok;
  };
}

void NothingUnderWay(Transport& self, Mailbox&) { self.Close(); }

void OneRankComesLate(Transport& self, Mailbox&) {
  if (self.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(300));
  self.Close();
}

// Nobody makes progress before Close(): all of it is in flight when the ranks leave.
void LargePacketsInFlightToEverybody(Transport& self, Mailbox&) {
  for (uint32_t i = 0; i < 30; ++i) {
    ForEachPeer(self, [&](Rank peer) { self.SendPacket(peer, Pattern(i, 150000)); });
  }
  self.Close();
}

void OneSideReadsBeforeItLeaves(Transport& self, Mailbox& mailbox) {
  constexpr uint32_t kCount = 200;
  if (self.rank() == 1) {
    for (uint32_t i = 0; i < kCount; ++i) self.SendPacket(0, Pattern(i, 100000));
  } else if (self.rank() == 0) {
    for (uint32_t i = 0; i < kCount; ++i) ASSERT_EQ(NextPacket(self, mailbox, 1), Pattern(i, 100000));
  }
  self.Close();
}

void PayloadsThatBothEndsPostedComplete(Transport& self, Mailbox&) {
  ByteBuffer out = Pattern(1, 3000000), in(3000000);
  std::optional<bool> sent, received;
  if (self.rank() == 0) self.SendPayload(1, 77, out, 65536, Into(sent));
  if (self.rank() == 1) self.ReceivePayload(0, 77, in, 65536, Into(received));
  self.Close();
  if (self.rank() == 0) {
    EXPECT_EQ(sent, true);
  }
  if (self.rank() == 1) {
    EXPECT_EQ(received, true);
    EXPECT_TRUE(in == out);
  }
}

void PayloadsThatOneEndPostedEnd(Transport& self, Mailbox&) {
  ByteBuffer out = Pattern(1, 3000000), in(3000000);
  std::optional<bool> sent, received;
  const Rank peer = self.rank() == 0 ? 1 : 0;
  self.SendPayload(peer, self.rank() == 0 ? 70 : 71, out, 65536, Into(sent));
  self.ReceivePayload(peer, self.rank() == 0 ? 72 : 73, in, 65536, Into(received));
  self.Close();
  EXPECT_TRUE(sent.has_value());
  EXPECT_EQ(received, false);
}

// As the launcher ends the job when the program never used OpenCL.
void QuitAndLeave(Transport& self, Mailbox& mailbox) {
  if (self.rank() == 0) {
    ForEachPeer(self, [&](Rank peer) { self.SendQuit(peer); });
  } else {
    Until(self, mailbox, "the quit message", [&] { return mailbox.TakeQuit(0); });
  }
  self.Close();
}

}  // namespace

const std::vector<Scenario>& ClosingScenarios() {
  static const std::vector<Scenario> scenarios = {
      {"NothingUnderWay", NothingUnderWay},
      {"OneRankComesLate", OneRankComesLate},
      {"LargePacketsInFlightToEverybody", LargePacketsInFlightToEverybody},
      {"OneSideReadsBeforeItLeaves", OneSideReadsBeforeItLeaves},
      {"PayloadsThatBothEndsPostedComplete", PayloadsThatBothEndsPostedComplete},
      {"PayloadsThatOneEndPostedEnd", PayloadsThatOneEndPostedEnd},
      {"QuitAndLeave", QuitAndLeave},
  };
  return scenarios;
}

}  // namespace clopencl::transport
