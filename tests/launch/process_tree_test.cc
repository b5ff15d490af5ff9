// Families of processes and how they are ended.
#include "launch/process_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace clopencl::launch {
namespace {

enum class Session { kOurs, kItsOwn };

// A process that sleeps for a minute, with this entry in its environment. It is on its way when this returns.
pid_t StartSleeper(const std::string& entry, Session session = Session::kOurs) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  const pid_t pid = fork();
  if (pid == 0) {
    if (session == Session::kItsOwn) setsid();
    std::string variable = entry;
    char* const environment[] = {variable.data(), nullptr};
    char name[] = "sleep";
    char time[] = "60";
    char* const arguments[] = {name, time, nullptr};
    execve("/bin/sleep", arguments, environment);
    _exit(127);
  }
  close(ends[1]);
  char byte = 0;
  [[maybe_unused]] const ssize_t closed_by_exec = read(ends[0], &byte, 1);
  close(ends[0]);
  return pid;
}

int SignalThatEnded(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(ProcessTreeTest, TheMarkedOfASessionAreKilledAndNobodyElse) {
  const std::string mark = "CLOPENCL_TEST_MARK=" + std::to_string(getpid());
  const pid_t marked = StartSleeper(mark);
  const pid_t longer = StartSleeper(mark + "1");
  ASSERT_TRUE(IsAlive(marked));
  const pid_t elsewhere = StartSleeper(mark, Session::kItsOwn);
  ASSERT_TRUE(IsAlive(longer));
  ASSERT_TRUE(IsAlive(elsewhere));

  KillMarked(getsid(0), mark);
  EXPECT_EQ(SignalThatEnded(marked), SIGKILL);

  // Had they been killed, that would be the signal that ended them.
  for (const pid_t spared : {longer, elsewhere}) {
    kill(spared, SIGTERM);
    EXPECT_EQ(SignalThatEnded(spared), SIGTERM);
  }
}

}  // namespace
}  // namespace clopencl::launch
