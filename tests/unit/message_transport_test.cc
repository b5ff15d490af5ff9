// What MessageTransport gives its port to do, and what it makes of failures, over a port that does only what
// the test says.
#include "common/transport/message_transport.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/transport/control_message.h"
#include "support/transport_steps.h"

namespace clopencl::transport {
namespace {

constexpr size_t kLargestPacket = 100;

// Sends of at most `eager` bytes are complete at once; all else waits for Complete().
class ScriptedPort final : public MessagePort {
 public:
  struct Posted {
    bool receive = false;
    Rank peer = 0;
    int tag = 0;
    std::byte* data = nullptr;
    size_t size = 0;
    Transfer* owner = nullptr;
  };

  explicit ScriptedPort(Rank rank = 0, int size = 3) : rank_(rank), size_(size) {}

  Rank rank() const override { return rank_; }
  int size() const override { return size_; }
  size_t largest_packet() const override { return kLargestPacket; }
  std::string ErrorText(Error error) const override { return "error " + std::to_string(error); }

  Started Send(Rank to, int tag, std::span<const std::byte> bytes, Transfer* owner) override {
    if (failing.contains(to)) return {failing[to], false};
    sent.emplace_back(to, tag, ByteBuffer(bytes.begin(), bytes.end()));
    if (bytes.size() <= eager) return {0, true};
    posted.push_back({false, to, tag, const_cast<std::byte*>(bytes.data()), bytes.size(), owner});
    return {};
  }
  Error Receive(Rank from, int tag, std::span<std::byte> into, Transfer* owner) override {
    if (failing.contains(from)) return failing[from];
    posted.push_back({true, from, tag, into.data(), into.size(), owner});
    return 0;
  }
  Error Test(std::vector<Completion>& completions) override {
    if (test_error != 0) return test_error;
    completions.insert(completions.end(), completed.begin(), completed.end());
    completed.clear();
    return 0;
  }
  bool AnyUnderWay() const override { return !posted.empty() || !completed.empty(); }
  void Forget(const std::function<bool(const Transfer&)>& fits,
              const std::function<void(Transfer*)>& forgotten) override {
    std::erase_if(posted, [&](const Posted& message) {
      if (!fits(*message.owner)) return false;
      forgotten(message.owner);
      return true;
    });
  }
  std::optional<Packet> NextPacket() override {
    if (arrived.empty()) return {};
    const auto& [from, bytes, error] = arrived.front();
    return Packet{from, bytes, error};
  }
  void DropPacket() override { arrived.pop_front(); }
  std::optional<Probed> Probe() override { return {}; }
  void Leave(bool orderly) override { left = orderly; }

  // Lets the oldest posted message of that direction end.
  void Complete(bool receive, Error error = 0, std::optional<size_t> actual = {}, bool too_long = false) {
    const auto message =
        std::find_if(posted.begin(), posted.end(), [&](const Posted& p) { return p.receive == receive; });
    ASSERT_NE(message, posted.end());
    completed.push_back({message->owner, message->size, actual.value_or(message->size), too_long, error});
    posted.erase(message);
  }
  void Arrive(Rank from, std::string_view text) {
    ByteBuffer bytes;
    PutText(text, bytes);
    arrived.emplace_back(from, std::move(bytes), 0);
  }
  void Announce(Rank from, uint64_t size) {
    ByteBuffer bytes;
    PutAnnouncement(size, bytes);
    arrived.emplace_back(from, std::move(bytes), 0);
  }

  size_t eager = 50;
  std::map<Rank, Error> failing;
  Error test_error = 0;
  std::vector<std::tuple<Rank, int, ByteBuffer>> sent;
  std::vector<Posted> posted;
  std::vector<Completion> completed;
  std::deque<std::tuple<Rank, ByteBuffer, Error>> arrived;
  std::optional<bool> left;

 private:
  const Rank rank_;
  const int size_;
};

class MessageTransportTest : public testing::Test {
 protected:
  void Use(ScriptedPort* port) {
    port_ = port;
    transport_ = std::make_unique<MessageTransport>(std::unique_ptr<MessagePort>(port));
  }
  void SetUp() override { Use(new ScriptedPort()); }

