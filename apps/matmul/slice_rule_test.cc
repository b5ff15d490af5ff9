#include "matmul/slice_rule.h"

#include <gtest/gtest.h>

#include "matmul/failure.h"
#include "matmul/matrix.h"

namespace clopencl::matmul {
namespace {

using apps::DeviceInfo;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

DeviceInfo Device(cl_device_type type, std::uint64_t memory = 64 * kGiB) {
  DeviceInfo device;
  device.type = type;
  device.global_memory = memory;
  device.max_allocation = memory / 4;
  return device;
}

// Five GPUs of 1 GiB and four CPUs of 8 GiB.
std::vector<DeviceInfo> PapersCluster() {
  std::vector<DeviceInfo> devices(5, Device(CL_DEVICE_TYPE_GPU, kGiB));
  for (DeviceInfo& gpu : devices) gpu.max_allocation = kGiB / 2;
  devices.insert(devices.end(), 4, Device(CL_DEVICE_TYPE_CPU, 8 * kGiB));
  return devices;
}

std::int64_t SliceFor(std::int64_t n, const std::vector<DeviceInfo>& devices) {
  return DefaultSlice(n, WantedRuns(devices), [&](std::int64_t slice) {
    for (const DeviceInfo& device : devices) {
      if (!Fits(device, NeedFor(n, slice, 1))) return false;
    }
    return true;
  });
}

template <typename Action>
ExitCode CodeOf(const Action& action) {
  try {
    action();
  } catch (const Failure& failure) {
    return failure.code();
  }
  return ExitCode::kCorrect;
}

TEST(SliceRuleTest, ThePapersClusterWants28Runs) { EXPECT_EQ(WantedRuns(PapersCluster()), 28); }

TEST(SliceRuleTest, ThePapersOrdersGetThePapersSlices) {
  EXPECT_EQ(SliceFor(8192, PapersCluster()), 1024);
  EXPECT_EQ(SliceFor(16384, PapersCluster()), 2048);
  EXPECT_EQ(SliceFor(24576, PapersCluster()), 4096);
}

TEST(SliceRuleTest, OneCpuGetsAtLeastTwoRuns) {
  EXPECT_EQ(SliceFor(1000, {Device(CL_DEVICE_TYPE_CPU)}), 500);
}

TEST(SliceRuleTest, ADeviceTooSmallForTheRuleGetsSmallerBlocks) {
  // A half would need buffers of 128 MiB.
  DeviceInfo small = Device(CL_DEVICE_TYPE_CPU, kGiB);
  small.max_allocation = 64 << 20;
  EXPECT_EQ(SliceFor(8192, {small}), 2048);
}

TEST(SliceRuleTest, TheKernelsIndicesLimitTheBlocks) {
  // A half would have 2^33 elements, an eighth 2^31.
  EXPECT_EQ(SliceFor(131072, {Device(CL_DEVICE_TYPE_CPU, 4096 * kGiB)}), 8192);
}

TEST(SliceRuleTest, AnOrderWithoutUsefulDivisorsIsRefused) {
  EXPECT_EQ(CodeOf([] { SliceFor(1009, {Device(CL_DEVICE_TYPE_CPU)}); }), ExitCode::kBadSlice);
  EXPECT_EQ(CodeOf([] { SliceFor(1, {Device(CL_DEVICE_TYPE_CPU)}); }), ExitCode::kBadSlice);
}

TEST(SliceRuleTest, AnOrderThatNoSliceMakesFitIsTooBig) {
  EXPECT_EQ(CodeOf([] { SliceFor(65536, {Device(CL_DEVICE_TYPE_CPU, 64 << 20)}); }), ExitCode::kTooBig);
}

TEST(SliceRuleTest, AGivenSliceMustDivide) {
  EXPECT_EQ(CodeOf([] { CheckSlice(1024, 256); }), ExitCode::kCorrect);
  EXPECT_EQ(CodeOf([] { CheckSlice(1024, 1024); }), ExitCode::kCorrect);
  EXPECT_EQ(CodeOf([] { CheckSlice(1024, 100); }), ExitCode::kBadSlice);
  EXPECT_EQ(CodeOf([] { CheckSlice(1024, 2048); }), ExitCode::kBadSlice);
  EXPECT_EQ(CodeOf([] { CheckSlice(4096, 1); }), ExitCode::kBadSlice);
  EXPECT_EQ(CodeOf([] { CheckSlice(65536, 32768); }), ExitCode::kBadSlice);
}

TEST(SliceRuleTest, TheMessageNamesTheNextDivisors) {
  try {
    CheckSlice(1000, 300);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("250 or 500"), std::string::npos) << failure.what();
  }
}

TEST(SliceRuleTest, ThePapersLargestBlocksNeed832MiB) {
  const DeviceNeed need = NeedFor(24576, 4096, 1);
  EXPECT_EQ(need.largest_buffer, std::uint64_t{384} << 20);
  EXPECT_EQ(need.total, std::uint64_t{832} << 20);
}

TEST(SliceRuleTest, TheDeviceThatIsTooSmallIsNamed) {
  std::vector<DeviceInfo> devices = PapersCluster();
  devices[3].name = "small one";
  devices[3].global_memory = 600 << 20;
  try {
    CheckDeviceMemory(devices, NeedFor(24576, 4096, 1), 4096);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kTooBig);
    EXPECT_NE(std::string(failure.what()).find("small one"), std::string::npos);
    EXPECT_NE(std::string(failure.what()).find("600 MiB"), std::string::npos);
  }
}

TEST(SliceRuleTest, TheHostMustHoldThreeMatrices) {
  EXPECT_EQ(CodeOf([] { CheckHostMemory(24576, 7 * kGiB); }), ExitCode::kCorrect);
  EXPECT_EQ(CodeOf([] { CheckHostMemory(24576, 6 * kGiB); }), ExitCode::kTooBig);
}

}  // namespace
}  // namespace clopencl::matmul
