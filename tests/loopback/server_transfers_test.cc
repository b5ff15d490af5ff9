// Data to and from the frontend: by mapping, through staging, in chunks.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <utility>

#include "loopback/transfer_fixture.h"

namespace clopencl::testing {
namespace {

class Transfers : public ::testing::TestWithParam<Mode>, protected TransferFixture {
 protected:
  Transfers() : TransferFixture(GetParam(), 2) {}
  void TearDown() override { EXPECT_EQ(mock_.faults(), std::vector<std::string>{}); }
};

TEST_P(Transfers, KeepEveryByte) {
  const Bytes data = Pattern(kSize, 1);
  EXPECT_EQ(Status(Write(a_, 0, data)), CL_COMPLETE);
  EXPECT_EQ(Data(Read(a_, 0, kSize)), data);
  for (const size_t size :
       {size_t{1}, size_t{4}, size_t{4096}, size_t{16384}, size_t{16385}, size_t{70000}}) {
    const Bytes part = Pattern(size, static_cast<uint32_t>(size));
    EXPECT_EQ(Status(Write(a_, 777, part)), CL_COMPLETE) << size;
    EXPECT_EQ(Data(Read(a_, 777, size)), part) << size;
    EXPECT_EQ(Data(Read(a_, 777, size)), part) << size;
  }
}

TEST_P(Transfers, SeeTheCommandsBeforeThemAndAreSeenByThoseAfter) {
  for (uint32_t round = 0; round < 20; ++round) {
    const size_t size = round % 2 == 0 ? 64 : kSize;
    const Bytes data = Pattern(size, round);
    const Moving write = Write(a_, 0, data);
    const EventId copy = Copy(a_, b_, size, {write.event});
    const Moving read = Read(b_, 0, size, {copy});
    const Moving overwrite = Write(b_, 0, Pattern(size, round + 1000), {read.event});
    EXPECT_EQ(Data(read), data) << round;
    EXPECT_EQ(Status(overwrite), CL_COMPLETE);
    EXPECT_EQ(Data(Read(b_, 0, size)), Pattern(size, round + 1000)) << round;
  }
}

TEST_P(Transfers, ManyAtOnceWithoutWaiting) {
  if (!GetParam().in_order) GTEST_SKIP() << "nothing orders them";
  std::vector<Moving> moves;
  std::vector<std::pair<Moving, Bytes>> reads;
  std::mt19937 random(7);
  Bytes model(kSize);
  for (uint32_t i = 0; i < 200; ++i) {
    const size_t offset = random() % (kSize - 1);
    const size_t size = 1 + random() % std::min<size_t>(kSize - offset, i % 3 == 0 ? 50'000 : 500);
    if (random() % 3 == 0) {
      reads.emplace_back(Read(a_, offset, size),
                         Bytes(model.begin() + static_cast<ptrdiff_t>(offset),
                               model.begin() + static_cast<ptrdiff_t>(offset + size)));
    } else if (random() % 4 == 0) {
      Copy(b_, a_, size);  // b_ is all zero.
      std::fill_n(model.begin(), size, std::byte{0});
    } else {
      const Bytes data = Pattern(size, i);
      moves.push_back(Write(a_, offset, data));
      std::copy(data.begin(), data.end(), model.begin() + static_cast<ptrdiff_t>(offset));
    }
  }
  for (const auto& [read, expected] : reads) EXPECT_EQ(Data(read), expected);
  EXPECT_EQ(Data(Read(a_, 0, kSize)), model);
  EXPECT_EQ(harness_.Finish(queue_), CL_SUCCESS);
}

TEST_P(Transfers, OfSubBuffersShareTheMemory) {
  const auto sub = link_.NewId<MemId>();
  link_.Post(wire::CreateSubBuffer{sub, a_, 0, 40'000, 50'000});
  const Bytes data = Pattern(50'000, 9);
  EXPECT_EQ(Status(Write(sub, 0, data)), CL_COMPLETE);
  const Bytes whole = Data(Read(a_, 40'000, 50'000));
  EXPECT_EQ(whole, data);
  EXPECT_EQ(Status(Write(a_, 40'010, Pattern(20, 10))), CL_COMPLETE);
  EXPECT_EQ(Data(Read(sub, 10, 20)), Pattern(20, 10));
  const EventId copy = Copy(sub, b_, 50'000);
  EXPECT_EQ(harness_.Wait(copy).status, CL_COMPLETE);
  EXPECT_EQ(Data(Read(b_, 10, 20)), Pattern(20, 10));
}

TEST_P(Transfers, Rectangles) {
  // 100 x 10 x 5 bytes with pitches 120 and 1400, at (7, 2, 1).
  const std::array<uint64_t, 3> origin{7, 2, 1}, region{100, 10, 5};
  const std::array<uint64_t, 2> pitches{120, 1400};
  Bytes model = Pattern(kSize, 3);
  EXPECT_EQ(Status(Write(a_, 0, model)), CL_COMPLETE);
  const Bytes box = Pattern(5000, 4);
  for (size_t z = 0; z < 5; ++z) {
    for (size_t y = 0; y < 10; ++y) {
      std::memcpy(&model[(z + 1) * 1400 + (y + 2) * 120 + 7], &box[z * 1000 + y * 100], 100);
    }
  }
  const bool payload = GetParam().payload;
  Moving write{link_.NewId<EventId>(), payload ? link_.SendPayload(box) : nullptr};
  link_.Post(wire::WriteBufferRect{
      {queue_, write.event, {}},
      a_,
      origin,
      region,
      pitches,
      {payload ? write.payload->tag : 0, payload ? wire::ByteView{} : wire::ByteView(box)}});
  EXPECT_EQ(Status(write), CL_COMPLETE);
  EXPECT_EQ(Data(Read(a_, 0, kSize)), model);
  Moving read{link_.NewId<EventId>(), payload ? link_.ExpectPayload(5000) : nullptr};
  link_.Post(wire::ReadBufferRect{
      {queue_, read.event, {}}, a_, origin, region, pitches, {payload ? read.payload->tag : 0}});
  EXPECT_EQ(Data(read), box);
  // One that is a plain range, in effect.
  Moving row{link_.NewId<EventId>(), payload ? link_.ExpectPayload(100) : nullptr};
  link_.Post(wire::ReadBufferRect{
      {queue_, row.event, {}}, a_, origin, {100, 1, 1}, pitches, {payload ? row.payload->tag : 0}});
  EXPECT_EQ(Data(row), Bytes(box.begin(), box.begin() + 100));
}

TEST_P(Transfers, Images) {
  const auto image = link_.NewId<MemId>();
  link_.Post(wire::CreateImage{image,
                               context_,
                               CL_MEM_READ_WRITE,
                               {CL_RGBA, CL_UNSIGNED_INT8},
                               CL_MEM_OBJECT_IMAGE2D,
                               {64, 32, 0, 0},
                               {},
                               {},
                               {}});
  const Bytes whole = Pattern(64 * 32 * 4, 5);
  const bool payload = GetParam().payload;
  const auto upload = payload ? link_.SendPayload(whole) : nullptr;
  link_.Post(wire::UploadContents{image, 0, whole.size(), payload ? upload->tag : 0,
                                  payload ? wire::ByteView{} : wire::ByteView(whole)});
  const Bytes part = Pattern(10 * 5 * 4, 6);
  const std::array<uint64_t, 3> origin{3, 4, 0}, region{10, 5, 1};
  Moving write{link_.NewId<EventId>(), payload ? link_.SendPayload(part) : nullptr};
  link_.Post(wire::WriteImage{
      {queue_, write.event, {}},
      image,
      origin,
      region,
      part.size(),
      {payload ? write.payload->tag : 0, payload ? wire::ByteView{} : wire::ByteView(part)}});
  const auto read_image = [&](std::array<uint64_t, 3> from, std::array<uint64_t, 3> extent, uint64_t size) {
    Moving read{link_.NewId<EventId>(), payload ? link_.ExpectPayload(size) : nullptr};
    link_.Post(wire::ReadImage{{queue_, read.event, std::array{write.event}},
                               image,
                               from,
                               extent,
                               size,
                               {payload ? read.payload->tag : 0}});
    return read;
  };
  EXPECT_EQ(Data(read_image(origin, region, part.size())), part);
  Bytes model = whole;
  for (size_t y = 0; y < 5; ++y) std::memcpy(&model[((y + 4) * 64 + 3) * 4], &part[y * 40], 40);
  EXPECT_EQ(Data(read_image({0, 0, 0}, {64, 32, 1}, whole.size())), model);
  // An announced size that is not the region's.
  const Moving wrong = read_image({0, 0, 0}, {64, 32, 1}, whole.size() - 4);
  EXPECT_EQ(Status(wrong), CL_INVALID_VALUE);
}

TEST_P(Transfers, ArraysOfLinesAreNotCopiedThroughBuffers) {
  const auto image = link_.NewId<MemId>();
  link_.Post(wire::CreateImage{image,
                               context_,
                               CL_MEM_READ_WRITE,
                               {CL_RGBA, CL_UNSIGNED_INT8},
                               CL_MEM_OBJECT_IMAGE1D_ARRAY,
                               {256, 0, 0, 64},
                               {},
                               {},
                               {}});
  const Bytes whole = Pattern(256 * 64 * 4, 5);
  const bool payload = GetParam().payload;
  const auto upload = payload ? link_.SendPayload(whole) : nullptr;
  link_.Post(wire::UploadContents{image, 0, whole.size(), payload ? upload->tag : 0,
                                  payload ? wire::ByteView{} : wire::ByteView(whole)});
  const Moving read{link_.NewId<EventId>(), payload ? link_.ExpectPayload(whole.size()) : nullptr};
  link_.Post(wire::ReadImage{{queue_, read.event, {}},
                             image,
                             {},
                             {256, 64, 1},
                             whole.size(),
                             {payload ? read.payload->tag : 0}});
  EXPECT_TRUE(Data(read) == whole);
  EXPECT_EQ(mock_.calls("EnqueueCopyImageToBuffer") + mock_.calls("EnqueueCopyBufferToImage"), 0u);
}

TEST_P(Transfers, UploadsComeBeforeEveryCommand) {
  for (const size_t size : {size_t{100}, kSize}) {
    const Bytes data = Pattern(size, static_cast<uint32_t>(size));
    const MemId fresh = link_.Buffer(context_, size);
    const bool payload = GetParam().payload;
    const auto upload = payload ? link_.SendPayload(data) : nullptr;
    link_.Post(wire::UploadContents{fresh, 0, size, payload ? upload->tag : 0,
                                    payload ? wire::ByteView{} : wire::ByteView(data)});
    const EventId copy = Copy(fresh, b_, size);
    const Moving read = Read(fresh, 0, size);
    EXPECT_EQ(Data(read), data);
    EXPECT_EQ(harness_.Wait(copy).status, CL_COMPLETE);
    EXPECT_EQ(Data(Read(b_, 0, size)), data);
    link_.Release(wire::ObjectKind::kMem, fresh);
  }
}

TEST_P(Transfers, OutOfRangeAreErrorsWithTheirPayload) {
  const Moving read = Read(a_, kSize - 10, 11);
  const Moving write = Write(a_, UINT64_MAX - 5, Pattern(10, 1));
  const Moving unknown = Read(MemId{800, 1}, 0, 50'000);
  EXPECT_EQ(Status(read), CL_INVALID_VALUE);
  EXPECT_EQ(Status(write), CL_INVALID_VALUE);
  EXPECT_EQ(Status(unknown), CL_INVALID_MEM_OBJECT);
  if (GetParam().payload) {
    EXPECT_EQ(unknown.payload->data, Bytes(50'000)) << "zeros";
  }
}

TEST_P(Transfers, FailWithWhatTheyWaitFor) {
  const EventId user = link_.UserEvent(context_);
  const Moving read = Read(a_, 0, 50'000, {user});
  const Moving write = Write(a_, 0, Pattern(50'000, 1), {user});
  const EventId dependent = Copy(a_, b_, 16, {read.event});
  const Moving free = Read(b_, 0, 16);
  link_.Post(wire::SetEventStatus{user, -5});
  EXPECT_LT(Status(read), 0);
  EXPECT_LT(Status(write), 0);
  EXPECT_LT(harness_.Wait(dependent).status, 0);
  EXPECT_EQ(Status(free), CL_COMPLETE) << "it only comes later";
  EXPECT_EQ(Data(Read(a_, 0, 100)), Bytes(100)) << "nothing was written";
}

TEST_P(Transfers, OfNoBytesEnd) {
  if (GetParam().payload) GTEST_SKIP() << "an empty payload is none";
  EXPECT_LE(Status(Write(a_, 10, {})), CL_COMPLETE) << "natively an error; the frontend knows";
  EXPECT_LE(Status(Read(a_, 10, 0)), CL_COMPLETE);
}

TEST_P(Transfers, OfNoQueueFailWhatWaitsForThem) {
  const QueueId queue = std::exchange(queue_, QueueId{700, 1});
  const Moving read = Read(a_, 0, 50'000);
  const Moving write = Write(a_, 0, Pattern(50'000, 1));
  queue_ = queue;
  const EventId after_read = Copy(a_, b_, 16, {read.event});
  const Moving after_write = Read(a_, 0, 16, {write.event});
  EXPECT_EQ(Status(read), CL_INVALID_COMMAND_QUEUE);
  EXPECT_EQ(Status(write), CL_INVALID_COMMAND_QUEUE);
  EXPECT_LT(harness_.Wait(after_read).status, 0);
  EXPECT_LT(Status(after_write), 0);
}

TEST_P(Transfers, NativeFailuresAreTheirs) {
  harness_.Finish(queue_);
  for (const char* function : {"EnqueueMapBuffer", "EnqueueReadBuffer", "EnqueueWriteBuffer"}) {
    mock_.FailNext(function, CL_MEM_OBJECT_ALLOCATION_FAILURE);
    std::vector<int32_t> statuses;
    for (int i = 0; i < 3; ++i) {
      statuses.push_back(Status(Write(a_, 0, Pattern(50'000, 1))));
      statuses.push_back(Status(Read(a_, 0, 50'000)));
    }
    const auto failed = std::count(statuses.begin(), statuses.end(), CL_MEM_OBJECT_ALLOCATION_FAILURE);
    const auto good = std::count(statuses.begin(), statuses.end(), CL_COMPLETE);
    EXPECT_LE(failed, 1) << function;
    EXPECT_EQ(failed + good, 6) << function;
    // The next round begins without a mapping.
    harness_.Wait(Copy(a_, b_, 16));
    mock_.FailNext(function, CL_SUCCESS);
  }
}

TEST_P(Transfers, FinishWaitsForThem) {
  const Moving write = Write(a_, 0, Pattern(kSize, 1));
  const uint32_t request = link_.NewRequest();
  link_.Post(wire::Finish{request, queue_});
  EXPECT_TRUE(harness_.Until([&] { return link_.finished.contains(request); }));
  EXPECT_TRUE(link_.events.contains(write.event)) << "reported before the Finish";
}

TEST_P(Transfers, ComeInWhenTheBufferIsReleasedMeanwhile) {
  const MemId mem = link_.Buffer(context_, kSize);
  const Moving write = Write(mem, 0, Pattern(kSize, 1));
  const Moving read = Read(mem, 0, kSize, {write.event});
  link_.Release(wire::ObjectKind::kMem, mem);
  EXPECT_EQ(Data(read), Pattern(kSize, 1));
}

TEST_P(Transfers, TimesAreInTheDevicesClock) {
  queue_ = link_.Queue(context_, CL_QUEUE_PROFILING_ENABLE |
                                     (GetParam().in_order ? 0 : CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE));
  harness_.Finish(queue_);
  EventId previous = Copy(a_, b_, 16);
  uint64_t last_end = harness_.Wait(previous).times[3];
  for (int i = 0; i < 6; ++i) {
    const Moving write = Write(a_, 0, Pattern(i % 2 == 0 ? 64 : kSize, 1));
    EXPECT_EQ(Status(write), CL_COMPLETE);
    const auto& times = link_.events.at(write.event).times;
    EXPECT_GE(times[2], last_end);
    for (size_t t = 1; t < times.size(); ++t) EXPECT_GE(times[t], times[t - 1]) << i;
    last_end = times[3];
    const auto copied = harness_.Wait(Copy(a_, b_, 16)).times;
    EXPECT_GE(copied[2], last_end);
    last_end = copied[3];
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, Transfers, AllModes(), Name);

}  // namespace
}  // namespace clopencl::testing
