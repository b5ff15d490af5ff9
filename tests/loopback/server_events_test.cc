// What the frontend hears of events: only what it asks for, in order, with times.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "loopback/server_client.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {
namespace {

// Callbacks that have not come yet.
std::vector<std::function<void()>>& LateCallbacks() {
  static std::vector<std::function<void()>> callbacks;
  return callbacks;
}

rankserver::NativeApi ApiWithLateCallbacks() {
  rankserver::NativeApi api = MockOpenCl::Api();
  api.SetEventCallback = [](cl_event event, cl_int, void(CL_CALLBACK * function)(cl_event, cl_int, void*),
                            void* data) -> cl_int {
    LateCallbacks().emplace_back([=] { function(event, CL_COMPLETE, data); });
    return CL_SUCCESS;
  };
  return api;
}

class ServerEvents : public ::testing::Test {
 protected:
  explicit ServerEvents(const rankserver::NativeApi& api = MockOpenCl::Api())
      : harness_(api, {.servers = 2}) {}

  MockOpenCl mock_{MockOpenCl::Settings{.threads = 0}};
  ServerHarness harness_;
  Link& link_ = harness_.link();
  ContextId context_ = link_.Context();
  QueueId queue_ = link_.Queue(context_, CL_QUEUE_PROFILING_ENABLE);
  MemId mem_ = link_.Buffer(context_, 1024);

