// Native commands: what is enqueued, in which order, and whose an error is.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "loopback/commands_fixture.h"

namespace clopencl::testing {
namespace {

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

}  // namespace
}  // namespace clopencl::testing
