#include "launch/hostfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "launch/cluster.h"
#include "launch/error.h"
#include "node_samples.h"

namespace clopencl::launch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Texts(const std::vector<DeviceTerm>& terms) {
  std::vector<std::string> texts;
  for (const DeviceTerm& term : terms) texts.push_back(term.text);
  return texts;
}

std::string ErrorOf(const std::string& text) {
  try {
    ParseHostfile("F", text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(HostfileTest, HostsSlotsDevicesAndComments) {
  const auto lines = ParseHostfile("F",
                                   "# all of it\n"
                                   "\n"
                                   "node1 gpu:0,1 cpu   # two and one\n"
                                   "node2 slots=2 gpu, cpu:0-7\n"
                                   "node3 3\n"
                                   "node4\tplatform=\"Portable Computing Language\"/cpu\n");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].host, "node1");
  EXPECT_EQ(lines[0].where, "F, line 3");
  EXPECT_THAT(Texts(lines[0].served), ElementsAre("gpu:0,1", "cpu"));
  EXPECT_FALSE(lines[0].slots.has_value());
  EXPECT_EQ(lines[1].slots, 2);
  EXPECT_THAT(Texts(lines[1].served), ElementsAre("gpu", "cpu:0-7"));
  EXPECT_EQ(lines[2].slots, 3);
  EXPECT_THAT(Texts(lines[2].served), ElementsAre("all"));
  EXPECT_EQ(lines[3].served[0].platform, "Portable Computing Language");
}

TEST(HostfileTest, DirectAndServedHoldForWhatFollows) {
  const auto lines = ParseHostfile("F", "n direct gpu:0,1 served cpu direct accelerator\nm served gpu");
  EXPECT_THAT(Texts(lines[0].direct), ElementsAre("gpu:0,1", "accelerator"));
  EXPECT_THAT(Texts(lines[0].served), ElementsAre("cpu"));
  EXPECT_THAT(Texts(lines[1].served), ElementsAre("gpu"));
  EXPECT_TRUE(ParseHostfile("F", "n direct cpu")[0].served.empty());
  // Only whole words outside of quotes count.
  EXPECT_THAT(Texts(ParseHostfile("F", "n platform=\"x direct\" cpu")[0].served),
              ElementsAre("platform=\"x direct\"", "cpu"));
}

TEST(HostfileTest, LinesOfAHostAreOne) {
  const auto lines = ParseHostfile("F", "a gpu:0\nb cpu\na slots=1 cpu\n");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(Texts(lines[0].served), ElementsAre("gpu:0", "cpu"));
  EXPECT_EQ(lines[0].slots, 1);
}

TEST(HostfileTest, ErrorsNameTheLine) {
  EXPECT_THAT(ErrorOf("a cpu\n\nb fpga\n"), testing::AllOf(HasSubstr("F, line 3: "), HasSubstr("'fpga'")));
  EXPECT_THAT(ErrorOf("a slots=0 cpu"), HasSubstr("F, line 1: '0' is no number of slots"));
  EXPECT_THAT(ErrorOf("a slots=x"), HasSubstr("no number of slots"));
  EXPECT_THAT(ErrorOf("gpu:0,1 cpu"), HasSubstr("is no name of a host"));
  EXPECT_THAT(ErrorOf("a direct"), HasSubstr("after 'direct' belong devices"));
  EXPECT_THAT(ErrorOf("# nothing\n"), HasSubstr("names no host"));
}

TEST(HostfileTest, ErrorsNameTheLineAndWhatTheNodeHas) {
  const HostLine line = ParseHostfile("F", "\nbig gpu:0-2")[0];
  try {
    RequestsOf(line, BigNode());
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("F, line 2: "));
    EXPECT_THAT(error.what(), HasSubstr("big has gpu 0 (H200"));
  }
}

TEST(HostfileTest, SlotsLimitTheServers) {
  const auto requests = RequestsOf(ParseHostfile("F", "big slots=2")[0], BigNode());
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].devices, ElementsAre(0, 1));
  EXPECT_EQ(RequestsOf(ParseHostfile("F", "big slots=64")[0], BigNode()).size(), 4u);
}

TEST(HostfileTest, OneFileDescribesThePapersCombination) {
  // GGC,GC,GC,GC; ranks 1 to 9, rank 0's GPUs and CPU through servers.
  const auto lines = ParseHostfile("F", "n1 gpu:0,1 cpu\nn2 gpu*1 cpu\nn3 gpu:1 cpu\nn4 slots=2 gpu*1 cpu:0-7\n");
  std::vector<std::string> combination;
  for (const HostLine& line : lines) {
    std::string letters;
    const Node node = BigNode();
    for (const ServerRequest& request : RequestsOf(line, node)) {
      for (size_t device : request.devices) letters += node.devices[device].type == DeviceType::kGpu ? 'G' : 'C';
    }
    combination.push_back(letters);
  }
  EXPECT_THAT(combination, ElementsAre("GGC", "GC", "GC", "GC"));
}

TEST(ComboTest, ThePapersNotation) {
  const auto hosts = LinesForHosts({"a", "b", "c", "d", "e"}, ParseDeviceSpec("all"));
  const auto lines = ApplyCombo(hosts, "GGC,GC,g,CCA");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(Texts(lines[0].served), ElementsAre("gpu*2", "cpu*1"));
  EXPECT_THAT(Texts(lines[1].served), ElementsAre("gpu*1", "cpu*1"));
  EXPECT_THAT(Texts(lines[2].served), ElementsAre("gpu*1"));
  EXPECT_THAT(Texts(lines[3].served), ElementsAre("cpu*2", "accelerator*1"));
  EXPECT_EQ(lines[3].host, "d");
  EXPECT_EQ(RequestsOf(lines[0], BigNode()).size(), 3u);
}

TEST(ComboTest, Errors) {
  const auto hosts = LinesForHosts({"a", "b"}, ParseDeviceSpec("all"));
  EXPECT_THROW(ApplyCombo(hosts, "G,G,G"), UsageError);
  EXPECT_THROW(ApplyCombo(hosts, "GX"), UsageError);
  EXPECT_THROW(ApplyCombo(hosts, "G,,C"), UsageError);
  EXPECT_THROW(ApplyCombo(hosts, ""), UsageError);
}

TEST(ClusterTest, AnswersAreFoundAmongOtherText) {
  const std::string text = "motd\n[1,0]<stdout>:" + Answer("a", ToJson(BigNode()));
  const auto answers = FindAnswers({"a"}, text);
  EXPECT_EQ(NodeFromJson(answers[0]).cores, BigNode().cores);
  EXPECT_EQ(NodeFromJson(answers[0]).host, "a");
  EXPECT_THROW(FindAnswers({"a", "b"}, text), Error);
  EXPECT_THROW(FindAnswers({"a"}, Answer("a", {{"error", "no OpenCL"}})), Error);
  EXPECT_THROW(FindAnswers({"a"}, "clopencl-node {\n"), Error);
}

}  // namespace
}  // namespace clopencl::launch
