// Kernel launches: their arguments and sizes, and whose an error is.
#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "loopback/kernels_fixture.h"

namespace clopencl::testing {
namespace {

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

}  // namespace
}  // namespace clopencl::testing
