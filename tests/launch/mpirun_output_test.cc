#include "launch/mpirun_output.h"

#include <gtest/gtest.h>

namespace clopencl::launch {
namespace {

const std::string kRule(74, '-');

std::string Block(const std::string& text) { return kRule + "\n" + text + kRule + "\n"; }

TEST(MpirunOutputTest, OrdinaryLinesPassAtOnceInWholeLines) {
  MpirunOutput output;
  EXPECT_EQ(output.Take("one\ntw"), "one\n");
  EXPECT_EQ(output.Take("o\nthree"), "two\n");
  EXPECT_EQ(output.Finish(), "three");
  EXPECT_EQ(output.report(), "");
  EXPECT_FALSE(output.FindRankEnd().has_value());
}

TEST(MpirunOutputTest, OtherBlocksPassWhenTheyAreComplete) {
  MpirunOutput output;
  const std::string block = Block("A requested component was not found\n");
  EXPECT_EQ(output.Take(block.substr(0, 100)), "");
  EXPECT_EQ(output.Take(block.substr(100)), block);
}

TEST(MpirunOutputTest, FindsTheRankThatASignalEnded) {
  MpirunOutput output;
  EXPECT_EQ(output.Take("before\n" +
                        Block("mpirun.openmpi noticed that process rank 2 with PID 0 on node n1 exited "
                              "on signal 9 (Killed).\n") +
                        "after\n"),
            "before\nafter\n");
  const auto end = output.FindRankEnd();
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->rank, 2);
  EXPECT_EQ(end->signal, 9);
}

TEST(MpirunOutputTest, FindsTheRankThatEndedWithACode) {
  MpirunOutput output;
  EXPECT_EQ(output.Take(Block("mpirun detected that one or more processes exited with non-zero status, thus "
                              "causing\nthe job to be terminated. The first process to do so was:\n\n"
                              "  Process name: [[19804,1],3]\n  Exit code:    7\n")),
            "");
  const auto end = output.FindRankEnd();
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->rank, 3);
  EXPECT_EQ(end->signal, 0);
  EXPECT_EQ(end->exit_code, 7);
}

TEST(MpirunOutputTest, FindsTheRankThatLeftWithoutFinalizing) {
  MpirunOutput output;
  EXPECT_EQ(
      output.Take(Block("mpirun has exited due to process rank 1 with PID 0 on\nnode vm exiting improperly. "
                        "There are three reasons this could occur:\n")),
      "");
  ASSERT_TRUE(output.FindRankEnd().has_value());
  EXPECT_EQ(output.FindRankEnd()->rank, 1);
}

std::string Crash(const std::string& process) {
  return "[" + process + "] *** Process received signal ***\n[" + process +
         "] Signal: Segmentation fault (11)\n[" + process + "] *** End of error message ***\n";
}

TEST(MpirunOutputTest, ACrashOfMpirunIsPartOfItsReport) {
  MpirunOutput output;
  output.HoldCrashOf(831);
  EXPECT_EQ(output.Take("[n1:00831] can't open a component\n"), "[n1:00831] can't open a component\n");
  std::string crash = Crash("n1:00831");
  EXPECT_EQ(output.Take(crash), "");
  EXPECT_EQ(output.report(), crash);
  EXPECT_EQ(output.Take("[n1:00831] after it\n"), "[n1:00831] after it\n");
}

TEST(MpirunOutputTest, OtherCrashesAndWhatComesBetweenAreShown) {
  MpirunOutput output;
  const std::string crash = Crash("n1:100831");
  EXPECT_EQ(output.Take(crash), crash);
  output.HoldCrashOf(100832);
  EXPECT_EQ(output.Take(crash), crash);
  EXPECT_EQ(output.Take("[n1:100832] *** Process received signal ***\nan error\n[n1:100832] Signal: 11\n"),
            "an error\n");
}

TEST(MpirunOutputTest, UnfinishedBlockIsNotLost) {
  MpirunOutput output;
  EXPECT_EQ(output.Take(kRule + "\nsomething\n"), "");
  EXPECT_EQ(output.Finish(), kRule + "\nsomething\n");
}

}  // namespace
}  // namespace clopencl::launch
