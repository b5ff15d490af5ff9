// Contents of memory objects that move from server to server.
#include <gtest/gtest.h>

#include "loopback/server_client.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {
namespace {

constexpr size_t kSize = 100'000;
constexpr transport::Tag kTag = 200;

class ServerContents : public ::testing::TestWithParam<bool> {
 protected:
  MockOpenCl mock_{MockOpenCl::Settings{
      .devices = {{.type = GetParam() ? cl_device_type{CL_DEVICE_TYPE_CPU} : CL_DEVICE_TYPE_GPU,
                   .unified = GetParam()}}}};
  ServerHarness harness_{MockOpenCl::Api(), {.servers = 2}};
  Link& one_ = harness_.link(1);
  Link& two_ = harness_.link(2);
  ContextId context_one_ = one_.Context({{1, 0}}, true);
  ContextId context_two_ = two_.Context({{1, 0}}, true);
  QueueId queue_one_ = one_.Queue(context_one_);
  QueueId queue_two_ = two_.Queue(context_two_);
  MemId mem_one_ = one_.Buffer(context_one_, kSize);
  MemId mem_two_ = two_.Buffer(context_two_, kSize);

  void TearDown() override { EXPECT_EQ(mock_.faults(), std::vector<std::string>{}); }

  void Move(uint64_t offset, uint64_t size, transport::Tag tag = kTag) {
    one_.Post(wire::SendContents{mem_one_, offset, size, 2, tag});
    two_.Post(wire::ReceiveContents{mem_two_, offset, size, 1, tag});
  }
};

TEST_P(ServerContents, FollowTheCommandsThatMadeThem) {
  for (uint32_t round = 0; round < 10; ++round) {
    const Bytes data = Pattern(kSize, round);
    const auto payload = one_.SendPayload(data);
    one_.Post(wire::WriteBuffer{{queue_one_, {}, {}}, mem_one_, 0, kSize, {payload->tag, {}}});
    one_.Post(wire::CopyBuffer{{queue_one_, {}, {}}, mem_one_, mem_one_, 0, 50'000, 1000});
    Move(0, kSize);
    // Both sides go on at once.
    one_.Post(wire::FillBuffer{{queue_one_, {}, {}}, mem_one_, Pattern(1, 1), 0, kSize});
    two_.Post(wire::CopyBuffer{{queue_two_, {}, {}}, mem_two_, mem_two_, 0, 90'000, 1000});
    Bytes expected = data;
    std::copy_n(data.begin(), 1000, expected.begin() + 50'000);
    std::copy_n(data.begin(), 1000, expected.begin() + 90'000);
    EXPECT_EQ(harness_.Read(queue_two_, mem_two_, 0, kSize, true, 2), expected) << round;
    EXPECT_EQ(harness_.Read(queue_one_, mem_one_, 0, 10, false), Bytes(10, Pattern(1, 1)[0]));
    EXPECT_TRUE(harness_.Until([&] { return two_.moved.size() == round + 1; })) << "the tag is free again";
  }
  EXPECT_TRUE(one_.moved.empty());
}

// What the write waits for is over, and forgotten, before its own data comes.
TEST_P(ServerContents, ArriveBeforeAWriteThatWaitsForThem) {
  EXPECT_EQ(harness_.Write(queue_one_, mem_one_, 0, Pattern(kSize, 1), true), CL_COMPLETE);
  two_.Post(wire::ReceiveContents{mem_two_, 0, kSize, 1, kTag});
  const auto late = std::make_shared<Payload>();
  late->tag = 30'000;
  late->data = Pattern(kSize - 10, 2);
  const auto event = two_.NewId<EventId>();
  two_.Post(wire::WriteBuffer{{queue_two_, event, {}}, mem_two_, 0, late->data.size(), {late->tag, {}}});
  two_.Watch(event);
  harness_.Settle();
  one_.Post(wire::SendContents{mem_one_, 0, kSize, 2, kTag});
  EXPECT_TRUE(harness_.Until([&] { return two_.moved.size() == 1; }));
  harness_.transport().SendPayload(2, late->tag, late->data, 16384, [late](bool) { late->done = true; });
  EXPECT_EQ(harness_.Wait(event, 2).status, CL_COMPLETE);
  Bytes expected = Pattern(kSize, 1);
  std::copy(late->data.begin(), late->data.end(), expected.begin());
  EXPECT_EQ(harness_.Read(queue_two_, mem_two_, 0, kSize, true, 2), expected);
}

TEST_P(ServerContents, ARangeOnly) {
  EXPECT_EQ(harness_.Write(queue_one_, mem_one_, 0, Pattern(kSize, 1), true), CL_COMPLETE);
  EXPECT_EQ(harness_.Write(queue_two_, mem_two_, 0, Pattern(kSize, 2), true, 2), CL_COMPLETE);
  Move(30'000, 20);
  Bytes expected = Pattern(kSize, 2);
  const Bytes source = Pattern(kSize, 1);
  std::copy_n(source.begin() + 30'000, 20, expected.begin() + 30'000);
  EXPECT_EQ(harness_.Read(queue_two_, mem_two_, 0, kSize, true, 2), expected);
}

TEST_P(ServerContents, ImagesAsAWhole) {
  const auto create = [](Link& link, ContextId context) {
    const auto image = link.NewId<MemId>();
    link.Post(wire::CreateImage{image,
                                context,
                                CL_MEM_READ_WRITE,
                                {CL_R, CL_FLOAT},
                                CL_MEM_OBJECT_IMAGE2D,
                                {100, 50, 0, 0},
                                {},
                                {},
                                {}});
    return image;
  };
  const MemId image_one = create(one_, context_one_), image_two = create(two_, context_two_);
  const Bytes data = Pattern(100 * 50 * 4, 7);
  const auto payload = one_.SendPayload(data);
  one_.Post(
      wire::WriteImage{{queue_one_, {}, {}}, image_one, {}, {100, 50, 1}, data.size(), {payload->tag, {}}});
  one_.Post(wire::SendContents{image_one, 0, data.size(), 2, kTag});
  two_.Post(wire::ReceiveContents{image_two, 0, data.size(), 1, kTag});
  const auto read = two_.ExpectPayload(data.size());
  const auto event = two_.NewId<EventId>();
  two_.Post(wire::ReadImage{{queue_two_, event, {}}, image_two, {}, {100, 50, 1}, data.size(), {read->tag}});
  EXPECT_EQ(harness_.Wait(event, 2).status, CL_COMPLETE);
  ASSERT_TRUE(harness_.Until([&] { return read->done; }));
  EXPECT_EQ(read->data, data);
}

TEST_P(ServerContents, GoWhileCommandsReadThem) {
  const Bytes data = Pattern(kSize, 1);
  EXPECT_EQ(harness_.Write(queue_one_, mem_one_, 0, data, true), CL_COMPLETE);
  const EventId user = one_.UserEvent(context_one_);
  const MemId copy = one_.Buffer(context_one_, kSize);
  one_.Post(wire::CopyBuffer{{queue_one_, {}, std::array{user}}, mem_one_, copy, 0, 0, kSize});
  for (const transport::Tag tag : {kTag, kTag + 1}) {
    Move(0, kSize, tag);
    EXPECT_EQ(harness_.Read(queue_two_, mem_two_, 0, kSize, true, 2), data) << "the copy has not begun";
    EXPECT_EQ(harness_.Write(queue_two_, mem_two_, 0, Pattern(kSize, 9), true, 2), CL_COMPLETE);
  }
  // What writes comes after all of these.
  one_.Post(wire::FillBuffer{{queue_one_, {}, {}}, mem_one_, Pattern(1, 3), 0, kSize});
  Move(0, kSize, kTag + 2);
  one_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  EXPECT_EQ(harness_.Read(queue_two_, mem_two_, 0, 100, false, 2), Bytes(100, Pattern(1, 3)[0]));
  EXPECT_EQ(harness_.Read(queue_one_, copy, 0, kSize, true), data);
}

TEST_P(ServerContents, AreReadWhileTheyGo) {
  const Bytes data = Pattern(kSize, 1);
  EXPECT_EQ(harness_.Write(queue_one_, mem_one_, 0, data, true), CL_COMPLETE);
  const MemId copy = one_.Buffer(context_one_, kSize);
  one_.Post(wire::CopyBuffer{{queue_one_, {}, {}}, mem_one_, copy, 0, 0, kSize});
  // Nobody receives yet.
  one_.Post(wire::SendContents{mem_one_, 0, kSize, 2, kTag});
  const auto event = one_.NewId<EventId>();
  one_.Post(wire::CopyBuffer{{queue_one_, event, {}}, mem_one_, copy, 0, 0, kSize});
  EXPECT_EQ(harness_.Wait(event).status, CL_COMPLETE);
  one_.Post(wire::FillBuffer{{queue_one_, {}, {}}, mem_one_, Pattern(1, 3), 0, kSize});
  two_.Post(wire::ReceiveContents{mem_two_, 0, kSize, 1, kTag});
  EXPECT_EQ(harness_.Read(queue_two_, mem_two_, 0, kSize, true, 2), data);
  EXPECT_EQ(harness_.Read(queue_one_, mem_one_, 0, 100, false), Bytes(100, Pattern(1, 3)[0]));
  EXPECT_EQ(harness_.Read(queue_one_, copy, 0, kSize, true), data);
}

TEST_P(ServerContents, ComeAfterWhatReadsTheOldOnes) {
  const Bytes old = Pattern(kSize, 1), data = Pattern(kSize, 2);
  EXPECT_EQ(harness_.Write(queue_one_, mem_one_, 0, data, true), CL_COMPLETE);
  EXPECT_EQ(harness_.Write(queue_two_, mem_two_, 0, old, true, 2), CL_COMPLETE);
  const EventId user = two_.UserEvent(context_two_);
  const MemId copy = two_.Buffer(context_two_, kSize);
  two_.Post(wire::CopyBuffer{{queue_two_, {}, std::array{user}}, mem_two_, copy, 0, 0, kSize});
  // Sending them on in between leaves the readers to be waited for.
  const MemId third = two_.Buffer(context_two_, kSize);
  two_.Post(wire::SendContents{mem_two_, 0, kSize, 2, kTag + 1});
  two_.Post(wire::ReceiveContents{third, 0, kSize, 2, kTag + 1});
  Move(0, kSize);
  EXPECT_EQ(harness_.Read(two_.Queue(context_two_), third, 0, kSize, true, 2), old);
  two_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  EXPECT_EQ(harness_.Read(queue_two_, mem_two_, 0, kSize, true, 2), data);
  EXPECT_EQ(harness_.Read(queue_two_, copy, 0, kSize, true, 2), old);
}

TEST_P(ServerContents, WaitForUserEventsOnEitherSide) {
  EXPECT_EQ(harness_.Write(queue_one_, mem_one_, 0, Pattern(kSize, 1), true), CL_COMPLETE);
  const EventId user_one = one_.UserEvent(context_one_), user_two = two_.UserEvent(context_two_);
  one_.Post(wire::FillBuffer{{queue_one_, {}, std::array{user_one}}, mem_one_, Pattern(1, 3), 0, kSize});
  two_.Post(wire::FillBuffer{{queue_two_, {}, std::array{user_two}}, mem_two_, Pattern(1, 4), 0, kSize});
  Move(0, kSize);
  // Others of the context are not held up, and their contents move.
  const MemId other_one = one_.Buffer(context_one_, kSize), other_two = two_.Buffer(context_two_, kSize);
  const QueueId free_one = one_.Queue(context_one_), free_two = two_.Queue(context_two_);
  EXPECT_EQ(harness_.Write(free_one, other_one, 0, Pattern(kSize, 5), true), CL_COMPLETE);
  one_.Post(wire::SendContents{other_one, 0, kSize, 2, kTag + 1});
  two_.Post(wire::ReceiveContents{other_two, 0, kSize, 1, kTag + 1});
  EXPECT_EQ(harness_.Read(free_two, other_two, 0, kSize, true, 2), Pattern(kSize, 5));
  EXPECT_EQ(two_.moved, std::vector<uint32_t>{kTag + 1});
  two_.Post(wire::SetEventStatus{user_two, CL_COMPLETE});
  one_.Post(wire::SetEventStatus{user_one, CL_COMPLETE});
  EXPECT_EQ(harness_.Read(queue_two_, mem_two_, 0, 100, false, 2), Bytes(100, Pattern(1, 3)[0]));
}

TEST_P(ServerContents, InsideOneRank) {
  const ContextId context = one_.Context({{1, 0}}, true);
  const MemId other = one_.Buffer(context, kSize);
  EXPECT_EQ(harness_.Write(queue_one_, mem_one_, 0, Pattern(kSize, 1), true), CL_COMPLETE);
  one_.Post(wire::SendContents{mem_one_, 0, kSize, 1, kTag});
  one_.Post(wire::ReceiveContents{other, 0, kSize, 1, kTag});
  EXPECT_EQ(harness_.Read(one_.Queue(context), other, 0, kSize, true), Pattern(kSize, 1));
}

TEST_P(ServerContents, OfObjectsThatFailedTravelAllTheSame) {
  harness_.Finish(queue_one_);
  mock_.FailNext("CreateBuffer", CL_MEM_OBJECT_ALLOCATION_FAILURE);
  const MemId bad = one_.Buffer(context_one_, kSize);
  one_.Post(wire::SendContents{bad, 0, kSize, 2, kTag});
  two_.Post(wire::ReceiveContents{mem_two_, 0, kSize, 1, kTag});
  EXPECT_EQ(harness_.Read(queue_two_, mem_two_, 0, kSize, true, 2), Bytes(kSize));
  // And into one: the commands that use it fail, the tag is free.
  two_.Post(wire::ReceiveContents{MemId{77, 1}, 0, kSize, 1, kTag + 1});
  one_.Post(wire::SendContents{mem_one_, 0, kSize, 2, kTag + 1});
  EXPECT_TRUE(harness_.Until([&] { return two_.moved.size() == 2; }));
}

// The end comes while moves wait for a command, and for contents that will never be sent.
TEST_P(ServerContents, ThatDoNotMoveBeforeTheEndLeaveNothing) {
  const EventId user = one_.UserEvent(context_one_);
  one_.Post(wire::FillBuffer{{queue_one_, {}, std::array{user}}, mem_one_, Pattern(1, 3), 0, kSize});
  one_.Post(wire::SendContents{mem_one_, 0, kSize, 2, kTag});
  two_.Post(wire::ReceiveContents{mem_two_, 0, kSize, 1, kTag});
  two_.Post(wire::FillBuffer{{queue_two_, {}, {}}, mem_two_, Pattern(1, 4), 0, kSize});
  harness_.Settle();
  harness_.Close();
  EXPECT_EQ(mock_.live_objects(), 0u);
}

TEST_P(ServerContents, AreRefusedToNobody) {
  one_.Post(wire::SendContents{mem_one_, 0, kSize, 55, kTag});
  EXPECT_TRUE(harness_.Until([&] { return !one_.failed.empty(); }));
  two_.Post(wire::ReceiveContents{mem_two_, 0, kSize, 1, 3});
  EXPECT_TRUE(harness_.Until([&] { return !two_.failed.empty(); }));
}

// Each server waits for contents from the other, and a command there already waits for them, when it is told
// to send its own.
TEST_P(ServerContents, CrossingEachOtherDoNotWaitForEachOther) {
  const MemId there_one = one_.Buffer(context_one_, kSize), there_two = two_.Buffer(context_two_, kSize);
  EXPECT_EQ(harness_.Write(queue_one_, mem_one_, 0, Pattern(kSize, 1), true), CL_COMPLETE);
  EXPECT_EQ(harness_.Write(queue_two_, mem_two_, 0, Pattern(kSize, 2), true, 2), CL_COMPLETE);
  one_.Post(wire::ReceiveContents{there_one, 0, kSize, 2, kTag});
  one_.Post(wire::CopyBuffer{{queue_one_, {}, {}}, there_one, there_one, 0, 90'000, 10});
  two_.Post(wire::ReceiveContents{there_two, 0, kSize, 1, kTag + 1});
  two_.Post(wire::CopyBuffer{{queue_two_, {}, {}}, there_two, there_two, 0, 90'000, 10});
  one_.Flush();
  two_.Flush();
  harness_.Settle();
  one_.Post(wire::SendContents{mem_one_, 0, kSize, 2, kTag + 1});
  two_.Post(wire::SendContents{mem_two_, 0, kSize, 1, kTag});
  ASSERT_TRUE(harness_.Until([&] { return one_.moved.size() == 1 && two_.moved.size() == 1; }));
  Bytes expected = Pattern(kSize, 2);
  std::copy_n(expected.begin(), 10, expected.begin() + 90'000);
  EXPECT_EQ(harness_.Read(queue_one_, there_one, 0, kSize, true), expected);
}

TEST_P(ServerContents, AFailedMoveFailsTheCommandsOnTheObject) {
  EXPECT_EQ(harness_.Write(queue_two_, mem_two_, 0, Pattern(10, 1), false, 2), CL_COMPLETE);
  Move(0, kSize);
  two_.Flush();
  harness_.hub().Hold(1, 2);
  harness_.Settle();
  harness_.hub().Drop(1);
  harness_.Settle();
  const auto event = two_.NewId<EventId>();
  two_.Post(wire::CopyBuffer{{queue_two_, event, {}}, mem_two_, mem_two_, 0, 500, 10});
  EXPECT_LT(harness_.Wait(event, 2).status, 0);
  const MemId other = two_.Buffer(context_two_, 1000);
  EXPECT_EQ(harness_.Write(queue_two_, other, 0, Pattern(10, 1), false, 2), CL_COMPLETE);
}

INSTANTIATE_TEST_SUITE_P(Devices, ServerContents, ::testing::Bool(),
                         [](const auto& mode) { return std::string(mode.param ? "Unified" : "Discrete"); });

}  // namespace
}  // namespace clopencl::testing
