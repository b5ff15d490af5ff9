// Objects: creation, errors that stay with them, release, queries.
#include <gtest/gtest.h>

#include <cstring>

#include "loopback/server_client.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {
namespace {

class ServerObjects : public ::testing::Test {
 protected:
  void SetUp() override { harness_.Finish(queue_); }

  MockOpenCl mock_;
  ServerHarness harness_{MockOpenCl::Api(), {}};
  Link& link_ = harness_.link();
  ContextId context_ = link_.Context();
  QueueId queue_ = link_.Queue(context_);

  int32_t CopyStatus(MemId from, MemId to, QueueId queue) {
    const auto event = link_.NewId<EventId>();
    link_.Post(wire::CopyBuffer{{queue, event, {}}, from, to, 0, 0, 16});
    const int32_t status = harness_.Wait(event).status;
    link_.Release(wire::ObjectKind::kEvent, event);
    return status;
  }
};

TEST_F(ServerObjects, KeepTheErrorOfTheirCreation) {
  mock_.FailNext("CreateBuffer", CL_MEM_OBJECT_ALLOCATION_FAILURE);
  const MemId bad = link_.Buffer(context_, 64);
  const MemId good = link_.Buffer(context_, 64);
  EXPECT_EQ(CopyStatus(bad, good, queue_), CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(CopyStatus(good, bad, queue_), CL_MEM_OBJECT_ALLOCATION_FAILURE) << "and it stays";
  EXPECT_EQ(CopyStatus(good, good, queue_), CL_COMPLETE) << "no other object has it";

  const auto sub = link_.NewId<MemId>();
  link_.Post(wire::CreateSubBuffer{sub, bad, 0, 0, 16});
  EXPECT_EQ(CopyStatus(sub, good, queue_), CL_MEM_OBJECT_ALLOCATION_FAILURE)
      << "what is made of it has it, too";
}

TEST_F(ServerObjects, FailedQueuesAnswer) {
  mock_.FailNext("CreateCommandQueue", CL_OUT_OF_HOST_MEMORY);
  const QueueId bad = link_.Queue(context_);
  const MemId mem = link_.Buffer(context_, 64);
  EXPECT_EQ(harness_.Finish(bad), CL_OUT_OF_HOST_MEMORY);
  EXPECT_EQ(CopyStatus(mem, mem, bad), CL_OUT_OF_HOST_MEMORY);
}

TEST_F(ServerObjects, FailedContextsFailWhatTheyAreNeededFor) {
  mock_.FailNext("CreateContext", CL_DEVICE_NOT_AVAILABLE);
  const ContextId bad = link_.Context();
  EXPECT_EQ(harness_.Finish(link_.Queue(bad)), CL_DEVICE_NOT_AVAILABLE);
  const MemId mem = link_.Buffer(bad, 64);
  EXPECT_EQ(CopyStatus(mem, mem, queue_), CL_DEVICE_NOT_AVAILABLE);
  EXPECT_EQ(harness_.Finish(link_.Queue(link_.Context({DeviceId{9, 0}}))), CL_INVALID_DEVICE);
  EXPECT_EQ(harness_.Finish(link_.Queue(link_.Context({}))), CL_INVALID_VALUE);
}

TEST_F(ServerObjects, StaleIdsAreErrors) {
  const MemId mem = link_.Buffer(context_, 64);
  const MemId other = link_.Buffer(context_, 64);
  EXPECT_EQ(CopyStatus(mem, other, queue_), CL_COMPLETE);
  link_.Release(wire::ObjectKind::kMem, mem);
  EXPECT_EQ(CopyStatus(mem, other, queue_), CL_INVALID_MEM_OBJECT);
  EXPECT_EQ(CopyStatus({mem.index, mem.generation + 1}, other, queue_), CL_INVALID_MEM_OBJECT);
  EXPECT_EQ(CopyStatus({0xffffffff, 1}, other, queue_), CL_INVALID_MEM_OBJECT);
  EXPECT_EQ(CopyStatus({}, other, queue_), CL_INVALID_MEM_OBJECT);
  EXPECT_EQ(CopyStatus(other, other, QueueId{77, 1}), CL_INVALID_COMMAND_QUEUE);
  EXPECT_EQ(harness_.Finish(QueueId{77, 1}), CL_INVALID_COMMAND_QUEUE);
  // The index is used again, by another generation.
  const MemId again{mem.index, mem.generation + 1};
  link_.Post(wire::CreateBuffer{again, context_, CL_MEM_READ_WRITE, 64});
  EXPECT_EQ(CopyStatus(again, other, queue_), CL_COMPLETE);
  EXPECT_EQ(CopyStatus(mem, other, queue_), CL_INVALID_MEM_OBJECT);
}

TEST_F(ServerObjects, ReleaseFreesWhatNobodyUses) {
  const size_t before = mock_.live_objects();
  const MemId mem = link_.Buffer(context_, 4096);
  const auto sub = link_.NewId<MemId>();
  link_.Post(wire::CreateSubBuffer{sub, mem, 0, 1024, 1024});
  EXPECT_EQ(harness_.Write(queue_, sub, 0, Pattern(1024, 1), false), CL_COMPLETE);
  EXPECT_EQ(harness_.Read(queue_, sub, 0, 1024, false), Pattern(1024, 1));
  EXPECT_EQ(harness_.Read(queue_, sub, 0, 1024, false), Pattern(1024, 1));
  link_.Release(wire::ObjectKind::kMem, mem);  // The sub-buffer keeps its memory.
  EXPECT_EQ(harness_.Read(queue_, sub, 0, 1024, false), Pattern(1024, 1));
  link_.Release(wire::ObjectKind::kMem, sub);
  harness_.Finish(queue_);
  // What stays: the queue for transfers, and the last event of the queue.
  EXPECT_TRUE(harness_.Until([&] { return mock_.live_objects() <= before + 2; }))
      << mock_.live_objects() - before;
  EXPECT_EQ(mock_.faults(), std::vector<std::string>{});
}

TEST_F(ServerObjects, SubDevicesAreDevices) {
  const uint32_t request = link_.NewRequest();
  const std::array<int64_t, 2> properties{CL_DEVICE_PARTITION_EQUALLY, 2};
  const std::array<DeviceId, 4> ids{DeviceId{10, 1}, DeviceId{11, 1}, DeviceId{12, 1}, DeviceId{13, 1}};
  link_.Post(wire::CreateSubDevices{request, {1, 0}, properties, ids});
  ASSERT_TRUE(harness_.Until([&] { return link_.sub_devices.contains(request); }));
  EXPECT_EQ(link_.sub_devices[request], (std::pair<int32_t, size_t>{CL_SUCCESS, 2}));
  const ContextId context = link_.Context({ids[0], ids[1]});
  EXPECT_EQ(harness_.Finish(link_.Queue(context, 0, ids[1])), CL_SUCCESS);
  EXPECT_EQ(harness_.Finish(link_.Queue(context, 0, ids[2])), CL_INVALID_DEVICE);

  const uint32_t bad = link_.NewRequest();
  const std::array<int64_t, 2> nonsense{CL_DEVICE_PARTITION_EQUALLY, 1000};
  link_.Post(wire::CreateSubDevices{bad, {1, 0}, nonsense, ids});
  ASSERT_TRUE(harness_.Until([&] { return link_.sub_devices.contains(bad); }));
  EXPECT_EQ(link_.sub_devices[bad].first, CL_DEVICE_PARTITION_FAILED);
}

TEST_F(ServerObjects, DefaultDeviceQueuesAreSet) {
  link_.Post(wire::SetDefaultDeviceQueue{context_, {1, 0}, queue_});
  link_.Post(wire::SetDefaultDeviceQueue{context_, {1, 0}, QueueId{900, 1}});  // Names nothing.
  harness_.Finish(queue_);
  EXPECT_EQ(mock_.calls("SetDefaultDeviceCommandQueue"), 1u);
  EXPECT_EQ(mock_.faults(), std::vector<std::string>{});
  EXPECT_EQ(link_.failed, "");
}

// On a native platform without them, where the frontend does not offer them.
TEST_F(ServerObjects, CommandBuffersNeedTheExtension) {
  const CommandBufferId buffer{1, 1};
  const MemId mem = link_.Buffer(context_, 64);
  link_.Post(wire::CreateCommandBuffer{buffer, queue_, {}});
  link_.Post(wire::RecordCopyBuffer{buffer, {}, {{queue_, {}, {}}, mem, mem, 0, 32, 16}});
  link_.Post(wire::RecordBarrier{buffer, {}, {{queue_, {}, {}}}});
  link_.Post(wire::FinalizeCommandBuffer{buffer});
  const auto event = link_.NewId<EventId>();
  link_.Post(wire::EnqueueCommandBuffer{{queue_, event, {}}, buffer});
  EXPECT_EQ(harness_.Wait(event).status, CL_INVALID_OPERATION);
  link_.Release(wire::ObjectKind::kCommandBuffer, buffer);
  harness_.Finish(queue_);
  EXPECT_EQ(link_.failed, "");
}

TEST_F(ServerObjects, RootDevicesOutliveTheirRelease) {
  link_.Release(wire::ObjectKind::kDevice, DeviceId{1, 0});
  EXPECT_EQ(harness_.Finish(link_.Queue(context_)), CL_SUCCESS);
}

TEST_F(ServerObjects, AnswerQueries) {
  const MemId mem = link_.Buffer(context_, 4321);
  const Info size = harness_.Query(wire::Query::kMemObjectInfo, CL_MEM_SIZE, mem.Pack());
  ASSERT_EQ(size.status, CL_SUCCESS);
  uint64_t value = 0;
  ASSERT_EQ(size.value.size(), sizeof value);
  std::memcpy(&value, size.value.data(), sizeof value);
  EXPECT_EQ(value, 4321u);
  EXPECT_EQ(harness_.Query(wire::Query::kMemObjectInfo, 0xabcd, mem.Pack()).status, CL_INVALID_VALUE);
  EXPECT_EQ(harness_.Query(wire::Query::kMemObjectInfo, CL_MEM_SIZE, 99).status, CL_INVALID_MEM_OBJECT);
  EXPECT_EQ(harness_.Query(wire::Query::kDeviceInfo, CL_DEVICE_NAME, DeviceId{1, 0}.Pack()).value.size(),
            sizeof "device in memory");
  EXPECT_EQ(harness_.Query(wire::Query::kDeviceInfo, CL_DEVICE_PLATFORM, DeviceId{1, 0}.Pack()).status,
            CL_INVALID_VALUE)
      << "no handle leaves the server";
  Bytes flags(sizeof(uint64_t));
  const Info formats =
      harness_.Query(wire::Query::kSupportedImageFormats, CL_MEM_OBJECT_IMAGE2D, context_.Pack(), {}, flags);
  EXPECT_EQ(formats.status, CL_SUCCESS);
  EXPECT_EQ(formats.value.size(), 2 * sizeof(cl_image_format));
  EXPECT_EQ(
      harness_.Query(wire::Query::kSupportedImageFormats, CL_MEM_OBJECT_IMAGE2D, context_.Pack()).status,
      CL_INVALID_VALUE)
      << "without its input";
  EXPECT_EQ(harness_.Query(wire::Query::kDeviceAndHostTimer, 0, DeviceId{1, 0}.Pack()).value.size(), 16u);
  EXPECT_EQ(harness_.Query(wire::Query::kHostTimer, 0, DeviceId{1, 0}.Pack()).value.size(), 8u);
  EXPECT_EQ(harness_.Query(static_cast<wire::Query>(77), 0, 1).status, CL_INVALID_VALUE);
}

TEST_F(ServerObjects, SharedVirtualMemory) {
  const uint32_t request = link_.NewRequest();
  link_.Post(wire::SvmAllocate{request, context_, 0, 4096, 0});
  ASSERT_TRUE(harness_.Until([&] { return link_.svm.contains(request); }));
  const uint64_t address = link_.svm[request];
  ASSERT_NE(address, 0u);
  const Bytes data = Pattern(1000, 5);
  const auto write = link_.NewId<EventId>();
  link_.Post(wire::SvmWrite{{queue_, write, {}}, address + 100, data.size(), {0, data}});
  const auto copy = link_.NewId<EventId>();
  link_.Post(wire::SvmCopy{{queue_, copy, {}}, address + 2000, address + 100, 1000});
  const auto fill = link_.NewId<EventId>();
  const Bytes pattern = Pattern(4, 8);
  link_.Post(wire::SvmFill{{queue_, fill, {}}, address, pattern, 64});
  const auto read = link_.NewId<EventId>();
  link_.Post(wire::SvmRead{{queue_, read, {}}, address + 2000, 1000, {0}});
  EXPECT_EQ(harness_.Wait(read).data, data);
  const auto payload = link_.ExpectPayload(64);
  const auto read_fill = link_.NewId<EventId>();
  link_.Post(wire::SvmRead{{queue_, read_fill, {}}, address, 64, {payload->tag}});
  EXPECT_EQ(harness_.Wait(read_fill).status, CL_COMPLETE);
  ASSERT_TRUE(harness_.Until([&] { return payload->done; }));
  EXPECT_EQ(Bytes(payload->data.begin(), payload->data.begin() + 4), pattern);

  // Beyond the allocation, and after its end.
  for (const uint64_t bad : {address + 4000, address - 1, uint64_t{8}}) {
    const auto event = link_.NewId<EventId>();
    link_.Post(wire::SvmRead{{queue_, event, {}}, bad, 1000, {0}});
    EXPECT_EQ(harness_.Wait(event).status, CL_INVALID_VALUE);
  }
  link_.Post(wire::SvmFree{context_, address});
  link_.Post(wire::SvmFree{context_, address});
  const auto late = link_.NewId<EventId>();
  link_.Post(wire::SvmCopy{{queue_, late, {}}, address, address + 64, 16});
  EXPECT_EQ(harness_.Wait(late).status, CL_INVALID_VALUE);
  EXPECT_EQ(mock_.faults(), std::vector<std::string>{});
}

}  // namespace
}  // namespace clopencl::testing
