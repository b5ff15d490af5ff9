// When a blocking write with a payload is reported to the one who waits for its memory.
#include <gtest/gtest.h>

#include "loopback/transfer_fixture.h"

namespace clopencl::testing {
namespace {

// A payload that is staged, and whose end nobody waits for.
class ServerBlockingWrites : public ::testing::TestWithParam<Mode>, protected TransferFixture {
 protected:
  ServerBlockingWrites() : TransferFixture(GetParam(), 0) {}
  void TearDown() override { EXPECT_EQ(mock_.faults(), std::vector<std::string>{}); }

  Moving BlockingWrite(const Bytes& data, std::vector<EventId> waits = {}) {
    const Moving write{link_.NewId<EventId>(), link_.SendPayload(data)};
    link_.Post(
        wire::WriteBuffer{{queue_, write.event, waits}, a_, 0, data.size(), {write.payload->tag, {}}, true});
    link_.Watch(write.event);
    return write;
  }
  uint32_t PostFinish() {
    const uint32_t request = link_.NewRequest();
    link_.Post(wire::Finish{request, queue_});
    return request;
  }
  const Bytes data_ = Pattern(10'000, 1);
};

TEST_P(ServerBlockingWrites, AreCompleteOnceTheyAreEnqueued) {
  const Moving write = BlockingWrite(data_);
  harness_.Settle();
  ASSERT_TRUE(link_.events.contains(write.event));
  EXPECT_EQ(link_.events.at(write.event).status, CL_COMPLETE);
  EXPECT_EQ(mock_.pending_commands(), 1u);
  const uint32_t request = PostFinish();
  const QueueId other = link_.Queue(context_);
  const auto copy = link_.NewId<EventId>();
  link_.Post(wire::CopyBuffer{{other, copy, {}}, a_, b_, 0, 0, data_.size()});
  link_.Watch(copy);
  harness_.Settle();
  EXPECT_FALSE(link_.finished.contains(request));
  EXPECT_FALSE(link_.events.contains(copy));
  RunAll();
  EXPECT_EQ(link_.finished.at(request), CL_SUCCESS);
  EXPECT_EQ(link_.events.at(copy).status, CL_COMPLETE);
  const Moving read = Read(b_, 0, data_.size());
  RunAll();
  EXPECT_EQ(Data(read), data_);
}

TEST_P(ServerBlockingWrites, AreCompleteWhenTheyAreOverBehindOneThatIsNot) {
  BlockingWrite(Pattern(10'000, 2));
  const Moving second = BlockingWrite(data_);
  harness_.Settle();
  EXPECT_FALSE(link_.events.contains(second.event));
  RunAll();
  EXPECT_EQ(link_.events.at(second.event).status, CL_COMPLETE);
  const Moving read = Read(a_, 0, data_.size());
  RunAll();
  EXPECT_EQ(Data(read), data_);
}

TEST_P(ServerBlockingWrites, FailWhereTheyCannotBeEnqueued) {
  mock_.FailNext("EnqueueWriteBuffer", CL_MEM_OBJECT_ALLOCATION_FAILURE);
  const Moving write = BlockingWrite(data_);
  harness_.Settle();
  EXPECT_EQ(link_.events.at(write.event).status, CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(harness_.Finish(queue_), CL_SUCCESS);
}

TEST_P(ServerBlockingWrites, FailTheirQueueLater) {
  const EventId user = link_.UserEvent(context_);
  const Moving write = BlockingWrite(data_, {user});
  harness_.Settle();
  EXPECT_EQ(link_.events.at(write.event).status, CL_COMPLETE);
  link_.Post(wire::SetEventStatus{user, CL_OUT_OF_RESOURCES});
  const uint32_t request = PostFinish();
  RunAll();
  EXPECT_LT(link_.finished.at(request), 0);
  EXPECT_EQ(harness_.Finish(queue_), CL_SUCCESS);
}

TEST_P(ServerBlockingWrites, AreOverWhereTheContextSpansServers) {
  context_ = link_.Context({{1, 0}}, true);
  queue_ = link_.Queue(context_);
  a_ = link_.Buffer(context_, kSize);
  const Moving write = BlockingWrite(data_);
  harness_.Settle();
  EXPECT_FALSE(link_.events.contains(write.event));
  RunAll();
  EXPECT_EQ(link_.events.at(write.event).status, CL_COMPLETE);
}

INSTANTIATE_TEST_SUITE_P(Discrete, ServerBlockingWrites,
                         ::testing::Values(Mode{false, true, true}, Mode{false, true, false}), Name);

}  // namespace
}  // namespace clopencl::testing
