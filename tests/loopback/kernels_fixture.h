// A rank server on a mock device with kernels, too.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <vector>

#include "loopback/commands_fixture.h"

namespace clopencl::testing {

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

}  // namespace clopencl::testing
