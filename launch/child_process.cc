#include "launch/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "launch/error.h"

namespace clopencl::launch {

namespace {

[[noreturn]] void BecomeCommand(const std::vector<std::string>& command,
                                const EnvironmentChanges& environment, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

// Reads until the child closes its end or the time is up, and reaps it.
CapturedOutput CollectFrom(pid_t child, int fd, std::chrono::seconds limit) {
  CapturedOutput result;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd readable = {fd, POLLIN, 0};
    const int ready = left.count() > 0 ? poll(&readable, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      result.timed_out = true;
      kill(child, SIGKILL);
      break;
    }
    char buffer[4096];
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    result.text.append(buffer, static_cast<size_t>(got));
  }
  close(fd);
  while (waitpid(child, &result.wait_status, 0) < 0 && errno == EINTR) {
  }
  return result;
}

}  // namespace

CapturedOutput RunAndCapture(const std::vector<std::string>& command, const EnvironmentChanges& environment,
                             std::chrono::seconds limit) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) ThrowErrno("a pipe for " + command.front());
  const pid_t child = fork();
  if (child < 0) ThrowErrno("starting " + command.front());
  if (child == 0) BecomeCommand(command, environment, ends[1]);
  close(ends[1]);
  return CollectFrom(child, ends[0], limit);
}

std::string AskChild(const std::function<std::string()>& answer) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) ThrowErrno("a pipe");
  const pid_t child = fork();
  if (child < 0) ThrowErrno("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    const std::string text = answer();
    const bool written = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  const CapturedOutput asked = CollectFrom(child, ends[0], std::chrono::seconds(30));
  return asked.wait_status == 0 ? asked.text : "";
}

std::string DescribeWaitStatus(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return "ended with " + std::to_string(WEXITSTATUS(wait_status));
  const int signal = WTERMSIG(wait_status);
  return "was ended by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
}

bool IsCrash(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return false;
  const int signal = WTERMSIG(wait_status);
  return signal != SIGHUP && signal != SIGINT && signal != SIGPIPE && signal != SIGTERM;
}

int ShellCode(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace clopencl::launch
