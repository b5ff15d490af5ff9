// Native commands: what is enqueued, in which order, and whose an error is.
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>

#include "loopback/server_client.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {
namespace {

// Commands run only when the test says so.
class ServerCommands : public ::testing::Test {
 protected:
  MockOpenCl mock_{MockOpenCl::Settings{.threads = 0}};
  ServerHarness harness_{MockOpenCl::Api(), {}};
  Link& link_ = harness_.link();
  ContextId context_ = link_.Context();
  QueueId queue_ = link_.Queue(context_);
  QueueId out_of_order_ = link_.Queue(context_, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  MemId mem_ = link_.Buffer(context_, 1024);

  EventId Copy(QueueId queue, std::vector<EventId> waits = {}, bool named = true) {
    const auto event = named ? link_.NewId<EventId>() : EventId{};
    link_.Post(wire::CopyBuffer{{queue, event, waits}, mem_, mem_, 0, 512, 16});
    return event;
  }
  uint32_t PostFinish(QueueId queue) {
    const uint32_t request = link_.NewRequest();
    link_.Post(wire::Finish{request, queue});
    return request;
  }
  // Runs what is ready and lets everybody hear of it.
  void RunAll() {
    for (int i = 0; i < 5; ++i) {
      harness_.Settle();
      mock_.StepAll();
    }
    harness_.Settle();
  }
  // A finish of the out-of-order queue is answered once the user event is set, and no sooner. Sets it.
  void ExpectFinishWaitsFor(EventId user) {
    const uint32_t request = PostFinish(out_of_order_);
    RunAll();
    EXPECT_FALSE(link_.finished.contains(request));
    link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
    RunAll();
    EXPECT_TRUE(link_.finished.contains(request));
  }
};

TEST_F(ServerCommands, AreEnqueuedAtOnceWithTheirDependencies) {
  const EventId user = link_.UserEvent(context_);
  const EventId first = Copy(queue_, {user});
  const EventId second = Copy(out_of_order_, {first});
  link_.Watch(second);
  RunAll();
  EXPECT_EQ(mock_.calls("EnqueueCopyBuffer"), 2u) << "held back by nothing but native events";
  EXPECT_EQ(mock_.pending_commands(), 2u);
  EXPECT_TRUE(link_.events.empty());
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(link_.events.at(second).status, CL_COMPLETE);
  EXPECT_FALSE(link_.events.contains(first)) << "nobody asked";
}

TEST_F(ServerCommands, MakeNoEventsThatNobodyNeeds) {
  harness_.Settle();
  const size_t before = mock_.live_objects();
  for (int i = 0; i < 50; ++i) Copy(queue_, {}, false);
  RunAll();
  EXPECT_LE(mock_.live_objects(), before + 1)
      << "the tail of the packet has one, so that a Finish needs no marker";
}

TEST_F(ServerCommands, FinishWaitsForEveryEarlierCommand) {
  Copy(queue_, {}, false);
  const uint32_t request = PostFinish(queue_);
  harness_.Settle();
  EXPECT_FALSE(link_.finished.contains(request));
  RunAll();
  EXPECT_EQ(link_.finished.at(request), CL_SUCCESS);
  EXPECT_EQ(mock_.calls("EnqueueMarkerWithWaitList"), 0u) << "the last command's own event tells";
  EXPECT_EQ(harness_.Finish(queue_), CL_SUCCESS) << "at once, when nothing is outstanding";
  EXPECT_EQ(mock_.calls("EnqueueMarkerWithWaitList"), 0u);
}

TEST_F(ServerCommands, FinishOfAnOutOfOrderQueueWaitsForAll) {
  const EventId user = link_.UserEvent(context_);
  Copy(out_of_order_, {user}, false);
  const EventId free = Copy(out_of_order_);
  link_.Watch(free);
  const uint32_t request = PostFinish(out_of_order_);
  RunAll();
  EXPECT_TRUE(link_.events.contains(free));
  EXPECT_FALSE(link_.finished.contains(request));
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_TRUE(link_.finished.contains(request));
}

TEST_F(ServerCommands, FinishOfAChainInAnOutOfOrderQueueNeedsNoMarker) {
  EventId last = Copy(out_of_order_);
  for (int i = 0; i < 20; ++i) last = Copy(out_of_order_, {last});
  const uint32_t request = PostFinish(out_of_order_);
  harness_.Settle();
  EXPECT_FALSE(link_.finished.contains(request));
  for (int i = 0; i < 30; ++i) RunAll();
  EXPECT_EQ(link_.finished.at(request), CL_SUCCESS);
  EXPECT_EQ(mock_.calls("EnqueueMarkerWithWaitList"), 0u) << "the last one comes after all others";
}

// Nothing waits for a command that was over before the next one came, but that makes it no open end.
TEST_F(ServerCommands, FinishOfAnOutOfOrderQueueNeedsNoMarkerForWhatIsComplete) {
  for (int i = 0; i < 3; ++i) {
    Copy(out_of_order_);
    RunAll();
  }
  const EventId user = link_.UserEvent(context_);
  Copy(out_of_order_, {user});
  ExpectFinishWaitsFor(user);
  EXPECT_EQ(mock_.calls("EnqueueMarkerWithWaitList"), 0u);
}

TEST_F(ServerCommands, FinishOfAnOutOfOrderQueueWaitsForAllOpenEnds) {
  const EventId users[] = {link_.UserEvent(context_), link_.UserEvent(context_), link_.UserEvent(context_)};
  for (const EventId user : users) Copy(out_of_order_, {Copy(out_of_order_, {user})});
  const uint32_t request = PostFinish(out_of_order_);
  for (const EventId user : users) {
    RunAll();
    EXPECT_FALSE(link_.finished.contains(request));
    link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  }
  RunAll();
  EXPECT_TRUE(link_.finished.contains(request));
  EXPECT_EQ(mock_.calls("EnqueueMarkerWithWaitList"), 1u);
  const EventId later = link_.UserEvent(context_);
  Copy(out_of_order_, {later});
  // What was waited for before counts no more.
  ExpectFinishWaitsFor(later);
}

TEST_F(ServerCommands, FinishOfAnOutOfOrderQueueWaitsForManyOpenEnds) {
  const EventId user = link_.UserEvent(context_);
  Copy(out_of_order_, {user});
  for (int i = 0; i < 30; ++i) Copy(out_of_order_);
  ExpectFinishWaitsFor(user);
}

// A command fails as soon as one of its list does, though others of the list may still run.
TEST_F(ServerCommands, FinishOfAnOutOfOrderQueueWaitsForWhatAFailedCommandWaitedFor) {
  const EventId failing = link_.UserEvent(context_), running = link_.UserEvent(context_);
  const EventId first = Copy(out_of_order_, {running});
  const EventId second = Copy(out_of_order_, {first, failing});
  link_.Watch(second);
  const uint32_t request = PostFinish(out_of_order_);
  harness_.Settle();
  link_.Post(wire::SetEventStatus{failing, CL_OUT_OF_RESOURCES});
  RunAll();
  EXPECT_FALSE(link_.finished.contains(request)) << "the first one waits still";
  link_.Post(wire::SetEventStatus{running, CL_COMPLETE});
  RunAll();
  EXPECT_TRUE(link_.finished.contains(request));
}

TEST_F(ServerCommands, ABlockedQueueBlocksNoOther) {
  const EventId user = link_.UserEvent(context_);
  Copy(queue_, {user}, false);
  const uint32_t blocked = PostFinish(queue_);
  const QueueId other = link_.Queue(context_);
  Copy(other, {}, false);
  const uint32_t free = PostFinish(other);
  RunAll();
  EXPECT_FALSE(link_.finished.contains(blocked));
  EXPECT_TRUE(link_.finished.contains(free));
}

TEST_F(ServerCommands, FlushNativeQueuesOnceAPass) {
  RunAll();
  const uint64_t before = mock_.calls("Flush");
  for (int i = 0; i < 20; ++i) Copy(queue_, {}, false);
  harness_.Settle();
  EXPECT_EQ(mock_.calls("Flush") - before, 1u);
}

TEST_F(ServerCommands, FailuresBelongToTheirEvent) {
  RunAll();
  mock_.FailNext("EnqueueCopyBuffer", CL_OUT_OF_RESOURCES);
  const EventId bad = Copy(queue_);
  const EventId good = Copy(queue_);
  link_.Watch(bad);
  link_.Watch(good);
  RunAll();
  EXPECT_EQ(link_.events.at(bad).status, CL_OUT_OF_RESOURCES);
  EXPECT_EQ(link_.events.at(good).status, CL_COMPLETE);
  PostFinish(queue_);
  RunAll();
  EXPECT_EQ(link_.finished.begin()->second, CL_SUCCESS) << "the event has told it";
}

TEST_F(ServerCommands, FailuresWithoutAnEventStayWithTheQueue) {
  RunAll();
  mock_.FailNext("EnqueueCopyBuffer", CL_OUT_OF_RESOURCES);
  Copy(queue_, {}, false);
  harness_.Settle();
  mock_.FailNext("EnqueueCopyBuffer", CL_INVALID_VALUE);
  Copy(queue_, {}, false);
  const uint32_t other = PostFinish(out_of_order_);
  const uint32_t first = PostFinish(queue_);
  const uint32_t second = PostFinish(queue_);
  RunAll();
  EXPECT_EQ(link_.finished.at(other), CL_SUCCESS);
  EXPECT_EQ(link_.finished.at(first), CL_OUT_OF_RESOURCES) << "the first error counts";
  EXPECT_EQ(link_.finished.at(second), CL_SUCCESS);
}

TEST_F(ServerCommands, WhatWaitsForAFailedCommandFailsToo) {
  RunAll();
  mock_.FailNext("EnqueueCopyBuffer", CL_OUT_OF_RESOURCES);
  const EventId bad = Copy(queue_);
  const EventId dependent = Copy(out_of_order_, {bad});
  const EventId next = Copy(queue_, {dependent});
  const EventId free = Copy(queue_);
  for (const EventId event : {bad, dependent, next, free}) link_.Watch(event);
  RunAll();
  EXPECT_EQ(link_.events.at(bad).status, CL_OUT_OF_RESOURCES);
  EXPECT_LT(link_.events.at(dependent).status, 0);
  EXPECT_LT(link_.events.at(next).status, 0);
  EXPECT_EQ(link_.events.at(free).status, CL_COMPLETE);
}

TEST_F(ServerCommands, UnknownEventsInAWaitListAreErrors) {
  const EventId bad = Copy(queue_, {EventId{4000, 2}});
  link_.Watch(bad);
  RunAll();
  EXPECT_EQ(link_.events.at(bad).status, CL_INVALID_EVENT_WAIT_LIST);
}

TEST_F(ServerCommands, MarkersAndBarriers) {
  const EventId user = link_.UserEvent(context_);
  Copy(out_of_order_, {user}, false);
  const EventId free = Copy(out_of_order_);
  const auto listed = link_.NewId<EventId>();
  link_.Post(wire::Marker{{out_of_order_, listed, std::array{free}}});
  const auto all = link_.NewId<EventId>();
  link_.Post(wire::Marker{{out_of_order_, all, {}}});
  const auto barrier = link_.NewId<EventId>();
  link_.Post(wire::Barrier{{out_of_order_, barrier, {}}});
  const EventId behind = Copy(out_of_order_);
  for (const EventId event : {free, listed, all, barrier, behind}) link_.Watch(event);
  RunAll();
  EXPECT_TRUE(link_.events.contains(free));
  EXPECT_TRUE(link_.events.contains(listed));
  EXPECT_FALSE(link_.events.contains(all));
  EXPECT_FALSE(link_.events.contains(barrier));
  EXPECT_FALSE(link_.events.contains(behind));
  // Now every event of the list is known to be complete, but it is still a list.
  const auto again = link_.NewId<EventId>();
  const QueueId fresh = link_.Queue(context_, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  Copy(fresh, {user}, false);
  link_.Post(wire::Marker{{fresh, again, std::array{free}}});
  link_.Watch(again);
  RunAll();
  EXPECT_TRUE(link_.events.contains(again));
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  for (const EventId event : {all, barrier, behind}) EXPECT_EQ(link_.events.at(event).status, CL_COMPLETE);
}

// More at once than are looked at in a pass: nobody looks for those any more that callbacks told of.
TEST_F(ServerCommands, ManyThatTakeLongAreNotFollowedAfterTheirEnd) {
  const EventId user = link_.UserEvent(context_);
  for (int i = 0; i < 4000; ++i) link_.Watch(Copy(queue_, {user}));
  harness_.Settle();
  EXPECT_TRUE(harness_.server().AwaitsNatives());
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  harness_.Settle();
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  harness_.Settle();
  mock_.StepAll();
  harness_.Settle();
  EXPECT_FALSE(harness_.server().AwaitsNatives());
}

TEST_F(ServerCommands, EventsThatAreReleasedLeaveNothing) {
  link_.Release(wire::ObjectKind::kEvent, Copy(queue_));
  RunAll();
  const size_t before = mock_.live_objects();
  for (int i = 0; i < 1000; ++i) {
    const EventId event = Copy(queue_);
    link_.Release(wire::ObjectKind::kEvent, event);
    if (i % 100 == 0) RunAll();
  }
  RunAll();
  EXPECT_LE(mock_.live_objects(), before);
}

class ServerKernels : public ServerCommands {
 protected:
  void SetUp() override {
    const auto program = link_.NewId<ProgramId>();
    link_.Post(wire::CreateProgramWithSource{program, context_, kMockSource});
    ASSERT_EQ(harness_.Build(program).status, CL_SUCCESS);
    link_.Post(wire::CreateKernel{add_, program, "add"});
    link_.Post(wire::CreateKernel{scale_, program, "scale_into"});
    link_.Post(wire::CreateKernel{missing_, program, "no such kernel"});
  }

  static wire::KernelArg MemArg(uint32_t index, MemId mem) {
    return {index, wire::ArgKind::kMem, mem.Pack(), {}};
  }
  static wire::KernelArg IntArg(uint32_t index, const int32_t& value) {
    return {index, wire::ArgKind::kValue, 0, std::as_bytes(std::span(&value, 1))};
  }
  EventId Launch(KernelId kernel, std::vector<wire::KernelArg> args, uint64_t items = 4,
                 uint32_t dimensions = 1, bool named = true) {
    const auto event = named ? link_.NewId<EventId>() : EventId{};
    std::vector<uint64_t> global(dimensions, 1);
    if (dimensions > 0) global[0] = items;
    link_.Post(wire::LaunchKernel{{queue_, event, {}}, kernel, {}, global, {}, args, {}});
    if (named) link_.Watch(event);
    return event;
  }
  std::vector<int32_t> Ints(MemId mem) {
    const auto event = link_.NewId<EventId>();
    link_.Post(wire::ReadBuffer{{queue_, event, {}}, mem, 0, 16, {0}});
    RunAll();
    std::vector<int32_t> ints(4);
    EXPECT_EQ(link_.events.at(event).data.size(), 16u);
    std::memcpy(ints.data(), link_.events.at(event).data.data(), 16);
    return ints;
  }

  KernelId add_ = link_.NewId<KernelId>();
  KernelId scale_ = link_.NewId<KernelId>();
  KernelId missing_ = link_.NewId<KernelId>();
  int32_t five_ = 5;
  int32_t three_ = 3;
};

TEST_F(ServerKernels, KeepTheArgumentsThatDoNotChange) {
  Launch(add_, {MemArg(0, mem_), IntArg(1, five_)});
  Launch(add_, {});
  const MemId other = link_.Buffer(context_, 64);
  Launch(scale_, {MemArg(0, other), MemArg(1, mem_), IntArg(2, three_)});
  Launch(add_, {MemArg(0, other)});
  EXPECT_EQ(Ints(mem_), (std::vector<int32_t>{10, 10, 10, 10}));
  EXPECT_EQ(Ints(other), (std::vector<int32_t>{35, 35, 35, 35}));
}

TEST_F(ServerKernels, FailWithTheirArguments) {
  const EventId unset = Launch(add_, {MemArg(0, mem_)});
  mock_.FailNext("CreateBuffer", CL_MEM_OBJECT_ALLOCATION_FAILURE);
  const MemId bad = link_.Buffer(context_, 64);
  const EventId with_bad = Launch(add_, {MemArg(0, bad), IntArg(1, five_)});
  const EventId still = Launch(add_, {});
  const EventId good = Launch(add_, {MemArg(0, mem_)});
  const EventId wrong_size =
      Launch(add_, {{1, wire::ArgKind::kValue, 0, std::as_bytes(std::span("12345678"))}});
  const EventId bad_index = Launch(add_, {IntArg(1, five_), IntArg(77777, five_)});
  const EventId bad_kind = Launch(add_, {{1, static_cast<wire::ArgKind>(99), 0, {}}});
  const EventId healed = Launch(add_, {IntArg(1, five_)});
  RunAll();
  EXPECT_EQ(link_.events.at(unset).status, CL_INVALID_KERNEL_ARGS);
  EXPECT_EQ(link_.events.at(with_bad).status, CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(link_.events.at(still).status, CL_MEM_OBJECT_ALLOCATION_FAILURE)
      << "the old argument must not be used";
  EXPECT_EQ(link_.events.at(good).status, CL_COMPLETE);
  EXPECT_EQ(link_.events.at(wrong_size).status, CL_INVALID_ARG_SIZE);
  EXPECT_EQ(link_.events.at(bad_index).status, CL_INVALID_ARG_INDEX);
  EXPECT_EQ(link_.events.at(bad_kind).status, CL_INVALID_ARG_VALUE);
  EXPECT_EQ(link_.events.at(healed).status, CL_COMPLETE);
}

TEST_F(ServerKernels, RefuseWhatCannotBeLaunched) {
  const EventId missing = Launch(missing_, {});
  const EventId unknown = Launch(KernelId{500, 1}, {});
  const EventId no_dimensions = Launch(add_, {MemArg(0, mem_), IntArg(1, five_)}, 4, 0);
  const EventId many_dimensions = Launch(add_, {}, 4, 9);
  RunAll();
  EXPECT_EQ(link_.events.at(missing).status, CL_INVALID_KERNEL_NAME);
  EXPECT_EQ(link_.events.at(unknown).status, CL_INVALID_KERNEL);
  EXPECT_EQ(link_.events.at(no_dimensions).status, CL_INVALID_WORK_DIMENSION);
  EXPECT_EQ(link_.events.at(many_dimensions).status, CL_INVALID_WORK_DIMENSION);
}

TEST_F(ServerKernels, RefuseSizesOfOtherDimensions) {
  Launch(add_, {MemArg(0, mem_), IntArg(1, five_)});
  const uint64_t launches = mock_.calls("EnqueueNDRangeKernel");
  const std::array<uint64_t, 1> one{4};
  const std::array<uint64_t, 2> two{2, 2};
  const auto launch = [&](std::span<const uint64_t> offset, std::span<const uint64_t> global,
                          std::span<const uint64_t> local) {
    const auto event = link_.NewId<EventId>();
    link_.Post(wire::LaunchKernel{{queue_, event, {}}, add_, offset, global, local, {}, {}});
    link_.Watch(event);
    return event;
  };
  const EventId far_offset = launch(two, one, {});
  const EventId near_offset = launch(one, two, {});
  const EventId large_group = launch({}, one, two);
  const EventId small_group = launch({}, two, one);
  RunAll();
  EXPECT_EQ(link_.events.at(far_offset).status, CL_INVALID_GLOBAL_OFFSET);
  EXPECT_EQ(link_.events.at(near_offset).status, CL_INVALID_GLOBAL_OFFSET);
  EXPECT_EQ(link_.events.at(large_group).status, CL_INVALID_WORK_GROUP_SIZE);
  EXPECT_EQ(link_.events.at(small_group).status, CL_INVALID_WORK_GROUP_SIZE);
  EXPECT_EQ(mock_.calls("EnqueueNDRangeKernel"), launches + 1);
}

TEST_F(ServerKernels, LaunchesWithoutEventsAreCheap) {
  Launch(add_, {MemArg(0, mem_), IntArg(1, five_)}, 4, 1, false);
  RunAll();
  const uint64_t sets = mock_.calls("SetKernelArg");
  const uint64_t callbacks = mock_.calls("SetEventCallback");
  for (int i = 0; i < 100; ++i) Launch(add_, {}, 4, 1, false);
  RunAll();
  EXPECT_EQ(mock_.calls("SetKernelArg"), sets);
  EXPECT_EQ(mock_.calls("SetEventCallback"), callbacks);
}

TEST_F(ServerKernels, ManyInOnePacketRunInTurn) {
  std::vector<int32_t> values(100);
  std::iota(values.begin(), values.end(), 1);
  Launch(add_, {MemArg(0, mem_), IntArg(1, five_)}, 4, 1, false);
  for (const int32_t& value : values) Launch(add_, {IntArg(1, value)}, 4, 1, false);
  EXPECT_EQ(Ints(mem_), std::vector<int32_t>(4, 5 + 5050));
}

TEST_F(ServerKernels, ThoseEnqueuedTogetherKeepTheirPlace) {
  const MemId copied = link_.Buffer(context_, 16);
  const MemId scaled = link_.Buffer(context_, 16);
  const auto add = [&](int times) {
    for (int i = 0; i < times; ++i) Launch(add_, {}, 4, 1, false);
  };
  Launch(add_, {MemArg(0, mem_), IntArg(1, five_)}, 4, 1, false);
  add(39);
  link_.Post(wire::CopyBuffer{{queue_, {}, {}}, mem_, copied, 0, 0, 16});
  add(40);
  Launch(scale_, {MemArg(0, scaled), MemArg(1, mem_), IntArg(2, three_)}, 4, 1, false);
  add(40);
  Launch(add_, {IntArg(1, three_)}, 4, 1, false);
  add(1);
  EXPECT_EQ(Ints(copied), std::vector<int32_t>(4, 200));
  EXPECT_EQ(Ints(scaled), std::vector<int32_t>(4, 1200));
  EXPECT_EQ(Ints(mem_), std::vector<int32_t>(4, 606));
}

TEST_F(ServerKernels, TheFirstErrorOfThoseEnqueuedTogetherIsTheQueues) {
  Launch(add_, {MemArg(0, mem_), IntArg(1, five_)}, 4, 1, false);
  RunAll();
  const uint64_t launches = mock_.calls("EnqueueNDRangeKernel");
  mock_.FailNext("EnqueueNDRangeKernel", CL_MEM_OBJECT_ALLOCATION_FAILURE, 1);
  for (int i = 0; i < 4; ++i) Launch(add_, {}, 4, 1, false);
  Launch(KernelId{500, 1}, {}, 4, 1, false);
  const uint32_t first = PostFinish(queue_);
  for (int i = 0; i < 3; ++i) Launch(add_, {}, 4, 1, false);
  const uint32_t second = PostFinish(queue_);
  RunAll();
  EXPECT_EQ(link_.finished.at(first), CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(link_.finished.at(second), CL_SUCCESS);
  EXPECT_EQ(mock_.calls("EnqueueNDRangeKernel"), launches + 7);
  EXPECT_EQ(Ints(mem_), std::vector<int32_t>(4, 5 * 7));
}

TEST_F(ServerKernels, ThoseBeforeAMalformedOneRun) {
  const uint64_t launches = mock_.calls("EnqueueNDRangeKernel");
  wire::PacketBuilder builder(0);
  const std::array args{MemArg(0, mem_), IntArg(1, five_)};
  const std::array four{uint64_t{4}};
  const wire::LaunchKernel launch{{queue_, {}, {}}, add_, {}, four, {}, args, {}};
  for (int i = 0; i < 3; ++i) builder.Add(launch);
  ByteBuffer frame;
  wire::AppendFrame(launch, frame);
  frame.resize(frame.size() + 1);  // A byte too many, which its header counts.
  frame[0] = std::byte{static_cast<uint8_t>(std::to_integer<uint8_t>(frame[0]) + 1)};
  builder.AddFrame(frame);
  builder.Add(launch);
  harness_.Settle();
  link_.SendRaw(builder.Take(0));
  EXPECT_TRUE(harness_.Until([&] { return !link_.failed.empty(); }));
  EXPECT_EQ(mock_.calls("EnqueueNDRangeKernel"), launches + 3);
}

}  // namespace
}  // namespace clopencl::testing
