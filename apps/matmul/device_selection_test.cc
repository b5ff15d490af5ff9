#include "matmul/device_selection.h"

#include <gtest/gtest.h>

#include "matmul/failure.h"

namespace clopencl::matmul {
namespace {

using apps::DeviceInfo;

DeviceInfo Device(int index, const char* host, const char* platform, const char* name, cl_device_type type) {
  DeviceInfo device;
  device.index = index;
  device.host = host;
  device.platform_name = platform;
  device.name = name;
  device.type = type;
  device.usable = true;
  return device;
}

// node0 with two GPUs and a CPU, node1 with one of each, and one device that cannot be used.
std::vector<DeviceInfo> Cluster() {
  std::vector<DeviceInfo> devices = {
      Device(0, "node0.example.org", "Vendor A", "Fast GPU", CL_DEVICE_TYPE_GPU),
      Device(1, "node0.example.org", "Vendor A", "Fast GPU", CL_DEVICE_TYPE_GPU),
      Device(2, "node0.example.org", "Portable Computing Language", "pthread-cpu", CL_DEVICE_TYPE_CPU),
      Device(3, "node1.example.org", "Vendor A", "Slow GPU", CL_DEVICE_TYPE_GPU),
      Device(4, "node1.example.org", "Portable Computing Language", "pthread-cpu", CL_DEVICE_TYPE_CPU),
      Device(5, "node1.example.org", "Vendor B", "Broken FPGA", CL_DEVICE_TYPE_ACCELERATOR),
  };
  devices[5].usable = false;
  return devices;
}

std::vector<int> Select(const char* spec) {
  std::vector<int> indices;
  for (const DeviceInfo& device : DeviceSelection::Parse(spec).Select(Cluster()))
    indices.push_back(device.index);
  return indices;
}

ExitCode CodeOf(const char* spec, const std::vector<DeviceInfo>& devices) {
  try {
    static_cast<void>(DeviceSelection::Parse(spec).Select(devices));
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()), "");
    return failure.code();
  }
  return ExitCode::kCorrect;
}

using Indices = std::vector<int>;

TEST(DeviceSelectionTest, AllPassesOverUnusableDevices) {
  EXPECT_EQ(Select("all"), (Indices{0, 1, 2, 3, 4}));
}

TEST(DeviceSelectionTest, SelectsByType) {
  EXPECT_EQ(Select("gpu"), (Indices{0, 1, 3}));
  EXPECT_EQ(Select("CPU"), (Indices{2, 4}));
}

TEST(DeviceSelectionTest, SelectsByIndexAndRange) {
  EXPECT_EQ(Select("3"), (Indices{3}));
  EXPECT_EQ(Select("1-3"), (Indices{1, 2, 3}));
  EXPECT_EQ(Select("4,0"), (Indices{0, 4}));
}

TEST(DeviceSelectionTest, TextIsFoundInEitherCase) {
  EXPECT_EQ(Select("platform=portable"), (Indices{2, 4}));
  EXPECT_EQ(Select("name=SLOW"), (Indices{3}));
}

TEST(DeviceSelectionTest, HostMatchesWholeOrWithoutItsDomain) {
  EXPECT_EQ(Select("host=node1"), (Indices{3, 4}));
  EXPECT_EQ(Select("host=node1.example.org"), (Indices{3, 4}));
  EXPECT_EQ(CodeOf("host=node", Cluster()), ExitCode::kBadDevices);
}

TEST(DeviceSelectionTest, ConditionsOfATermMustAllHold) {
  EXPECT_EQ(Select("gpu:host=node1"), (Indices{3}));
  EXPECT_EQ(Select("cpu:0-3"), (Indices{2}));
}

TEST(DeviceSelectionTest, TermsAddUpAndEachDeviceComesOnce) {
  EXPECT_EQ(Select("gpu,host=node0"), (Indices{0, 1, 2, 3}));
  EXPECT_EQ(Select("0,0,0-1"), (Indices{0, 1}));
}

TEST(DeviceSelectionTest, WhatCannotBeReadIsRefused) {
  for (const char* spec :
       {"", ",", "gpu,", "cpus", "-1", "3-1", "1-", "platform=", "host", "gpu:", "=x", "0x1", "1 2"}) {
    EXPECT_EQ(CodeOf(spec, Cluster()), ExitCode::kBadDevices) << spec;
  }
}

TEST(DeviceSelectionTest, TheMessageNamesThePartThatIsWrong) {
  try {
    DeviceSelection::Parse("gpu,cpus");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("'cpus'"), std::string::npos);
  }
}

TEST(DeviceSelectionTest, EveryTermMustNameADevice) {
  EXPECT_EQ(CodeOf("gpu,9", Cluster()), ExitCode::kBadDevices);
  EXPECT_EQ(CodeOf("gpu,accelerator", Cluster()), ExitCode::kBadDevices);
}

TEST(DeviceSelectionTest, AnUnusableDeviceByIndexIsRefused) {
  EXPECT_EQ(CodeOf("5", Cluster()), ExitCode::kBadDevices);
}

TEST(DeviceSelectionTest, NoDeviceAtAllIsItsOwnError) { EXPECT_EQ(CodeOf("all", {}), ExitCode::kNoDevice); }

}  // namespace
}  // namespace clopencl::matmul
