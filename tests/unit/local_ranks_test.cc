#include "common/local_ranks.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

namespace clopencl {
namespace {

class LocalRanksTest : public testing::Test {
 protected:
  // None of the variables that count is set but these.
  static void Set(const std::map<std::string, std::string>& variables) {
    for (const char* name :
         {"OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_COMM_WORLD_RANK",
          "MPI_LOCALRANKID", "MPI_LOCALNRANKS", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID", "SLURM_LOCALID",
          "SLURM_NODEID", "SLURM_STEP_TASKS_PER_NODE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
      unsetenv(name);
    }
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  }
  void TearDown() override { Set({}); }
};

void ExpectRanks(unsigned rank, unsigned index, unsigned count) {
  const auto ranks = FindLocalRanks();
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->rank, rank);
  EXPECT_EQ(ranks->index, index);
  EXPECT_EQ(ranks->count, count);
}

TEST_F(LocalRanksTest, NoneOutsideOfAJob) {
  Set({});
  EXPECT_FALSE(FindLocalRanks());
}

TEST_F(LocalRanksTest, OfOpenMpiAndOfMpich) {
  Set({{"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
       {"OMPI_COMM_WORLD_LOCAL_SIZE", "3"},
       {"OMPI_COMM_WORLD_RANK", "5"}});
  ExpectRanks(5, 1, 3);
  Set({{"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "2"}, {"PMI_RANK", "1"}});
  ExpectRanks(1, 1, 2);
}

TEST_F(LocalRanksTest, ToldWhetherTheJobIsOnThisNode) {
  Set({});
  EXPECT_FALSE(JobIsOnThisNode());
  Set({{"OMPI_COMM_WORLD_LOCAL_SIZE", "3"}});
  EXPECT_FALSE(JobIsOnThisNode());
  Set({{"OMPI_COMM_WORLD_LOCAL_SIZE", "3"}, {"OMPI_COMM_WORLD_SIZE", "5"}});
  EXPECT_FALSE(JobIsOnThisNode());
  Set({{"OMPI_COMM_WORLD_LOCAL_SIZE", "3"}, {"OMPI_COMM_WORLD_SIZE", "3"}});
  EXPECT_TRUE(JobIsOnThisNode());
  Set({{"MPI_LOCALNRANKS", "2"}, {"PMI_SIZE", "2"}});
  EXPECT_TRUE(JobIsOnThisNode());
}

TEST_F(LocalRanksTest, OfSrunWhereThereIsNoMpirun) {
  std::map<std::string, std::string> step = {{"SLURM_PROCID", "4"},
                                             {"SLURM_LOCALID", "1"},
                                             {"SLURM_NODEID", "1"},
                                             {"SLURM_STEP_TASKS_PER_NODE", "3,2(x2)"},
                                             {"PMIX_RANK", "4"}};
  Set(step);
  ExpectRanks(4, 1, 2);
  // Under mpirun they are its daemon's.
  step.insert({{"OMPI_COMM_WORLD_LOCAL_RANK", "0"},
               {"OMPI_COMM_WORLD_LOCAL_SIZE", "5"},
               {"OMPI_COMM_WORLD_RANK", "3"}});
  Set(step);
  ExpectRanks(3, 0, 5);
}

TEST_F(LocalRanksTest, ABatchScriptIsNoRank) {
  Set({{"SLURM_PROCID", "0"}, {"SLURM_LOCALID", "0"}, {"SLURM_NODEID", "0"}});
  EXPECT_FALSE(FindLocalRanks());
}

TEST_F(LocalRanksTest, CountsOfNodes) {
  EXPECT_EQ(CountOfNode("4", 0), 4u);
  EXPECT_EQ(CountOfNode("2(x3),1", 2), 2u);
  EXPECT_EQ(CountOfNode("2(x3),1", 3), 1u);
  EXPECT_FALSE(CountOfNode("2(x3),1", 4));
  for (const char* text : {"", "x", "2(x", "2(x3", ",1", "2(y3)"}) EXPECT_FALSE(CountOfNode(text, 7)) << text;
}

}  // namespace
}  // namespace clopencl
