// What transfers wait for, and what waits for them; when a buffer is mapped and unmapped.
#include <gtest/gtest.h>

#include <algorithm>

#include "common/huge_pages.h"
#include "loopback/transfer_fixture.h"
#include "support/huge_page_flag.h"

namespace clopencl::testing {
namespace {

// Native commands run only when the test says so.
class SteppedTransfers : public ::testing::TestWithParam<Mode>, protected TransferFixture {
 protected:
  SteppedTransfers() : TransferFixture(GetParam(), 0) {}
  void TearDown() override { EXPECT_EQ(mock_.faults(), std::vector<std::string>{}); }
};

TEST_P(SteppedTransfers, WaitForTheCommandsBefore) {
  const EventId user = link_.UserEvent(context_);
  const EventId copy = Copy(a_, b_, 16, {user});
  const Moving read = Read(b_, 0, 50'000, {copy});
  RunAll();
  EXPECT_FALSE(link_.events.contains(read.event));
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(link_.events.at(read.event).status, CL_COMPLETE);
}

TEST_P(SteppedTransfers, HoldBackTheCommandsAfter) {
  if (!GetParam().payload) GTEST_SKIP() << "data inside messages is never under way";
  RunAll();
  harness_.hub().Hold(0, 1);  // The payload does not come…
  link_.Post(wire::Flush{queue_});
  harness_.hub().Release(0, 1);
  const Bytes data = Pattern(50'000, 1);
  const auto late = std::make_shared<Payload>();
  late->tag = 30'000;
  late->data = data;
  const Moving write{link_.NewId<EventId>(), late};
  link_.Post(wire::WriteBuffer{{queue_, write.event, {}}, a_, 0, data.size(), {late->tag, {}}});
  const EventId copy = Copy(a_, b_, data.size(), {write.event});
  const QueueId other = link_.Queue(context_);
  const auto elsewhere = link_.NewId<EventId>();
  const MemId c = link_.Buffer(context_, 64);
  link_.Post(wire::CopyBuffer{{other, elsewhere, {}}, c, c, 0, 32, 16});
  link_.Watch(elsewhere);
  RunAll();
  EXPECT_FALSE(link_.events.contains(copy)) << "it must not run before the data is there";
  EXPECT_EQ(link_.events.at(elsewhere).status, CL_COMPLETE) << "other queues have nothing to do with it";
  // … until now.
  harness_.transport().SendPayload(1, late->tag, late->data, 16384, [late](bool) { late->done = true; });
  RunAll();
  EXPECT_EQ(link_.events.at(copy).status, CL_COMPLETE);
  const Moving read = Read(b_, 0, data.size(), {copy});
  RunAll();
  EXPECT_EQ(Data(read), data);
}

TEST_P(SteppedTransfers, LargeOnesComeAfterSmallOnesWhosePayloadIsUnderWay) {
  if (!GetParam().payload || !GetParam().in_order) GTEST_SKIP() << "there is no such order";
  const Bytes old = Pattern(kSize, 1), changed = Pattern(5'000, 2);
  const Moving first = Write(a_, 0, old);
  RunAll();
  ASSERT_EQ(Status(first), CL_COMPLETE);
  const auto late = std::make_shared<Payload>();
  late->tag = 30'000;
  late->data = changed;
  link_.Post(
      wire::WriteBuffer{{queue_, link_.NewId<EventId>(), {}}, a_, 100, changed.size(), {late->tag, {}}});
  const Moving read = Read(a_, 0, kSize);
  const Moving again = Write(a_, 0, Pattern(kSize, 3));
  const Moving elsewhere = Write(b_, 0, old);
  RunAll();
  EXPECT_FALSE(read.payload->done) << "not before the data is there";
  EXPECT_TRUE(elsewhere.payload->done) << "it is another buffer";
  harness_.transport().SendPayload(1, late->tag, late->data, 16384, [late](bool) { late->done = true; });
  RunAll();
  Bytes expected = old;
  std::copy(changed.begin(), changed.end(), expected.begin() + 100);
  EXPECT_TRUE(Data(read) == expected);
  EXPECT_EQ(Status(again), CL_COMPLETE);
  EXPECT_EQ(Status(elsewhere), CL_COMPLETE);
  const Moving last = Read(a_, 0, kSize);
  RunAll();
  EXPECT_TRUE(Data(last) == Pattern(kSize, 3));
}

// It ends before what it would have come after.
TEST_P(SteppedTransfers, ACommandThatFailsLetsNoLaterOnePassAWrite) {
  if (!GetParam().payload || !GetParam().in_order) GTEST_SKIP() << "there is no such order";
  const Bytes data = Pattern(50'000, 1);
  const auto late = std::make_shared<Payload>();
  late->tag = 30'000;
  late->data = data;
  link_.Post(wire::WriteBuffer{{queue_, link_.NewId<EventId>(), {}}, a_, 0, data.size(), {late->tag, {}}});
  const EventId user = link_.UserEvent(context_);
  const EventId failing = Copy(b_, a_, 16, {user});
  const EventId copy = Copy(a_, b_, data.size());
  const EventId last = Copy(b_, b_, 16);
  link_.Post(wire::SetEventStatus{user, CL_OUT_OF_RESOURCES});
  RunAll();
  EXPECT_FALSE(link_.events.contains(copy)) << "the data is not there";
  harness_.transport().SendPayload(1, late->tag, late->data, 16384, [late](bool) { late->done = true; });
  RunAll();
  EXPECT_LT(link_.events.at(failing).status, 0);
  EXPECT_EQ(link_.events.at(copy).status, CL_COMPLETE);
  EXPECT_EQ(link_.events.at(last).status, CL_COMPLETE);
  const Moving read = Read(b_, 0, data.size());
  RunAll();
  EXPECT_TRUE(Data(read) == data);
}

TEST_P(SteppedTransfers, OneBlockedQueueBlocksNoOther) {
  const EventId user = link_.UserEvent(context_);
  const Moving read = Read(a_, 0, 50'000, {user});
  const Moving write = Write(a_, 0, Pattern(50'000, 2), {read.event});
  // The same buffer, from another queue: natively that is allowed while nobody writes.
  const QueueId other = link_.Queue(context_);
  const auto copy = link_.NewId<EventId>();
  link_.Post(wire::CopyBuffer{{other, copy, {}}, a_, b_, 0, 0, 50'000});
  link_.Watch(copy);
  const uint32_t request = link_.NewRequest();
  link_.Post(wire::Finish{request, other});
  RunAll();
  EXPECT_EQ(link_.events.at(copy).status, CL_COMPLETE);
  EXPECT_TRUE(link_.finished.contains(request));
  EXPECT_FALSE(link_.events.contains(read.event));
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(link_.events.at(read.event).status, CL_COMPLETE);
  EXPECT_EQ(link_.events.at(write.event).status, CL_COMPLETE);
}

TEST_P(SteppedTransfers, ABlockingWriteComesBeforeEveryLaterUse) {
  const EventId user = link_.UserEvent(context_);
  const EventId earlier = Copy(a_, b_, 16, {user});
  const Bytes data = Pattern(64, 3);
  link_.Post(wire::WriteBuffer{{queue_, {}, std::array{earlier}}, a_, 0, data.size(), {0, data}, true});
  const QueueId other = link_.Queue(context_);
  const auto copy = link_.NewId<EventId>();
  link_.Post(wire::CopyBuffer{{other, copy, {}}, a_, b_, 0, 100, data.size()});
  link_.Watch(copy);
  RunAll();
  EXPECT_FALSE(link_.events.contains(copy));
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(link_.events.at(copy).status, CL_COMPLETE);
  const Moving read = Read(b_, 100, data.size(), {copy});
  RunAll();
  EXPECT_EQ(Data(read), data);
}

TEST_P(SteppedTransfers, BlockingWritesInAQueueAreOrderedByIt) {
  if (GetParam().unified || GetParam().payload || !GetParam().in_order) GTEST_SKIP() << "others need events";
  RunAll();
  const uint64_t before = mock_.calls("CreateUserEvent");
  Bytes data;
  for (uint32_t i = 0; i < 20; ++i) {
    data = Pattern(64, i);
    link_.Post(wire::WriteBuffer{{queue_, {}, {}}, a_, 0, data.size(), {0, data}, true});
  }
  const Moving read = Read(a_, 0, data.size());
  const QueueId other = link_.Queue(context_);
  link_.Post(wire::CopyBuffer{{other, {}, {}}, a_, b_, 0, 0, data.size()});
  RunAll();
  EXPECT_EQ(Data(read), data);
  const Moving copied = Read(b_, 0, data.size());
  RunAll();
  EXPECT_EQ(Data(copied), data);
  EXPECT_EQ(mock_.calls("CreateUserEvent"), before);
}

TEST_P(SteppedTransfers, AFillOfLayersIsEnqueuedNoSoonerThanItCanRun) {
  const auto image = link_.NewId<MemId>();
  link_.Post(wire::CreateImage{image,
                               context_,
                               CL_MEM_READ_WRITE,
                               {CL_RGBA, CL_UNSIGNED_INT8},
                               CL_MEM_OBJECT_IMAGE3D,
                               {8, 4, 2, 0},
                               {},
                               {},
                               {}});
  const EventId user = link_.UserEvent(context_);
  const EventId fill = link_.NewId<EventId>();
  link_.Post(wire::FillImage{{queue_, fill, std::array{user}}, image, {7, 7, 7, 7}, {}, {8, 4, 2}});
  link_.Watch(fill);
  const auto to_buffer = link_.NewId<EventId>();
  link_.Post(wire::CopyImageToBuffer{{queue_, to_buffer, std::array{fill}}, image, a_, {}, {8, 4, 2}, 0});
  const Moving read = Read(a_, 0, 8 * 4 * 2 * 4, {to_buffer});
  RunAll();
  const uint64_t early = mock_.calls("EnqueueFillImage");
  EXPECT_EQ(early, GetParam().unified ? 1u : 0u) << "NVIDIA's does not return while it has to wait";
  EXPECT_FALSE(link_.events.contains(fill));
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(link_.events.at(fill).status, CL_COMPLETE);
  EXPECT_EQ(mock_.calls("EnqueueFillImage"), 1u);
  const Bytes data = Data(read);
  EXPECT_EQ(static_cast<size_t>(std::count(data.begin(), data.end(), std::byte{7})), data.size());
}

TEST_P(SteppedTransfers, ABarrierHoldsBackNothingBeforeIt) {
  if (!GetParam().payload || GetParam().in_order) GTEST_SKIP() << "there is no such order";
  const EventId user = link_.UserEvent(context_);
  const Bytes data = Pattern(5'000, 1);
  const auto late = std::make_shared<Payload>();
  late->tag = 30'000;
  late->data = data;
  const Moving write{link_.NewId<EventId>(), late};
  link_.Post(wire::WriteBuffer{{queue_, write.event, {}}, a_, 0, data.size(), {late->tag, {}}});
  link_.Watch(write.event);
  link_.Post(wire::Barrier{{queue_, {}, std::array{user}}});
  const EventId after = Copy(a_, b_, 16);
  RunAll();
  harness_.transport().SendPayload(1, late->tag, late->data, 16384, [late](bool) { late->done = true; });
  RunAll();
  ASSERT_TRUE(link_.events.contains(write.event));
  EXPECT_EQ(link_.events.at(write.event).status, CL_COMPLETE);
  EXPECT_FALSE(link_.events.contains(after));
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_TRUE(link_.events.contains(after));
}

INSTANTIATE_TEST_SUITE_P(Modes, SteppedTransfers, AllModes(), Name);

// What unified memory saves.
class MappedTransfers : public ::testing::Test, protected TransferFixture {
 protected:
  MappedTransfers() : TransferFixture(Mode{true, false, true}, 0) {}
};

TEST_F(MappedTransfers, SmallOnesInAnIdleQueueAreNoNativeCommands) {
  for (int i = 0; i < 3; ++i) {
    const Moving write = Write(a_, 0, Pattern(4, 1));
    RunAll();
    EXPECT_EQ(Status(write), CL_COMPLETE);
  }
  const uint64_t before = mock_.calls("EnqueueReadBuffer") + mock_.calls("EnqueueMapBuffer") +
                          mock_.calls("EnqueueWriteBuffer") + mock_.calls("EnqueueMarkerWithWaitList");
  for (uint32_t i = 0; i < 100; ++i) {
    Write(a_, 4 * i, Pattern(4, i));
    const Moving read = Read(a_, 4 * i, 4);
    harness_.Settle();
    ASSERT_TRUE(link_.events.contains(read.event)) << "without a native command to wait for";
    EXPECT_EQ(link_.events[read.event].data, Pattern(4, i));
  }
  EXPECT_EQ(mock_.calls("EnqueueReadBuffer") + mock_.calls("EnqueueMapBuffer") +
                mock_.calls("EnqueueWriteBuffer") + mock_.calls("EnqueueMarkerWithWaitList"),
            before);
}

TEST_F(MappedTransfers, TheBufferIsUnmappedForNativeCommands) {
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 3; ++i) {
      Write(a_, 0, Pattern(64, static_cast<uint32_t>(round)));
      RunAll();
    }
    const EventId copy = Copy(a_, b_, 64);
    RunAll();
    EXPECT_EQ(link_.events.at(copy).status, CL_COMPLETE);
    const Moving read = Read(b_, 0, 64);
    RunAll();
    EXPECT_EQ(Data(read), Pattern(64, static_cast<uint32_t>(round)));
  }
  EXPECT_EQ(mock_.faults(), std::vector<std::string>{});
  EXPECT_GE(mock_.calls("EnqueueUnmapMemObject"), 5u);
}

// Large memory is mapped when it is made, to learn where it is.
TEST_F(MappedTransfers, ACommandOnALargeBufferMayFollowItsCreationAtOnce) {
  constexpr size_t kLarge = kLeastForHugePages;
  const MemId large = link_.Buffer(context_, kLarge), other = link_.Buffer(context_, kLarge);
  link_.Post(wire::FillBuffer{{queue_, {}, {}}, large, Pattern(4, 7), 0, kLarge});
  Copy(large, other, kLarge);
  const Moving read = Read(other, kLarge - 4, 4);
  RunAll();
  EXPECT_EQ(Data(read), Pattern(4, 7));
  EXPECT_GE(mock_.calls("EnqueueMapBuffer"), 2u);
  EXPECT_EQ(mock_.faults(), std::vector<std::string>{});
}

TEST_F(MappedTransfers, LargeBuffersOverSharedVirtualMemoryAreNotMappedUnasked) {
  const uint32_t request = link_.NewRequest();
  link_.Post(wire::SvmAllocate{request, context_, 0, kLeastForHugePages, 0});
  ASSERT_TRUE(harness_.Until([&] { return link_.svm.contains(request); }));
  const auto mem = link_.NewId<MemId>();
  link_.Post(wire::CreateBuffer{mem, context_, CL_MEM_READ_WRITE, kLeastForHugePages, link_.svm[request]});
  RunAll();
  EXPECT_EQ(mock_.calls("EnqueueMapBuffer"), 0u);
  const Moving read = Read(mem, 0, 4);
  RunAll();
  EXPECT_EQ(Data(read).size(), 4u) << "there is such a buffer";
}

TEST_F(MappedTransfers, LargeBuffersAskForHugePagesBeforeAKernelTouchesThem) {
  if (!KernelHasHugePages()) GTEST_SKIP() << "this kernel has none";
  bool asked = false;
  mock_.AddKernel("look", [&asked](rankserver::KernelCall& call) {
    asked = AskedForHugePages(call.args[0].memory.data() + kLeastForHugePages / 2);
    return CL_COMPLETE;
  });
  const MemId large = link_.Buffer(context_, kLeastForHugePages);
  const auto program = link_.NewId<ProgramId>();
  const auto kernel = link_.NewId<KernelId>();
  link_.Post(wire::CreateProgramWithSource{program, context_, "kernel void look(global int* p) {}"});
  ASSERT_EQ(harness_.Build(program).status, CL_SUCCESS);
  link_.Post(wire::CreateKernel{kernel, program, "look"});
  const std::array args{wire::KernelArg{0, wire::ArgKind::kMem, large.Pack(), {}}};
  link_.Post(wire::LaunchKernel{{queue_, {}, {}}, kernel, {}, std::array{uint64_t{1}}, {}, args, {}});
  RunAll();
  EXPECT_TRUE(asked);
}

TEST_F(MappedTransfers, OneBufferFromTwoQueues) {
  const QueueId other = link_.Queue(context_);
  for (uint32_t round = 0; round < 10; ++round) {
    Write(a_, 0, Pattern(64, round));
    RunAll();
    const Moving written = Write(a_, 0, Pattern(64, round));
    const auto copy = link_.NewId<EventId>();
    link_.Post(wire::CopyBuffer{{other, copy, std::array{written.event}}, a_, b_, 0, 0, 64});
    const Moving read = Read(b_, 0, 64, {copy});
    RunAll();
    EXPECT_EQ(Data(read), Pattern(64, round));
  }
  EXPECT_EQ(mock_.faults(), std::vector<std::string>{});
}

// Two share a mapping: one that began before a native command on the buffer, and one that came after it.
TEST_F(MappedTransfers, TheLastToEndUnmapsForAll) {
  constexpr size_t kLarge = 70'000;
  for (int i = 0; i < 3; ++i) Write(a_, 0, Pattern(kLarge, 5));
  RunAll();
  const EventId user = link_.UserEvent(context_);
  const Moving early = Read(a_, 0, 64, {user});
  const QueueId other = link_.Queue(context_), third = link_.Queue(context_);
  const auto copy = link_.NewId<EventId>();
  link_.Post(wire::CopyBuffer{{other, copy, {}}, a_, b_, 0, 0, 64});
  link_.Watch(copy);
  RunAll();
  EXPECT_EQ(link_.events.at(copy).status, CL_COMPLETE);
  // Its payload is not taken in yet, so that it is the last to end.
  const auto payload = std::make_shared<Payload>();
  payload->tag = 30'000;
  payload->data.resize(kLarge);
  const auto late = link_.NewId<EventId>();
  link_.Post(wire::ReadBuffer{{third, late, {}}, a_, 0, kLarge, {payload->tag}});
  link_.Watch(late);
  RunAll();
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  harness_.transport().ReceivePayload(1, payload->tag, payload->data, 16384,
                                      [payload](bool) { payload->done = true; });
  RunAll();
  EXPECT_TRUE(payload->done);
  EXPECT_TRUE(link_.events.contains(late));
  ASSERT_TRUE(link_.events.contains(early.event));
  EXPECT_EQ(Data(early), Pattern(64, 5));
  const EventId after = Copy(a_, b_, 64);
  RunAll();
  EXPECT_EQ(link_.events.at(after).status, CL_COMPLETE);
  EXPECT_EQ(mock_.faults(), std::vector<std::string>{});
}

}  // namespace
}  // namespace clopencl::testing
