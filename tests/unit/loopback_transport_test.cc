#include "common/transport/loopback_transport.h"

#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "support/transport_scenarios.h"
#include "support/transport_steps.h"

namespace clopencl::transport {
namespace {

// Runs `body` once for each rank, each in a thread.
void OnEachRank(int ranks, const std::function<void(Transport&, Mailbox&)>& body) {
  LoopbackHub hub(ranks);
  // All endpoints exist before the first one can close or be destroyed.
  std::vector<std::unique_ptr<Transport>> endpoints;
  for (Rank rank = 0; rank < ranks; ++rank) endpoints.push_back(hub.Endpoint(rank));
  std::vector<std::thread> threads;
  for (std::unique_ptr<Transport>& endpoint : endpoints) {
    threads.emplace_back([&body, &endpoint, &hub] {
      try {
        Mailbox mailbox;
        body(*endpoint, mailbox);
      } catch (const std::exception& failure) {
        ADD_FAILURE() << failure.what();
        hub.Drop(endpoint->rank());  // Ends what the others wait for.
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class OverLoopback : public testing::TestWithParam<std::tuple<int, Scenario>> {};

TEST_P(OverLoopback, Holds) {
  const auto& [ranks, scenario] = GetParam();
  OnEachRank(ranks, [&scenario = scenario](Transport& self, Mailbox& mailbox) {
    scenario.run(self, mailbox);
    Meet(self, mailbox);
    self.Close();
  });
}

class ClosingLoopback : public testing::TestWithParam<std::tuple<int, Scenario>> {};

TEST_P(ClosingLoopback, Holds) {
  const auto& [ranks, scenario] = GetParam();
  OnEachRank(ranks, scenario.run);
}

std::string NameOf(const testing::TestParamInfo<std::tuple<int, Scenario>>& info) {
  return std::string(std::get<1>(info.param).name) + "_" + std::to_string(std::get<0>(info.param)) + "_ranks";
}
INSTANTIATE_TEST_SUITE_P(Packets, OverLoopback,
                         testing::Combine(testing::Values(2, 4), testing::ValuesIn(PacketScenarios())),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Payloads, OverLoopback,
                         testing::Combine(testing::Values(2, 4), testing::ValuesIn(PayloadScenarios())),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Closing, ClosingLoopback,
                         testing::Combine(testing::Values(2, 4), testing::ValuesIn(ClosingScenarios())),
                         NameOf);

// --- faults; both endpoints in this thread

class LoopbackFaults : public testing::Test {
 protected:
  // Sends and receives between both ranks that nobody answers.
  void PostHalves() {
    ends_[0]->SendPayload(1, 20, bytes_, 4096, Into(results_[0]));
    ends_[0]->ReceivePayload(1, 21, bytes_, 4096, Into(results_[1]));
    ends_[1]->SendPayload(0, 22, bytes_, 4096, Into(results_[2]));
    ends_[1]->ReceivePayload(0, 23, bytes_, 4096, Into(results_[3]));
  }
  static Done Into(std::optional<bool>& result) {
    return [&result](bool ok) { result = ok; };
  }
  void ProgressBoth() {
    for (int rank : {0, 1}) {
      if (ends_[rank] != nullptr) ends_[rank]->Progress(mailboxes_[rank]);
    }
  }

  LoopbackHub hub_{2};
  std::unique_ptr<Transport> ends_[2] = {hub_.Endpoint(0), hub_.Endpoint(1)};
  Mailbox mailboxes_[2];
  ByteBuffer bytes_ = Pattern(1, 10000);
  std::optional<bool> results_[4];
};

TEST_F(LoopbackFaults, DropFailsWhatIsUnderWayAtBothEnds) {
  PostHalves();
  hub_.Drop(1);
  for (const auto& result : results_) EXPECT_FALSE(result.has_value()) << "told outside of Progress()";
  ProgressBoth();
  for (const auto& result : results_) EXPECT_EQ(result, false);
  EXPECT_EQ(mailboxes_[0].lost(), std::vector<Rank>{1});
  EXPECT_FALSE(ends_[0]->HasPending());
}

TEST_F(LoopbackFaults, ADroppedPeerTakesAndGivesNothing) {
  hub_.Drop(1);
  ends_[0]->SendPacket(1, Pattern(1, 10));
  ends_[1]->SendPacket(0, Pattern(1, 10));
  PostHalves();
  ProgressBoth();
  for (const auto& result : results_) EXPECT_EQ(result, false);
  EXPECT_EQ(mailboxes_[0].Count(1), 0u);
  EXPECT_EQ(mailboxes_[1].Count(0), 0u);
}

TEST_F(LoopbackFaults, WhatWasSentBeforeTheDropArrives) {
  ends_[1]->SendPacket(0, Pattern(1, 10));
  hub_.Drop(1);
  ProgressBoth();
  EXPECT_EQ(mailboxes_[0].Count(1), 1u);
}

TEST_F(LoopbackFaults, AnEndpointDestroyedWithoutCloseIsLost) {
  PostHalves();
  ends_[1].reset();
  ProgressBoth();
  EXPECT_EQ(results_[0], false);
  EXPECT_EQ(results_[1], false);
  EXPECT_EQ(mailboxes_[0].lost(), std::vector<Rank>{1});
  ends_[0]->Close();
}

TEST_F(LoopbackFaults, CloseDoesNotWaitForADroppedPeer) {
  hub_.Drop(1);
  ends_[0]->Close();
}

TEST_F(LoopbackFaults, InjectedBytesArriveAsAPacket) {
  hub_.InjectPacket(1, 0, Pattern(9, 33));
  ProgressBoth();
  ASSERT_EQ(mailboxes_[0].Count(1), 1u);
  EXPECT_EQ(mailboxes_[0].Take(1), Pattern(9, 33));
}

TEST_F(LoopbackFaults, HoldKeepsBackPacketsAndPayloadsInOneDirection) {
  hub_.Hold(0, 1);
  ByteBuffer into(bytes_.size());
  ends_[0]->SendPacket(1, Pattern(1, 10));
  ends_[0]->SendPayload(1, 20, bytes_, 4096, Into(results_[0]));
  ends_[1]->ReceivePayload(0, 20, into, 4096, Into(results_[1]));
  ends_[1]->SendPacket(0, Pattern(2, 10));
  ProgressBoth();
  EXPECT_EQ(mailboxes_[1].Count(0), 0u);
  EXPECT_EQ(mailboxes_[0].Count(1), 1u);
  EXPECT_FALSE(results_[0].has_value() || results_[1].has_value());
  EXPECT_TRUE(ends_[0]->HasPending());

  hub_.Release(0, 1);
  ProgressBoth();
  EXPECT_EQ(mailboxes_[1].Count(0), 1u);
  EXPECT_EQ(results_[0], true);
  EXPECT_EQ(results_[1], true);
  EXPECT_TRUE(into == bytes_);
}

TEST_F(LoopbackFaults, LatePacketsLeaveWithProgress) {
  hub_.SendLate(0, true);
  ends_[0]->SendPacket(1, Pattern(1, 10));
  EXPECT_TRUE(ends_[0]->HasPending());
  ends_[1]->Progress(mailboxes_[1]);
  EXPECT_EQ(mailboxes_[1].Count(0), 0u);
  ProgressBoth();
  EXPECT_EQ(mailboxes_[1].Count(0), 1u);
  EXPECT_FALSE(ends_[0]->HasPending());

  ends_[0]->SendPacket(1, Pattern(2, 10));
  hub_.SendLate(0, false);
  ends_[0]->SendPacket(1, Pattern(3, 10));
  ProgressBoth();
  EXPECT_EQ(mailboxes_[1].Take(0), Pattern(1, 10));
  EXPECT_EQ(mailboxes_[1].Take(0), Pattern(2, 10));
  EXPECT_EQ(mailboxes_[1].Take(0), Pattern(3, 10));
}

TEST_F(LoopbackFaults, EndsThatDisagreeOnTheSizeFail) {
  ByteBuffer shorter(bytes_.size() - 1);
  ends_[0]->SendPayload(1, 20, bytes_, 4096, Into(results_[0]));
  ends_[1]->ReceivePayload(0, 20, shorter, 4096, Into(results_[1]));
  ProgressBoth();
  EXPECT_EQ(results_[0], false);
  EXPECT_EQ(results_[1], false);
}

TEST(Loopback, WhatIsSentSetsOffTheSignalOfItsReceiver) {
  LoopbackHub hub(2);
  const auto sender = hub.Endpoint(0), receiver = hub.Endpoint(1);
  const auto signal = SharedSignal::Create();
  sender->SetSignal(1, signal);
  EXPECT_TRUE(receiver->AwaitsArrivals());
  sender->SendPacket(1, Pattern(1, 10));
  EXPECT_EQ(signal->signal().count(), 1u);
  ByteBuffer data = Pattern(1, 10), into(10);
  receiver->ReceivePayload(0, 20, into, 10, [](bool) {});
  EXPECT_TRUE(receiver->AwaitsArrivals());
  sender->SendPayload(1, 20, data, 10, [](bool) {});
  EXPECT_EQ(signal->signal().count(), 2u);
  EXPECT_FALSE(receiver->AwaitsArrivals()) << "it is told in Progress()";
}

TEST_F(LoopbackFaults, AnEndpointIsTakenOnce) { EXPECT_THROW(hub_.Endpoint(0), std::logic_error); }

}  // namespace
}  // namespace clopencl::transport
