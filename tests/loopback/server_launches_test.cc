// Kernel launches: their arguments and sizes, which of them are enqueued together, and whose an error is.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <numeric>

#include "loopback/commands_fixture.h"

namespace clopencl::testing {
namespace {

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