  Done Into(std::optional<bool>& result) {
    return [&result](bool ok) {
      EXPECT_FALSE(result.has_value()) << "told twice";
      result = ok;
    };
  }
  void Progress(int times = 1) {
    while (times-- > 0) transport_->Progress(mailbox_);
  }
  std::string TextOf(const ByteBuffer& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  ScriptedPort* port_ = nullptr;
  std::unique_ptr<MessageTransport> transport_;
  Mailbox mailbox_;
  ByteBuffer memory_ = Pattern(1, 20000);
  std::optional<bool> result_, other_result_;
};

TEST_F(MessageTransportTest, AtMostEightPiecesOfATransferAreUnderWay) {
  transport_->ReceivePayload(1, 20, {memory_.data(), 2050}, 100, Into(result_));
  EXPECT_EQ(port_->posted.size(), 8u);
  for (int piece = 0; piece < 21; ++piece) {
    EXPECT_FALSE(result_.has_value());
    EXPECT_LE(port_->posted.size(), 8u);
    EXPECT_EQ(port_->posted.front().data, memory_.data() + piece * 100);
    EXPECT_EQ(port_->posted.front().size, piece == 20 ? 50u : 100u);
    port_->Complete(true);
    Progress();
  }
  EXPECT_EQ(result_, true);
  EXPECT_FALSE(transport_->HasPending());
}

TEST_F(MessageTransportTest, WhatIsSentSetsOffTheSignalOfItsReceiver) {
  const auto signal = SharedSignal::Create();
  const auto count = [&] { return signal->signal().count(); };
  transport_->SetSignal(1, signal);
  transport_->SendPacket(1, Pattern(1, 10));
  EXPECT_EQ(count(), 1u);
  transport_->SendPacket(2, Pattern(1, 10));
  transport_->ReceivePayload(1, 20, {memory_.data(), 100}, 100, Into(result_));
  EXPECT_EQ(count(), 1u);
  transport_->SendPayload(1, 20, {memory_.data(), 250}, 100, Into(other_result_));
  EXPECT_EQ(count(), 4u) << "three pieces";
  transport_->SendQuit(1);
  EXPECT_EQ(count(), 5u);
}

TEST_F(MessageTransportTest, KnowsWhenThereIsNothingToDoBeforeSomethingArrives) {
  EXPECT_TRUE(transport_->AwaitsArrivals());
  transport_->ReceivePayload(1, 20, {memory_.data(), 100}, 100, Into(result_));
  EXPECT_TRUE(transport_->AwaitsArrivals()) << "its sender has to begin";
  port_->Complete(true);
  Progress();
  transport_->SendPayload(1, 20, {memory_.data(), 100}, 100, Into(other_result_));
  EXPECT_FALSE(transport_->AwaitsArrivals()) << "a send may need us to go on";
  port_->Complete(false);
  Progress();
  EXPECT_TRUE(transport_->AwaitsArrivals());
  std::vector<std::byte> much(size_t{8} << 20);
  std::optional<bool> much_result;
  transport_->ReceivePayload(1, 20, much, much.size(), Into(much_result));
  EXPECT_FALSE(transport_->AwaitsArrivals()) << "it may be arriving when nobody looks often any more";
  port_->Complete(true);
  Progress();
  EXPECT_EQ(much_result, true);
  EXPECT_TRUE(transport_->AwaitsArrivals());
}

TEST_F(MessageTransportTest, ATransferWaitsForTheLastPieceOfTheOneBefore) {
  transport_->ReceivePayload(1, 20, {memory_.data(), 900}, 100, Into(result_));
  transport_->ReceivePayload(1, 20, {memory_.data() + 1000, 100}, 100, Into(other_result_));
  EXPECT_EQ(port_->posted.size(), 8u) << "the second one would take the ninth piece of the first";
  port_->Complete(true);
  Progress();
  EXPECT_EQ(port_->posted.size(), 9u);
  EXPECT_EQ(port_->posted.back().data, memory_.data() + 1000);
}

TEST_F(MessageTransportTest, OtherTagsPeersAndDirectionsDoNotWait) {
  transport_->ReceivePayload(1, 20, {memory_.data(), 900}, 100, Into(result_));
  std::optional<bool> results[3];
  transport_->ReceivePayload(1, 21, {memory_.data() + 1000, 100}, 100, Into(results[0]));
  transport_->ReceivePayload(2, 20, {memory_.data() + 1100, 100}, 100, Into(results[1]));
  transport_->SendPayload(1, 20, {memory_.data() + 1200, 100}, 100, Into(results[2]));
  EXPECT_EQ(port_->posted.size(), 11u);
}

TEST_F(MessageTransportTest, LargePacketsTravelAnnouncedAndTheirFollowersWait) {
  port_->Announce(1, 300);
  port_->Arrive(1, "later");
  port_->Arrive(2, "of another");
  Progress(3);
  EXPECT_EQ(mailbox_.Count(1), 0u);
  EXPECT_EQ(mailbox_.Count(2), 1u);
  ASSERT_EQ(port_->posted.size(), 1u);
  EXPECT_EQ(port_->posted[0].tag, kBodyTag);
  const ByteBuffer body = Pattern(3, 300);
  std::memcpy(port_->posted[0].data, body.data(), body.size());
  port_->Complete(true);
  Progress();
  ASSERT_EQ(mailbox_.Count(1), 2u);
  EXPECT_EQ(mailbox_.Take(1), body);
  EXPECT_EQ(TextOf(mailbox_.Take(1)), "later");
}

TEST_F(MessageTransportTest, ASecondLargePacketWaitsForTheFirst) {
  port_->Announce(1, 300);
  port_->Arrive(1, "between");
  port_->Announce(1, 400);
  port_->Arrive(1, "CLO-QUIT");
  Progress(4);
  EXPECT_EQ(port_->posted.size(), 1u);
  port_->Complete(true);
  Progress();
  EXPECT_EQ(mailbox_.Count(1), 2u);
  ASSERT_EQ(port_->posted.size(), 1u);
  EXPECT_EQ(port_->posted[0].size, 400u);
  EXPECT_FALSE(mailbox_.TakeQuit(1));
  port_->Complete(true);
  Progress();
  EXPECT_EQ(mailbox_.Count(1), 3u);
  EXPECT_TRUE(mailbox_.TakeQuit(1));
}

TEST_F(MessageTransportTest, APacketOfTheLargestSizeTravelsAlone) {
  transport_->SendPacket(1, Pattern(1, kLargestPacket));
  ASSERT_EQ(port_->sent.size(), 1u);
  transport_->SendPacket(1, Pattern(1, kLargestPacket + 1));
  ASSERT_EQ(port_->sent.size(), 3u);
  EXPECT_EQ(std::get<2>(port_->sent[1]).size(), kAnnouncementSize);
  EXPECT_EQ(AnnouncedSize(std::get<2>(port_->sent[1])), kLargestPacket + 1);
  EXPECT_EQ(std::get<1>(port_->sent[2]), kBodyTag);
}

TEST_F(MessageTransportTest, QuitIsEightBytesOnTheChannelOfPackets) {
  transport_->SendQuit(2);
  ASSERT_EQ(port_->sent.size(), 1u);
  EXPECT_EQ(std::get<0>(port_->sent[0]), 2);
  EXPECT_EQ(std::get<1>(port_->sent[0]), 0);
  EXPECT_EQ(TextOf(std::get<2>(port_->sent[0])), "CLO-QUIT");
}

TEST_F(MessageTransportTest, AFailedSendLosesThePeerAndOnlyIt) {
  std::optional<bool> third;
  transport_->SendPayload(1, 20, {memory_.data(), 2000}, 100, Into(result_));
  transport_->ReceivePayload(1, 21, {memory_.data(), 100}, 100, Into(other_result_));
  transport_->ReceivePayload(2, 20, {memory_.data(), 100}, 100, Into(third));
  port_->failing[1] = 5;
  transport_->SendPacket(1, Pattern(1, 10));
  EXPECT_FALSE(result_.has_value() || other_result_.has_value()) << "told outside of Progress()";
  Progress();
  EXPECT_EQ(result_, false);
  EXPECT_EQ(other_result_, false);
  EXPECT_EQ(mailbox_.lost(), std::vector<Rank>{1});

  port_->Complete(true);
  port_->Arrive(2, "alive");
  Progress();
  EXPECT_EQ(third, true);
  EXPECT_EQ(mailbox_.Count(2), 1u);
  EXPECT_EQ(mailbox_.lost().size(), 1u) << "told once";
  EXPECT_FALSE(transport_->HasPending());
}

TEST_F(MessageTransportTest, AFailedPieceFailsItsTransfer) {
  transport_->SendPayload(1, 20, {memory_.data(), 2000}, 100, Into(result_));
  port_->Complete(false, 7);
  port_->Complete(false, 7);
  Progress();
  EXPECT_EQ(result_, false);
  EXPECT_TRUE(port_->posted.empty());
  EXPECT_EQ(mailbox_.lost(), std::vector<Rank>{1});
}

TEST_F(MessageTransportTest, TheFirstPieceMayFail) {
  port_->failing[1] = 5;
  transport_->SendPayload(1, 20, {memory_.data(), 2000}, 100, Into(result_));
  transport_->SendPayload(1, 20, {memory_.data(), 100}, 100, Into(other_result_));
  EXPECT_TRUE(transport_->HasPending());
  Progress(2);
  EXPECT_EQ(result_, false);
  EXPECT_EQ(other_result_, false);
  EXPECT_FALSE(transport_->HasPending());
}

TEST_F(MessageTransportTest, ALostPeerGetsAndGivesNothing) {
  port_->failing[1] = 5;
  transport_->SendPacket(1, Pattern(1, 10));
  Progress();
  port_->failing.clear();
  port_->sent.clear();
  transport_->SendPacket(1, Pattern(1, 10));
  transport_->SendPacket(1, Pattern(1, 1000));
  transport_->SendQuit(1);
  transport_->SendPayload(1, 20, {memory_.data(), 2000}, 100, Into(result_));
  transport_->ReceivePayload(1, 21, {memory_.data(), 2000}, 100, Into(other_result_));
  port_->Arrive(1, "late");
  Progress();
  EXPECT_TRUE(port_->sent.empty());
  EXPECT_TRUE(port_->posted.empty());
  EXPECT_EQ(mailbox_.Count(1), 0u);
  EXPECT_EQ(result_, false);
  EXPECT_EQ(other_result_, false);
}

TEST_F(MessageTransportTest, SizesThatDifferFailTheTransferButKeepThePeer) {
  transport_->ReceivePayload(1, 20, {memory_.data(), 100}, 100, Into(result_));
  port_->Complete(true, 0, 99);
  Progress();
  EXPECT_EQ(result_, false);
  transport_->ReceivePayload(1, 20, {memory_.data(), 100}, 100, Into(other_result_));
  port_->Complete(true, 0, 100, true);
  Progress();
  EXPECT_EQ(other_result_, false);
  EXPECT_TRUE(mailbox_.lost().empty());
}

TEST_F(MessageTransportTest, AnErrorOfNobodyLosesEverybody) {
  transport_->ReceivePayload(1, 20, {memory_.data(), 100}, 100, Into(result_));
  port_->test_error = 9;
  Progress();
  EXPECT_EQ(result_, false);
  EXPECT_EQ(mailbox_.lost(), (std::vector<Rank>{1, 2}));
}

TEST_F(MessageTransportTest, APacketThatCannotBeLosesItsSender) {
  port_->Announce(1, uint64_t{1} << 63);
  port_->Arrive(1, "after it");
  Progress(2);
  EXPECT_EQ(mailbox_.lost(), std::vector<Rank>{1});
  EXPECT_EQ(mailbox_.Count(1), 0u);
}

TEST_F(MessageTransportTest, AReceiveErrorOfAKnownSenderLosesIt) {
  port_->arrived.emplace_back(2, ByteBuffer(), 4);
  port_->arrived.emplace_back(-1, ByteBuffer(), 4);
  port_->Arrive(1, "goes on");
  Progress(3);
  EXPECT_EQ(mailbox_.lost(), std::vector<Rank>{2});
  EXPECT_EQ(mailbox_.Count(1), 1u);
}

TEST_F(MessageTransportTest, AnUnknownControlMessageIsIgnored) {
  port_->Arrive(1, "CLO-WHAT");
  port_->Arrive(1, "goes on");
  Progress(2);
  EXPECT_EQ(mailbox_.Count(1), 1u);
}

TEST_F(MessageTransportTest, CloseWaitsForTheOthersAndTellsThem) {
  transport_->ReceivePayload(1, 20, {memory_.data(), 100}, 100, Into(result_));
  port_->Arrive(1, "CLO-REDY");
  port_->Arrive(2, "CLO-REDY");
  transport_->Close();
  EXPECT_EQ(result_, false) << "nobody sent it";
  EXPECT_EQ(port_->left, true);
  ASSERT_EQ(port_->sent.size(), 2u);
  for (const auto& [to, tag, bytes] : port_->sent) EXPECT_EQ(TextOf(bytes), "CLO-DONE");
}

TEST_F(MessageTransportTest, CloseDoesNotWaitForALostPeerNorLeavesInOrder) {
  port_->failing[1] = 5;
  transport_->SendPacket(1, Pattern(1, 10));
  port_->Arrive(2, "CLO-REDY");
  transport_->Close();
  EXPECT_EQ(port_->left, false);
}

TEST_F(MessageTransportTest, CloseEndsWhenRankZeroIsLost) {
  Use(new ScriptedPort(2));
  port_->failing[0] = 5;
  transport_->Close();
  EXPECT_EQ(port_->left, false);
}

TEST_F(MessageTransportTest, WhatCompletionsStartWhileClosingFails) {
  Use(new ScriptedPort(0, 1));
  port_->eager = 5000;
  transport_->SendPayload(0, 20, {memory_.data(), 100}, 100, [&](bool ok) {
    EXPECT_TRUE(ok);
    transport_->SendPacket(0, Pattern(1, 1));
    transport_->ReceivePayload(0, 21, {memory_.data(), 100}, 100, Into(result_));
  });
  transport_->Close();
  EXPECT_EQ(result_, false);
  EXPECT_EQ(port_->sent.size(), 1u);
}

}  // namespace
}  // namespace clopencl::transport