  EventId Copy(std::vector<EventId> waits = {}) {
    const auto event = link_.NewId<EventId>();
    link_.Post(wire::CopyBuffer{{queue_, event, waits}, mem_, mem_, 0, 512, 16});
    return event;
  }
  void RunAll() {
    for (int i = 0; i < 5; ++i) {
      harness_.Settle();
      mock_.StepAll();
    }
    harness_.Settle();
  }
};

class ServerEventsBeforeCallbacks : public ServerEvents {
 protected:
  ServerEventsBeforeCallbacks() : ServerEvents(ApiWithLateCallbacks()) {}
  ~ServerEventsBeforeCallbacks() override {
    for (const auto& callback : std::exchange(LateCallbacks(), {})) callback();
  }
};

TEST_F(ServerEvents, AreReportedWithTimes) {
  const EventId event = Copy();
  link_.Watch(event);
  RunAll();
  const auto& times = link_.events.at(event).times;
  EXPECT_GT(times[0], 0u);
  for (size_t i = 1; i < times.size(); ++i) EXPECT_GE(times[i], times[i - 1]);
}

// NVIDIA's runtime calls back up to 20 ms after the end of a command.
TEST_F(ServerEventsBeforeCallbacks, OfLongCommandsAreReportedAllTheSame) {
  std::vector<EventId> events;
  for (int i = 0; i < 20; ++i) {
    events.push_back(Copy());
    link_.Watch(events.back());
  }
  harness_.Settle();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  RunAll();
  EXPECT_FALSE(LateCallbacks().empty());
  for (const EventId event : events) EXPECT_EQ(link_.events.at(event).status, CL_COMPLETE);
}

// A ping-pong between two servers is enqueued far ahead: hundreds of commands wait, and one completes.
TEST_F(ServerEventsBeforeCallbacks, AreSeenAtOnceHoweverManyWaitBehind) {
  std::vector<EventId> gates, events;
  for (int i = 0; i < 300; ++i) {
    gates.push_back(link_.UserEvent(context_));
    events.push_back(Copy({gates.back()}));
    link_.Watch(events.back());
  }
  harness_.Settle();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  harness_.Settle();
  for (size_t i = 0; i < events.size(); i += 10) {
    for (size_t j = i; j < i + 10; ++j) link_.Post(wire::SetEventStatus{gates[j], CL_COMPLETE});
    harness_.Settle();
    mock_.StepAll();
    for (int pass = 0; pass < 3; ++pass) harness_.Pump();
    ASSERT_EQ(link_.events.at(events[i + 9]).status, CL_COMPLETE) << i;
  }
}

// In an out-of-order queue any may be next; it mostly is the oldest, and the others have their turn.
TEST_F(ServerEventsBeforeCallbacks, OfManyUnorderedCommandsAreSeenSoonForTheOldest) {
  const QueueId unordered = link_.Queue(context_, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  std::vector<EventId> gates, events;
  for (int i = 0; i < 300; ++i) {
    gates.push_back(link_.UserEvent(context_));
    events.push_back(link_.NewId<EventId>());
    link_.Post(
        wire::CopyBuffer{{unordered, events.back(), std::array{gates.back()}}, mem_, mem_, 0, 512, 16});
    link_.Watch(events.back());
  }
  harness_.Settle();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  harness_.Settle();
  const auto complete = [&](size_t i, int passes) {
    link_.Post(wire::SetEventStatus{gates[i], CL_COMPLETE});
    for (int pass = 0; pass < 3; ++pass) harness_.Pump();  // Until it has arrived.
    mock_.StepAll();
    for (int pass = 0; pass < passes; ++pass) harness_.Pump();
    return link_.events.at(events[i]).status;
  };
  for (size_t i = 0; i < 30; ++i) ASSERT_EQ(complete(i, 2), CL_COMPLETE) << i;
  EXPECT_EQ(complete(200, 60), CL_COMPLETE);
  EXPECT_EQ(complete(30, 2), CL_COMPLETE);
}

// The end does not wait for the callbacks of failed commands, which may never come.
TEST(ServerEventsOfFailedCommands, MayBeCalledBackForAfterTheServersEnd) {
  MockOpenCl mock;
  {
    ServerHarness harness(ApiWithLateCallbacks(), {});
    Link& link = harness.link();
    const ContextId context = link.Context();
    const EventId user = link.UserEvent(context);
    const auto event = link.NewId<EventId>();
    link.Post(wire::Marker{{link.Queue(context), event, std::array{user}}});
    link.Watch(event);
    EXPECT_TRUE(harness.Until([] { return !LateCallbacks().empty(); }));
    link.Post(wire::SetEventStatus{user, -42});
    EXPECT_LT(harness.Wait(event).status, 0);
  }
  for (const auto& callback : std::exchange(LateCallbacks(), {})) callback();
  EXPECT_EQ(mock.live_objects(), 0u);
}

TEST_F(ServerEvents, MayBeWatchedAfterTheirEnd) {
  const EventId event = Copy();
  RunAll();
  EXPECT_TRUE(link_.events.empty());
  link_.Watch(event);
  RunAll();
  EXPECT_EQ(link_.events.at(event).status, CL_COMPLETE);
  EXPECT_GT(link_.events.at(event).times[3], 0u);
}

TEST_F(ServerEvents, TellTheStatusesOnTheWay) {
  const EventId user = link_.UserEvent(context_);
  const EventId event = Copy({user});
  link_.Watch(event, wire::kWatchComplete | wire::kWatchRunning | wire::kWatchSubmitted);
  RunAll();
  EXPECT_FALSE(link_.events.contains(event));
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(link_.statuses,
            (std::vector<std::pair<EventId, int32_t>>{{event, CL_SUBMITTED}, {event, CL_RUNNING}}));
  EXPECT_EQ(link_.events.at(event).status, CL_COMPLETE);
}

TEST_F(ServerEvents, AreReportedInTheOrderOfTheirQueue) {
  std::vector<EventId> order;
  for (int i = 0; i < 20; ++i) order.push_back(Copy());
  for (auto event = order.rbegin(); event != order.rend(); ++event) link_.Watch(*event);
  RunAll();
  EXPECT_EQ(link_.event_order, order);
}

TEST_F(ServerEvents, AnswerQueries) {
  const EventId user = link_.UserEvent(context_);
  const EventId event = Copy({user});
  const auto ask = [&](EventId id) {
    const uint32_t request = link_.NewRequest();
    link_.Post(wire::QueryEvent{request, id});
    harness_.Settle();
    return link_.answered.at(request).status;
  };
  harness_.Settle();
  EXPECT_GT(ask(event), CL_COMPLETE);
  EXPECT_EQ(ask(user), CL_SUBMITTED);
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(ask(event), CL_COMPLETE);
  EXPECT_EQ(ask(user), CL_COMPLETE);
  EXPECT_EQ(ask(EventId{900, 1}), CL_INVALID_EVENT);
}

TEST_F(ServerEvents, UserEventsFailWhatWaits) {
  const EventId user = link_.UserEvent(context_);
  const EventId event = Copy({user});
  link_.Watch(event);
  link_.Post(wire::SetEventStatus{user, -42});
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});  // Too late.
  RunAll();
  EXPECT_LT(link_.events.at(event).status, 0);
  const EventId late = Copy({user});
  link_.Watch(late);
  RunAll();
  EXPECT_LT(link_.events.at(late).status, 0);
}

