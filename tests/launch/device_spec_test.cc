#include "launch/device_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/error.h"
#include "node_samples.h"

namespace clopencl::launch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOf(const std::string& spec, const Node& node = BigNode()) {
  try {
    SelectDevices(node, ParseDeviceSpec(spec));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

// Which device each server gets; these servers have one.
std::vector<size_t> Selected(const std::string& spec, const Node& node = BigNode()) {
  std::vector<size_t> devices;
  for (const ServerRequest& request : SelectDevices(node, ParseDeviceSpec(spec))) {
    EXPECT_EQ(request.devices.size(), 1u);
    devices.push_back(request.devices.front());
  }
  return devices;
}

TEST(DeviceSpecTest, KindsSelectEveryDeviceOfTheirs) {
  EXPECT_THAT(Selected("gpu"), ElementsAre(0, 1));
  EXPECT_THAT(Selected("cpu"), ElementsAre(2));
  EXPECT_THAT(Selected("accelerator"), ElementsAre(3));
  EXPECT_THAT(Selected("all"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Selected("CPU,Gpu"), ElementsAre(2, 0, 1));
}

TEST(DeviceSpecTest, ListsSelectByIndex) {
  EXPECT_THAT(Selected("gpu:1"), ElementsAre(1));
  EXPECT_THAT(Selected("gpu:0,1"), ElementsAre(0, 1));
  EXPECT_THAT(Selected("gpu:0-1"), ElementsAre(0, 1));
  EXPECT_THAT(Selected("gpu:0,1,cpu"), ElementsAre(0, 1, 2));
  EXPECT_THAT(Selected("gpu:0 cpu gpu:1"), ElementsAre(0, 2, 1));
  EXPECT_THAT(Selected("gpu:0,gpu:0"), ElementsAre(0, 0));
}

TEST(DeviceSpecTest, ListAfterCpuIsItsSetOfCpus) {
  const auto requests = SelectDevices(BigNode(), ParseDeviceSpec("cpu:0-3,8,gpu:1"));
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].devices, ElementsAre(2));
  EXPECT_EQ(requests[0].cpus, ParseCpuList("0-3,8"));
  EXPECT_THAT(requests[1].devices, ElementsAre(1));
  EXPECT_FALSE(requests[1].cpus.has_value());
}

TEST(DeviceSpecTest, CountsAskForServers) {
  EXPECT_THAT(Selected("gpu*1"), ElementsAre(0));
  EXPECT_THAT(Selected("gpu*2"), ElementsAre(0, 1));
  EXPECT_THAT(Selected("cpu*3"), ElementsAre(2, 2, 2));
  EXPECT_THAT(Selected("gpu:1*2"), ElementsAre(1, 1));
  EXPECT_THAT(Selected("all*6"), ElementsAre(0, 1, 2, 2, 2, 3));
  const auto halves = SelectDevices(BigNode(), ParseDeviceSpec("cpu:0-3*2"));
  ASSERT_EQ(halves.size(), 2u);
  EXPECT_EQ(halves[0].cpus, halves[1].cpus);
}

TEST(DeviceSpecTest, Platforms) {
  EXPECT_THAT(Selected("platform=nvidia"), ElementsAre(0, 1));
  EXPECT_THAT(Selected("platform=NVIDIA/gpu:1"), ElementsAre(1));
  EXPECT_THAT(Selected("platform=portable*2"), ElementsAre(2, 2));
  EXPECT_THAT(Selected("platform=\"Portable Computing\" gpu:0"), ElementsAre(2, 0));
  EXPECT_THAT(Selected("platform=\"Some FPGA\"/accelerator:0"), ElementsAre(3));
}

TEST(DeviceSpecTest, ErrorsSayWhatTheNodeHas) {
  EXPECT_THAT(ErrorOf("gpu:2"),
              HasSubstr("big has gpu 0 (H200, NVIDIA CUDA), gpu 1 (H200, NVIDIA CUDA), cpu 0"));
  EXPECT_THAT(ErrorOf("gpu*3"), HasSubstr("there are only 2"));
  EXPECT_THAT(ErrorOf("gpu", SmallNode()), HasSubstr("small has cpu 0 (pthread"));
  EXPECT_THAT(ErrorOf("platform=Intel"), HasSubstr("there is no such device"));
  EXPECT_THAT(ErrorOf("platform=nvidia/cpu"), HasSubstr("there is no such device"));
  EXPECT_THAT(ErrorOf("cpu:0-99"), HasSubstr("no CPU 16-99"));
}

TEST(DeviceSpecTest, ErrorsSayWhatIsAllowed) {
  EXPECT_THAT(ErrorOf("fpga"), HasSubstr("allowed are cpu, gpu, accelerator"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("allowed are"));
  EXPECT_THAT(ErrorOf(" , "), HasSubstr("allowed are"));
  EXPECT_THAT(ErrorOf("gpu:"), HasSubstr("list of numbers"));
  EXPECT_THAT(ErrorOf("gpu:x"), HasSubstr("list of numbers"));
  EXPECT_THAT(ErrorOf("gpu:1-0"), HasSubstr("list of numbers"));
  EXPECT_THAT(ErrorOf("gpu*0"), HasSubstr("between 1 and 1024"));
  EXPECT_THAT(ErrorOf("gpu*"), HasSubstr("between 1 and 1024"));
  EXPECT_THAT(ErrorOf("gpu*2000"), HasSubstr("between 1 and 1024"));
  EXPECT_THAT(ErrorOf("all:0"), HasSubstr("takes no list"));
  EXPECT_THAT(ErrorOf("platform="), HasSubstr("has to follow platform="));
  EXPECT_THAT(ErrorOf("platform=NVIDIA/"), HasSubstr("has to follow the slash"));
  EXPECT_THAT(ErrorOf("platform=\"NVIDIA\"gpu"), HasSubstr("may follow"));
  EXPECT_THAT(ErrorOf("platform=\"NVIDIA"), HasSubstr("closing quote"));
}

TEST(SpreadRequestsTest, MoreServersDivideTheCpu) {
  const Node node = BigNode();
  const auto requests = SpreadRequests(node, SelectDevices(node, ParseDeviceSpec("gpu,cpu")), 5);
  ASSERT_EQ(requests.size(), 5u);
  EXPECT_THAT(requests[0].devices, ElementsAre(0));
  EXPECT_THAT(requests[1].devices, ElementsAre(1));
  for (size_t i = 2; i < 5; ++i) EXPECT_THAT(requests[i].devices, ElementsAre(2));
}

TEST(SpreadRequestsTest, WithoutACpuDevicesAreShared) {
  const Node node = BigNode();
  const auto requests = SpreadRequests(node, SelectDevices(node, ParseDeviceSpec("gpu")), 3);
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_THAT(requests[0].devices, ElementsAre(0));
  EXPECT_THAT(requests[1].devices, ElementsAre(0));
  EXPECT_THAT(requests[2].devices, ElementsAre(1));
}

TEST(SpreadRequestsTest, FewerServersServeSeveral) {
  const Node node = BigNode();
  const auto requests = SpreadRequests(node, SelectDevices(node, ParseDeviceSpec("all")), 2);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].devices, ElementsAre(0, 1));
  EXPECT_THAT(requests[1].devices, ElementsAre(2, 3));
  EXPECT_THAT(SpreadRequests(node, requests, 1).front().devices, ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace clopencl::launch
