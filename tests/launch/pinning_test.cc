#include "launch/pinning.h"

#include <gtest/gtest.h>

#include "node_samples.h"

namespace clopencl::launch {
namespace {

Pinning Pin(const Node& node, const std::string& spec, int servers = 0, PinningOptions options = {}) {
  std::vector<ServerRequest> requests = SelectDevices(node, ParseDeviceSpec(spec));
  if (servers > 0) requests = SpreadRequests(node, requests, servers);
  return PinServers(node, requests, options);
}

std::vector<std::string> Texts(const Pinning& pinning) {
  std::vector<std::string> texts;
  for (const CpuSet& cpus : pinning.cpus) texts.push_back(FormatCpuList(cpus));
  return texts;
}

using Sets = std::vector<std::string>;

TEST(PinningTest, OneServerOnASmallMachineComputesWithAllItHas) {
  EXPECT_EQ(Texts(Pin(SmallNode(), "cpu")), Sets{"0-1"});
}

TEST(PinningTest, TwoServersOnTwoCoresGetOneEach) {
  const Pinning pinning = Pin(SmallNode(), "cpu", 2);
  EXPECT_EQ(Texts(pinning), (Sets{"0", "1"}));
  EXPECT_TRUE(pinning.notes.empty());
}

TEST(PinningTest, MoreServersThanCpusShareThemAndItIsSaid) {
  const Pinning pinning = Pin(SmallNode(), "cpu", 5);
  EXPECT_EQ(Texts(pinning), (Sets{"0", "1", "0", "1", "0"}));
  ASSERT_EQ(pinning.notes.size(), 1u);
  EXPECT_EQ(pinning.notes[0], "5 CPU rank servers on small share 2 CPUs");
}

TEST(PinningTest, CpuServersLeaveACoreToRankZeroAndToTheGpuServers) {
  const Pinning pinning = Pin(BigNode(), "gpu,cpu");
  // Core 3 is the last beside the first GPU, core 7 the last of all.
  EXPECT_EQ(FormatCpuList(pinning.reserved), "3,7,11,15");
  EXPECT_EQ(Texts(pinning), (Sets{"3,11", "7,15", "0-2,4-6,8-10,12-14"}));
}

TEST(PinningTest, GpuServersShareTheirCoreRatherThanTakeRankZeros) {
  // GPUs that are near to everything, as in many virtual machines.
  Node node = BigNode();
  for (Device& device : node.devices) device.near = {};
  const Pinning pinning = Pin(node, "gpu,cpu");
  EXPECT_EQ(FormatCpuList(pinning.reserved), "6-7,14-15");
  EXPECT_EQ(Texts(pinning), (Sets{"6,14", "6,14", "0-5,8-13"}));
}

TEST(PinningTest, WithoutRankZeroAndGpusNothingIsLeft) {
  const Pinning pinning = Pin(BigNode(), "cpu", 2, {.rank_zero_here = false});
  EXPECT_TRUE(pinning.reserved.empty());
  EXPECT_EQ(Texts(pinning), (Sets{"0-3,8-11", "4-7,12-15"}));
}

TEST(PinningTest, ReservationIsAnOption) {
  EXPECT_EQ(Texts(Pin(BigNode(), "cpu", 0, {.reserved_cores = 0})), Sets{"0-15"});
  EXPECT_EQ(Texts(Pin(BigNode(), "cpu", 0, {.reserved_cores = 4})), (Sets{"0-3,8-11"}));
  // Something has to be left for the server.
  EXPECT_EQ(Texts(Pin(SmallNode(), "cpu", 0, {.reserved_cores = 99})), Sets{"0"});
}

TEST(PinningTest, HardwareThreadsAreDividedWhereCoresDoNotSuffice) {
  const Pinning pinning = Pin(BigNode(), "cpu", 10, {.reserved_cores = 0});
  CpuSet all;
  size_t total = 0;
  for (const CpuSet& cpus : pinning.cpus) {
    all = Union(all, cpus);
    total += cpus.size();
  }
  EXPECT_EQ(all.size(), 16u);
  EXPECT_EQ(total, 16u) << "the sets are disjoint";
  EXPECT_TRUE(pinning.notes.empty());
}

TEST(PinningTest, GpuServersGetTheCoresBesideTheirGpu) {
  EXPECT_EQ(Texts(Pin(BigNode(), "gpu")), (Sets{"0-3,8-11", "4-7,12-15"}));
  // Two that share a GPU divide its neighbourhood.
  EXPECT_EQ(Texts(Pin(BigNode(), "gpu:1*2")), (Sets{"4-5,12-13", "6-7,14-15"}));
}

TEST(PinningTest, GpuServersKeepAwayFromNamedCpus) {
  EXPECT_EQ(Texts(Pin(BigNode(), "cpu:0-2,8-10 gpu:0")), (Sets{"0-2,8-10", "3,11"}));
  // All that is beside the GPU is named: rather far away than in the way.
  EXPECT_EQ(Texts(Pin(BigNode(), "cpu:0-3,8-11 gpu:0")), (Sets{"0-3,8-11", "4-7,12-15"}));
}

TEST(PinningTest, NamedCpusAreKeptAndDividedByACount) {
  EXPECT_EQ(Texts(Pin(BigNode(), "cpu:0-3*2")), (Sets{"0-1", "2-3"}));
  EXPECT_EQ(Texts(Pin(BigNode(), "cpu:0-3 cpu", 0, {.rank_zero_here = false})), (Sets{"0-3", "4-15"}));
}

TEST(PinningTest, NoServerIsWithoutCpus) {
  for (int servers = 1; servers < 40; ++servers) {
    for (const char* spec : {"cpu", "all", "gpu", "cpu:0-15 cpu gpu", "cpu:3"}) {
      for (const CpuSet& cpus : Pin(BigNode(), spec, servers).cpus) {
        EXPECT_FALSE(cpus.empty()) << spec << " " << servers;
      }
    }
  }
}

}  // namespace
}  // namespace clopencl::launch
