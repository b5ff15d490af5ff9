// Launches that wait in the rank server to be enqueued together: their place among other commands, the events
// that they name and leave, and their errors.
#include <gtest/gtest.h>

#include <array>

#include "loopback/kernels_fixture.h"

namespace clopencl::testing {
namespace {

class WaitingLaunches : public ServerKernels {
 protected:
  // With the arguments of before, and an event that nobody watches yet.
  EventId Add(QueueId queue, std::vector<EventId> waits = {}) {
    const auto event = link_.NewId<EventId>();
    const std::array four{uint64_t{4}};
    link_.Post(wire::LaunchKernel{{queue, event, waits}, add_, {}, four, {}, {}, {}});
    return event;
  }
  void Release(EventId event) { link_.Post(wire::Release{wire::ObjectKind::kEvent, event.Pack()}); }
  EventId UserEvent() {
    const auto event = link_.NewId<EventId>();
    link_.Post(wire::CreateUserEvent{event, context_});
    return event;
  }
  // A launch that leaves its arguments to the later ones, and is over.
  void SetArguments() {
    Launch(add_, {MemArg(0, mem_), IntArg(1, five_)}, 4, 1, false);
    RunAll();
  }
};

TEST_F(WaitingLaunches, KeepTheirPlace) {
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

TEST_F(WaitingLaunches, TheirFirstErrorIsTheQueues) {
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

TEST_F(WaitingLaunches, ThoseBeforeAMalformedOneRun) {
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

// Whatever held a launch back would let it run before the gate opens.
TEST_F(WaitingLaunches, WaitForWhatTheyName) {
  SetArguments();
  const QueueId other = link_.Queue(context_, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  const size_t objects = mock_.live_objects();
  const EventId gate = UserEvent();
  EventId last = Add(out_of_order_, {gate});
  for (int i = 0; i < 99; ++i) {
    const EventId next = Add(i % 2 == 0 ? other : out_of_order_, {last});
    Release(last);
    last = next;
  }
  link_.Watch(last);
  RunAll();
  EXPECT_EQ(mock_.pending_commands(), 100u);
  link_.Post(wire::SetEventStatus{gate, CL_COMPLETE});
  RunAll();
  ASSERT_EQ(link_.events.at(last).status, CL_COMPLETE);
  Release(last);
  Release(gate);
  PostFinish(other);
  PostFinish(out_of_order_);
  RunAll();
  // Queues keep events of their last commands.
  EXPECT_LE(mock_.live_objects(), objects + 8);
  EXPECT_EQ(Ints(mem_), std::vector<int32_t>(4, 5 * 101));
  EXPECT_EQ(mock_.faults(), std::vector<std::string>{});
}

TEST_F(WaitingLaunches, MayNameSeveralEventsOfAllKinds) {
  SetArguments();
  const EventId copy = Copy(out_of_order_);
  const EventId gate = UserEvent();
  const MemId other = link_.Buffer(context_, 1 << 16);
  const auto written = link_.NewId<EventId>();
  const uint32_t tag = 100;
  link_.Post(wire::WriteBuffer{{out_of_order_, written, {}}, other, 0, 1 << 16, {tag, {}}});
  const EventId first = Add(out_of_order_);
  const EventId second = Add(queue_, {first, copy});
  const EventId after_write = Add(out_of_order_, {first, written});
  const EventId third = Add(out_of_order_, {first, second, gate});
  const EventId fourth = Add(queue_, {third});
  link_.Watch(second);
  link_.Watch(fourth);
  RunAll();
  EXPECT_EQ(link_.events.at(second).status, CL_COMPLETE);
  EXPECT_FALSE(link_.events.contains(fourth));
  link_.Post(wire::SetEventStatus{gate, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(link_.events.at(fourth).status, CL_COMPLETE);
  link_.Watch(after_write);
  RunAll();
  EXPECT_FALSE(link_.events.contains(after_write));
  const ByteBuffer data(1 << 16);
  harness_.transport().SendPayload(1, tag, data, 16384, [](bool) {});
  RunAll();
  EXPECT_EQ(link_.events.at(after_write).status, CL_COMPLETE);
  EXPECT_EQ(Ints(mem_), std::vector<int32_t>(4, 5 * 6));
}

TEST_F(WaitingLaunches, FailWithThoseThatTheyName) {
  SetArguments();
  mock_.FailNext("EnqueueNDRangeKernel", CL_MEM_OBJECT_ALLOCATION_FAILURE, 1);
  const EventId good = Add(queue_);
  const EventId bad = Add(queue_);
  const EventId names_bad = Add(queue_, {good, bad});
  const EventId names_good = Add(queue_, {good});
  const EventId names_dependent = Add(out_of_order_, {names_bad});
  const EventId released = Add(queue_, {bad});
  Release(released);
  const EventId unknown = Add(queue_, {EventId{9999, 1}});
  for (const EventId event : {good, bad, names_bad, names_good, names_dependent, released, unknown})
    link_.Watch(event);
  RunAll();
  EXPECT_EQ(link_.events.at(good).status, CL_COMPLETE);
  EXPECT_EQ(link_.events.at(bad).status, CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(link_.events.at(names_bad).status, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
  EXPECT_EQ(link_.events.at(names_good).status, CL_COMPLETE);
  EXPECT_EQ(link_.events.at(names_dependent).status, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
  EXPECT_EQ(link_.events.at(released).status, CL_INVALID_EVENT);
  EXPECT_EQ(link_.events.at(unknown).status, CL_INVALID_EVENT_WAIT_LIST);
  EXPECT_EQ(Ints(mem_), std::vector<int32_t>(4, 5 * 3));
}

// Some native runtimes would let it wait for ever.
TEST_F(WaitingLaunches, ThatNameAFailedEventAreNotEnqueued) {
  SetArguments();
  const EventId gate = UserEvent();
  link_.Post(wire::SetEventStatus{gate, CL_OUT_OF_RESOURCES});
  RunAll();
  const uint64_t launches = mock_.calls("EnqueueNDRangeKernel");
  const EventId good = Add(queue_);
  const EventId bad = Add(queue_, {good, gate});
  link_.Watch(good);
  link_.Watch(bad);
  RunAll();
  EXPECT_EQ(mock_.calls("EnqueueNDRangeKernel"), launches + 1);
  EXPECT_EQ(link_.events.at(good).status, CL_COMPLETE);
  EXPECT_EQ(link_.events.at(bad).status, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
}

TEST_F(WaitingLaunches, AnEventTakesTheIndexOfAnother) {
  SetArguments();
  const EventId old = Add(queue_);
  RunAll();
  const EventId taken{old.index, old.generation + 1};
  const std::array four{uint64_t{4}};
  link_.Post(wire::LaunchKernel{{queue_, taken, {}}, add_, {}, four, {}, {}, {}});
  Release(taken);
  for (const EventId event : {old, taken}) link_.Watch(event);
  RunAll();
  EXPECT_EQ(link_.events.at(old).status, CL_INVALID_EVENT);
  EXPECT_EQ(link_.events.at(taken).status, CL_INVALID_EVENT);
}

TEST_F(WaitingLaunches, ReleasedEventsAreGone) {
  SetArguments();
  const EventId earlier = Add(queue_);
  RunAll();
  const EventId waiting = Add(queue_, {earlier});
  Release(earlier);
  Release(waiting);
  const EventId again{waiting.index, waiting.generation + 1};  // The frontend uses the index once more.
  const std::array four{uint64_t{4}};
  link_.Post(wire::LaunchKernel{{queue_, again, {}}, add_, {}, four, {}, {}, {}});
  for (const EventId event : {earlier, waiting, again}) link_.Watch(event);
  RunAll();
  EXPECT_EQ(link_.events.at(earlier).status, CL_INVALID_EVENT);
  EXPECT_EQ(link_.events.at(waiting).status, CL_INVALID_EVENT);
  EXPECT_EQ(link_.events.at(again).status, CL_COMPLETE);
}

}  // namespace
}  // namespace clopencl::testing
