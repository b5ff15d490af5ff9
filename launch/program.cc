#include "launch/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "launch/child_process.h"
#include "launch/error.h"

namespace clopencl::launch {

namespace {

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void BecomeProgram(const ProgramStart& start, const SignalRelay& relay, int failure) {
  if (start.output >= 0) dup2(start.output, STDOUT_FILENO);
  if (start.error >= 0) dup2(start.error, STDERR_FILENO);
  const std::vector<char*> arguments = Pointers(start.arguments);
  const std::vector<char*> environment = Pointers(start.environment);
  relay.RestoreMask();
  execvpe(arguments[0], arguments.data(), environment.data());
  const int error = errno;
  if (write(failure, &error, sizeof error) < 0) _exit(127);
  _exit(127);
}

bool Names(const std::string& entry, const std::string& name) {
  return entry.size() > name.size() && entry[name.size()] == '=' && entry.compare(0, name.size(), name) == 0;
}

}  // namespace

Program::Program(const ProgramStart& start, const SignalRelay& relay) {
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) ThrowErrno("a pipe");
  pid_ = fork();
  if (pid_ < 0) ThrowErrno("starting " + start.arguments.front());
  if (pid_ == 0) BecomeProgram(start, relay, failure[1]);
  close(failure[1]);
  int error = 0;
  ssize_t got = 0;
  do {
    got = read(failure[0], &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  close(failure[0]);
  if (got != sizeof error) return;
  waitpid(pid_, nullptr, 0);
  throw ExecError{start.arguments.front() + ": " + std::strerror(error), error == ENOENT ? 127 : 126};
}

std::optional<int> Program::Reap() {
  int status = 0;
  while (!status_ && waitpid(pid_, &status, WNOHANG | WUNTRACED) == pid_) {
    if (WIFSTOPPED(status)) {
      stopped_ = true;
    } else {
      status_ = status;
    }
  }
  return status_;
}

bool Program::TakeStopped() { return std::exchange(stopped_, false); }

void Program::Relay(int signal, SignalRelay& relay) const {
  if (!relay.ReachedGroup(signal)) kill(pid_, signal);
}

std::vector<std::string> CurrentEnvironment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  return environment;
}

void SetVariable(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
  UnsetVariable(environment, name);
  environment.push_back(name + "=" + value);
}

void UnsetVariable(std::vector<std::string>& environment, const std::string& name) {
  std::erase_if(environment, [&name](const std::string& entry) { return Names(entry, name); });
}

void EndLike(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    std::signal(signal, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    raise(signal);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
  }
  std::_Exit(ShellCode(wait_status));
}

}  // namespace clopencl::launch
