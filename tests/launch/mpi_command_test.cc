#include "launch/mpi_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launch/error.h"
#include "launch/launcher_options.h"
#include "launch/text.h"
#include "node_samples.h"

namespace clopencl::launch {
namespace {

using testing::HasSubstr;
using testing::Not;

Plan MakeSamplePlan(const Node& node, const std::string& spec) {
  return MakePlan({{node, SelectDevices(node, ParseDeviceSpec(spec))}}, 0, std::nullopt);
}

MpiCommandOptions Options(std::vector<std::string> program) {
  return {.mpirun = "mpirun", .launcher = "L", .rankserver = "S", .program = {{}, std::move(program)}};
}

TEST(MpiCommandTest, RankZeroComesFirstAndEveryServerIsAContext) {
  const std::string line =
      Join(MpiCommand(MakeSamplePlan(BigNode(), "gpu,cpu"), Options({"prog", "-x"})), " ");
  EXPECT_THAT(line,
              testing::ContainsRegex(
                  " -np 1 .*L prog -x : -np 1 .*-x CLOPENCL_ROLE=server S --serve 0:0 --cpus 3,11 : -np 1 "));
  EXPECT_THAT(line, HasSubstr("S --serve 0:1 --cpus 7,15"));
  EXPECT_THAT(line, testing::EndsWith("S --serve 1:0 --cpus 0-2,4-6,8-10,12-14"));
}

TEST(MpiCommandTest, OnlyPlansThatReachFurtherNameHosts) {
  // Neither sample is this machine; a plan for this one is.
  Node here = BigNode();
  here.host = "localhost";
  EXPECT_THAT(Join(MpiCommand(MakeSamplePlan(here, "gpu"), Options({"p"})), " "), Not(HasSubstr("-host")));
  const Plan two = MakePlan({{here, SelectDevices(here, ParseDeviceSpec("gpu"))},
                             {BigNode(), SelectDevices(BigNode(), ParseDeviceSpec("cpu"))}},
                            0, std::nullopt);
  setenv("POCL_TEST_VARIABLE", "x", 1);
  const std::string line = Join(MpiCommand(two, Options({"p"})), " ");
  unsetenv("POCL_TEST_VARIABLE");
  EXPECT_THAT(line, HasSubstr("-np 1 -host localhost"));
  EXPECT_THAT(line, testing::ContainsRegex("-np 1 -host big .*-x POCL_TEST_VARIABLE .*--serve 1:0"));
}

TEST(MpiCommandTest, InABatchJobEveryNodeKnowsItsOwnGpus) {
  setenv("CUDA_VISIBLE_DEVICES", "1", 1);
  EXPECT_THAT(ExportedVariables(false), testing::Contains("CUDA_VISIBLE_DEVICES"));
  setenv("PBS_JOBID", "1.pbs", 1);
  EXPECT_THAT(ExportedVariables(false), Not(testing::Contains("CUDA_VISIBLE_DEVICES")));
  unsetenv("PBS_JOBID");
  unsetenv("CUDA_VISIBLE_DEVICES");
}

TEST(MpiCommandTest, WhereCoresAreShortRanksYieldWhileTheyWait) {
  const std::string yields = "--mca mpi_yield_when_idle 1";
  EXPECT_THAT(Join(MpiCommand(MakeSamplePlan(SmallNode(), "cpu"), Options({"p"})), " "), HasSubstr(yields));
  EXPECT_THAT(Join(MpiCommand(MakeSamplePlan(BigNode(), "cpu"), Options({"p"})), " "),
              Not(HasSubstr(yields)));
}

TEST(MpiCommandTest, WithoutARemoteShellMpirunIsToldToDoWithoutOne) {
  const std::string path = std::getenv("PATH");
  unsetenv("OMPI_MCA_plm");
  setenv("PATH", "/nonexistent", 1);
  const std::string here = Join(MpirunItself("mpirun", false), " ");
  const std::string remote = Join(MpirunItself("mpirun", true), " ");
  setenv("OMPI_MCA_plm_rsh_agent", "agent", 1);
  const std::string with_agent = Join(MpirunItself("mpirun", false), " ");
  unsetenv("OMPI_MCA_plm_rsh_agent");
  setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(here, HasSubstr("--mca plm isolated"));
  EXPECT_THAT(remote, Not(HasSubstr("isolated")));
  EXPECT_THAT(with_agent, Not(HasSubstr("isolated")));
}

TEST(MpiCommandTest, TheLineIsQuotedForAShell) {
  const std::string line =
      MpiCommandLine(MakeSamplePlan(SmallNode(), "cpu"), Options({"prog", "a b", "it's", ""}));
  EXPECT_THAT(
      line,
      HasSubstr("HWLOC_PLUGINS_BLACKLIST=hwloc_opencl.so,hwloc_gl.so HWLOC_COMPONENTS=-opencl,-gl mpirun "));
  EXPECT_THAT(line, HasSubstr(R"(prog 'a b' 'it'\''s' '')"));
}

TEST(MpiCommandTest, ColonsOfTheProgramAreDisguised) {
  const LauncherOptions options{{.only = {"Portable Computing Language"}}, {"prog", ":", "COLON", "::"}};
  std::vector<std::string> words = LauncherArguments(options);
  EXPECT_EQ(std::count(words.begin(), words.end(), ":"), 0);
  words.insert(words.begin(), "clopencl-launcher");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  const LauncherOptions parsed = ParseLauncherOptions(static_cast<int>(pointers.size()), pointers.data());
  EXPECT_EQ(parsed.natives.only, options.natives.only);
  EXPECT_EQ(parsed.program, options.program);
}

TEST(MpiCommandTest, DevicesOfSeveralPlatformsInOneServer) {
  const Node node = BigNode();
  const auto requests = SpreadRequests(node, SelectDevices(node, ParseDeviceSpec("all")), 1);
  const Plan plan = MakePlan({{node, requests}}, 0, std::nullopt);
  EXPECT_EQ(Join(ServeArguments(plan, plan.servers[0]), " "), "--serve 0:0,1 --serve 1:0 --serve 2:0");
}

TEST(PlanTest, TableShowsEveryServerAndWhatItsCpusLeaveOfTheDevice) {
  const std::string table = FormatTable(MakeSamplePlan(BigNode(), "gpu:0,cpu:0-3"));
  EXPECT_THAT(table, HasSubstr("big   0     (the program)"));
  EXPECT_THAT(table, testing::ContainsRegex("big   1     H200 .NVIDIA CUDA. +gpu   132    16 GiB  8-11"));
  EXPECT_THAT(table, testing::ContainsRegex("big   2     pthread .Portable.* cpu   4      16 GiB  0-3"));
}

TEST(PlanTest, Json) {
  const nlohmann::json json = PlanToJson(MakeSamplePlan(BigNode(), "gpu:1"));
  ASSERT_EQ(json["servers"].size(), 1u);
  EXPECT_EQ(json["servers"][0]["rank"], 1);
  EXPECT_EQ(json["servers"][0]["node"], "big");
  EXPECT_EQ(json["servers"][0]["cpus"], "4-7,12-15");
  EXPECT_EQ(json["servers"][0]["devices"][0]["type"], "gpu");
}

TEST(NodeTest, JsonRoundTrip) {
  const Node node = BigNode();
  const Node copy = NodeFromJson(ToJson(node));
  EXPECT_EQ(copy.host, node.host);
  EXPECT_EQ(copy.cores, node.cores);
  EXPECT_EQ(ToJson(copy), ToJson(node));
  EXPECT_THROW(NodeFromJson({{"host", "x"}}), Error);
}

}  // namespace
}  // namespace clopencl::launch
