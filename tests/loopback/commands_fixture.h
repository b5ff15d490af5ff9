// A rank server on a mock device with queues and a buffer, for tests of native commands.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "loopback/server_client.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {

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

}  // namespace clopencl::testing
