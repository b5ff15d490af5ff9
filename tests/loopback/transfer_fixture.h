// A rank server on a mock device with two buffers, for tests of transfers.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "loopback/server_client.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {

struct Mode {
  bool unified = true;
  bool payload = true;
  bool in_order = true;
};

inline std::string Name(const ::testing::TestParamInfo<Mode>& info) {
  return std::string(info.param.unified ? "Unified" : "Discrete") +
         (info.param.payload ? "Payload" : "Inline") + (info.param.in_order ? "InOrder" : "OutOfOrder");
}

// Larger than a chunk of the harness (16 KiB), so that discrete devices use several, with a rest.
inline constexpr size_t kSize = 100'000;

inline MockOpenCl::Settings Settings(bool unified, unsigned threads, size_t devices = 1) {
  const MockOpenCl::Device device{.type = unified ? cl_device_type{CL_DEVICE_TYPE_CPU} : CL_DEVICE_TYPE_GPU,
                                  .unified = unified};
  return {.devices = std::vector(devices, device), .threads = threads};
}

// A command under way: its event, and its payload if it has one.
struct Moving {
  EventId event;
  std::shared_ptr<Payload> payload;
};

class TransferFixture {
 public:
  TransferFixture(Mode mode, unsigned threads, size_t devices = 1)
      : mode_(mode), mock_(Settings(mode.unified, threads, devices)), context_(link_.Context(Ids(devices))) {}

  Moving Read(MemId mem, uint64_t offset, uint64_t size, std::vector<EventId> waits = {}) {
    Moving moving{link_.NewId<EventId>(), mode_.payload ? link_.ExpectPayload(size) : nullptr};
    link_.Post(wire::ReadBuffer{
        {queue_, moving.event, waits}, mem, offset, size, {mode_.payload ? moving.payload->tag : 0}});
    link_.Watch(moving.event);
    return moving;
  }
  Moving Write(MemId mem, uint64_t offset, const Bytes& data, std::vector<EventId> waits = {}) {
    Moving moving{link_.NewId<EventId>(), mode_.payload ? link_.SendPayload(data) : nullptr};
    link_.Post(wire::WriteBuffer{
        {queue_, moving.event, waits},
        mem,
        offset,
        data.size(),
        {mode_.payload ? moving.payload->tag : 0, mode_.payload ? wire::ByteView{} : wire::ByteView(data)}});
    link_.Watch(moving.event);
    return moving;
  }
  EventId Copy(MemId from, MemId to, uint64_t size, std::vector<EventId> waits = {}) {
    const auto event = link_.NewId<EventId>();
    link_.Post(wire::CopyBuffer{{queue_, event, waits}, from, to, 0, 0, size});
    link_.Watch(event);
    return event;
  }
  int32_t Status(const Moving& moving) {
    const int32_t status = harness_.Wait(moving.event).status;
    if (moving.payload != nullptr) {
      EXPECT_TRUE(harness_.Until([&] { return moving.payload->done; }));
    }
    return status;
  }
  Bytes Data(const Moving& moving) {
    Status(moving);
    return moving.payload != nullptr ? moving.payload->data : link_.events.at(moving.event).data;
  }
  static std::vector<DeviceId> Ids(size_t devices) {
    std::vector<DeviceId> ids;
    for (uint32_t index = 1; index <= devices; ++index) ids.push_back({index, 0});
    return ids;
  }
  void RunAll() {
    for (int i = 0; i < 8; ++i) {
      harness_.Settle();
      mock_.StepAll();
    }
    harness_.Settle();
  }

  const Mode mode_;
  MockOpenCl mock_;
  ServerHarness harness_{MockOpenCl::Api(), {}};
  Link& link_ = harness_.link();
  ContextId context_;  // Of all devices.
  QueueId queue_ = link_.Queue(context_, mode_.in_order ? 0 : CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  MemId a_ = link_.Buffer(context_, kSize);
  MemId b_ = link_.Buffer(context_, kSize);
};

// Every way a transfer can go.
inline auto AllModes() {
  return ::testing::Values(Mode{true, true, true}, Mode{true, false, true}, Mode{true, true, false},
                           Mode{true, false, false}, Mode{false, true, true}, Mode{false, false, true},
                           Mode{false, true, false}, Mode{false, false, false});
}

}  // namespace clopencl::testing
