#include "launch/allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "launch/error.h"
#include "launch/slurm.h"

namespace clopencl::launch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// The batch system's part of the environment is as given, and as it was afterwards.
class Environment {
 public:
  explicit Environment(std::initializer_list<std::pair<const char*, std::string>> variables) {
    for (const char* name : {"SLURM_JOB_ID", "SLURM_JOB_NODELIST", "SLURM_NTASKS", "SLURM_STEP_ID",
                             "SLURM_TASKS_PER_NODE", "PBS_JOBID", "PBS_NODEFILE"}) {
      const char* value = std::getenv(name);
      if (value != nullptr) before_.emplace_back(name, value);
      unsetenv(name);
      names_.push_back(name);
    }
    for (const auto& [name, value] : variables) setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    for (const char* name : names_) unsetenv(name);
    for (const auto& [name, value] : before_) setenv(name, value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::vector<const char*> names_;
  std::vector<std::pair<const char*, std::string>> before_;
};

std::vector<std::string> Names(const Allocation& allocation) {
  std::vector<std::string> names;
  for (const AllocatedHost& host : allocation.hosts) names.push_back(host.name);
  return names;
}

std::vector<int> Ranks(const std::vector<AllocatedHost>& hosts) {
  std::vector<int> ranks;
  for (const AllocatedHost& host : hosts) ranks.push_back(host.ranks.value_or(-1));
  return ranks;
}

std::string Sample(const std::string& name) { return std::string(CLOPENCL_SAMPLE_FOLDER) + "/" + name; }

TEST(SlurmTest, NodeLists) {
  EXPECT_THAT(ExpandNodeList("fn1"), ElementsAre("fn1"));
  EXPECT_THAT(ExpandNodeList("fn[1-3,07],gpu01"), ElementsAre("fn1", "fn2", "fn3", "fn07", "gpu01"));
  EXPECT_THAT(ExpandNodeList("n[08-11]"), ElementsAre("n08", "n09", "n10", "n11"));
  EXPECT_THAT(ExpandNodeList("r[1-2]n[1,3].site"),
              ElementsAre("r1n1.site", "r1n3.site", "r2n1.site", "r2n3.site"));
  for (const char* text : {"", "a,", "a[", "a]", "a[1", "a[]", "a[2-1]", "a[x]", "a[1-]", "a[1-9999999]"}) {
    EXPECT_THROW(ExpandNodeList(text), Error) << text;
  }
}

TEST(SlurmTest, CountsOfNodes) {
  EXPECT_THAT(ExpandCounts("4"), ElementsAre(4));
  EXPECT_THAT(ExpandCounts("2(x3),1"), ElementsAre(2, 2, 2, 1));
  EXPECT_THAT(ExpandCounts("1,2(x2),72"), ElementsAre(1, 2, 2, 72));
  for (const char* text : {"", "2,", "x", "2(x)", "2(x3", "2(3)", "2(x3)1", "2(x999999)", "-1"}) {
    EXPECT_THROW(ExpandCounts(text), Error) << text;
  }
}

TEST(SlurmTest, GpusOfAJob) {
  EXPECT_THAT(
      GpusOfNodes("JobId=1 NumNodes=2 JOB_GRES=gpu:4   Nodes=fn[1-2] CPU_IDs=0-3 Mem=0 GRES=gpu:2(IDX:0-1)"),
      ElementsAre(Pair("fn1", 2), Pair("fn2", 2)));
  EXPECT_THAT(
      GpusOfNodes("   Nodes=fn1 CPU_IDs=0 Mem=0 GRES=gpu:2(IDX:0-1)\n   Nodes=fn2 CPU_IDs=0 Mem=0 GRES=\n"),
      ElementsAre(Pair("fn1", 2), Pair("fn2", 0)));
  EXPECT_THAT(GpusOfNodes("Nodes=a CPU_IDs=0 Mem=0 GRES=gpu:tesla:1(IDX:3),gpu:k80:2(IDX:0,2),mps:50(IDX:3)"),
              ElementsAre(Pair("a", 3)));
  EXPECT_THAT(GpusOfNodes(""), IsEmpty());
}

TEST(AllocationTest, NoneOutsideOfAJob) {
  const Environment environment({});
  EXPECT_FALSE(CurrentAllocation());
}

TEST(AllocationTest, WholeNodesOfSlurmHaveNoNumberOfRanks) {
  const Environment environment(
      {{"SLURM_JOB_ID", "17"}, {"SLURM_JOB_NODELIST", "n[1-2]"}, {"SLURM_TASKS_PER_NODE", "72(x2)"}});
  const auto allocation = CurrentAllocation();
  ASSERT_TRUE(allocation);
  EXPECT_EQ(allocation->system, "SLURM job 17");
  EXPECT_THAT(Names(*allocation), ElementsAre("n1", "n2"));
  EXPECT_THAT(Ranks(allocation->hosts), ElementsAre(-1, -1));
}

TEST(AllocationTest, TasksOfSlurmAreRanks) {
  const Environment environment({{"SLURM_JOB_ID", "17"},
                                 {"SLURM_JOB_NODELIST", "n[1-3]"},
                                 {"SLURM_NTASKS", "5"},
                                 {"SLURM_TASKS_PER_NODE", "2(x2),1"}});
  EXPECT_THAT(Ranks(CurrentAllocation()->hosts), ElementsAre(2, 2, 1));
  // A shell that srun started: the numbers are those of its step.
  setenv("SLURM_STEP_ID", "0", 1);
  EXPECT_THAT(Ranks(CurrentAllocation()->hosts), ElementsAre(-1, -1, -1));
}

TEST(AllocationTest, ErrorsOfSlurmsEnvironment) {
  const Environment environment({{"SLURM_JOB_ID", "17"}, {"SLURM_JOB_NODELIST", "n[1-"}});
  EXPECT_THROW(CurrentAllocation(), Error);
}

TEST(AllocationTest, ANodeFileWithoutProcessesHasNoNumberOfRanks) {
  const Environment environment(
      {{"PBS_JOBID", "3.pbs"}, {"PBS_NODEFILE", Sample("openpbs-two-chunks.nodes")}});
  const auto allocation = CurrentAllocation();
  ASSERT_TRUE(allocation);
  EXPECT_EQ(allocation->system, "PBS job 3.pbs");
  EXPECT_THAT(Names(*allocation), ElementsAre("node1", "node2"));
  EXPECT_THAT(Ranks(allocation->hosts), ElementsAre(-1, -1));
}

TEST(AllocationTest, LinesOfANodeFileAreRanks) {
  const Environment environment({{"PBS_JOBID", "4.pbs"}, {"PBS_NODEFILE", Sample("openpbs-mpiprocs.nodes")}});
  EXPECT_THAT(Ranks(CurrentAllocation()->hosts), ElementsAre(1, 2));
  EXPECT_THAT(Ranks(HostsOfNodeFile("a\nb\r\n\n b\na\na\n")), ElementsAre(3, 2));
}

TEST(AllocationTest, ANodeFileThatIsMissingIsNamed) {
  const Environment environment({{"PBS_JOBID", "4.pbs"}, {"PBS_NODEFILE", "/nowhere/nodes"}});
  try {
    CurrentAllocation();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/nodes"));
  }
}

}  // namespace
}  // namespace clopencl::launch