// On a native runtime that calls nobody back about failures.
class SilentFailures : public ::testing::Test {
 protected:
  MockOpenCl mock_{MockOpenCl::Settings{.threads = 1, .silent_failures = true}};
  ServerHarness harness_{MockOpenCl::Api(), {}};
  Link& link_ = harness_.link();
  ContextId context_ = link_.Context();
  MemId mem_ = link_.Buffer(context_, 1 << 20);
  EventId user_ = link_.UserEvent(context_);

  EventId Copy(QueueId queue, std::vector<EventId> waits = {}) {
    const auto event = link_.NewId<EventId>();
    link_.Post(wire::CopyBuffer{{queue, event, waits}, mem_, mem_, 0, 512, 16});
    return event;
  }
};

TEST_F(SilentFailures, AreReportedToWhoeverWatches) {
  for (const uint64_t bits : {uint64_t{0}, uint64_t{CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE}}) {
    const QueueId queue = link_.Queue(context_, bits);
    const EventId user = link_.UserEvent(context_);
    const EventId first = Copy(queue, {user}), second = Copy(queue, {first});
    link_.Watch(first);
    link_.Watch(second);
    harness_.Settle();
    link_.Post(wire::SetEventStatus{user, -42});
    const EventId late = Copy(queue, {second}), later = Copy(queue, {user});
    link_.Watch(late);
    link_.Watch(later);
    for (const EventId event : {first, second, late, later}) EXPECT_LT(harness_.Wait(event).status, 0);
    harness_.Finish(queue);
  }
}

TEST_F(SilentFailures, AreReportedToWhoeverAsksLater) {
  for (const uint64_t bits : {uint64_t{0}, uint64_t{CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE}}) {
    const QueueId queue = link_.Queue(context_, bits);
    const EventId user = link_.UserEvent(context_);
    const std::array events{Copy(queue, {user}), Copy(queue, {user}), Copy(queue, {user})};
    harness_.Settle();
    link_.Post(wire::SetEventStatus{user, -1});
    harness_.Settle();
    for (const EventId event : events) link_.Watch(event);
    for (const EventId event : events) EXPECT_LT(harness_.Wait(event).status, 0);
    harness_.Finish(queue);
  }
}

TEST_F(SilentFailures, EndTransfersAndTheirPayloads) {
  const QueueId queue = link_.Queue(context_, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  const auto payload = link_.ExpectPayload(1 << 20);
  const EventId read = link_.NewId<EventId>();
  link_.Post(wire::ReadBuffer{{queue, read, std::array{user_}}, mem_, 0, 1 << 20, {payload->tag}});
  const EventId after = Copy(queue, {read});
  link_.Watch(read);
  link_.Watch(after);
  harness_.Settle();
  link_.Post(wire::SetEventStatus{user_, -42});
  EXPECT_LT(harness_.Wait(read).status, 0);
  EXPECT_LT(harness_.Wait(after).status, 0);
  EXPECT_TRUE(harness_.Until([&] { return payload->done; }));
  harness_.Finish(queue);
}

TEST_F(ServerEvents, UnknownOnesAreAnswered) {
  link_.Watch(EventId{700, 1});
  link_.Post(wire::SetEventStatus{{701, 1}, CL_COMPLETE});
  link_.Release(wire::ObjectKind::kEvent, EventId{702, 1});
  harness_.Settle();
  EXPECT_EQ((link_.events.at(EventId{700, 1}).status), CL_INVALID_EVENT);
  EXPECT_EQ(link_.failed, "");
}

TEST_F(ServerEvents, WatchesOutliveTheRelease) {
  const EventId event = Copy();
  link_.Watch(event);
  link_.Release(wire::ObjectKind::kEvent, event);
  RunAll();
  EXPECT_EQ(link_.events.at(event).status, CL_COMPLETE);
}

// Of another server, as contexts that span servers need it.
class ForwardedEvents : public ServerEvents {
 protected:
  Link& other_ = harness_.link(2);
  ContextId other_context_ = other_.Context();
  QueueId other_queue_ = other_.Queue(other_context_);
  MemId other_mem_ = other_.Buffer(other_context_, 1024);

  void Import(EventId id) { other_.Post(wire::CreateUserEvent{id, other_context_}); }
  EventId CopyThere(EventId wait) {
    const EventId event{5000, 1};
    other_.Post(
        wire::CopyBuffer{{other_queue_, event, std::array{wait}}, other_mem_, other_mem_, 0, 512, 16});
    other_.Watch(event);
    return event;
  }
};

TEST_F(ForwardedEvents, CompleteElsewhereWithoutRankZero) {
  const EventId user = link_.UserEvent(context_);
  const EventId event = Copy({user});
  link_.Post(wire::ForwardEvent{event, 2, 0});
  Import(event);
  const EventId there = CopyThere(event);
  RunAll();
  EXPECT_FALSE(other_.events.contains(there));
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(other_.events.at(there).status, CL_COMPLETE);
  EXPECT_FALSE(link_.events.contains(event)) << "the frontend did not ask";
}

TEST_F(ForwardedEvents, MayArriveBeforeTheyAreNamed) {
  const EventId event = Copy();
  link_.Post(wire::ForwardEvent{event, 2, 0});
  RunAll();
  Import(event);
  const EventId there = CopyThere(event);
  RunAll();
  EXPECT_EQ(other_.events.at(there).status, CL_COMPLETE);
}

TEST_F(ForwardedEvents, CarryFailures) {
  RunAll();
  mock_.FailNext("EnqueueCopyBuffer", CL_OUT_OF_RESOURCES);
  const EventId event = Copy();
  link_.Post(wire::ForwardEvent{event, 2, 0});
  link_.Release(wire::ObjectKind::kEvent, event);
  harness_.Settle();
  Import(event);
  const EventId there = CopyThere(event);
  RunAll();
  EXPECT_LT(other_.events.at(there).status, 0);
}

TEST_F(ForwardedEvents, UserEventsGoToTheirOwnRankToo) {
  const EventId user = link_.UserEvent(context_);
  link_.Post(wire::ForwardEvent{user, 1, 0});
  link_.Post(wire::ForwardEvent{user, 2, 0});
  Import(user);
  const EventId there = CopyThere(user);
  link_.Post(wire::SetEventStatus{user, CL_COMPLETE});
  RunAll();
  EXPECT_EQ(other_.events.at(there).status, CL_COMPLETE);
  EXPECT_EQ(link_.failed, "");
}

TEST_F(ForwardedEvents, NotToRanksThatAreNoServers) {
  link_.Post(wire::ForwardEvent{Copy(), 9, 0});
  EXPECT_TRUE(harness_.Until([&] { return !link_.failed.empty(); }));
}

}  // namespace
}  // namespace clopencl::testing
