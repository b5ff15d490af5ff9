// The user's program as a child process.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "launch/signal_relay.h"

namespace clopencl::launch {

struct ProgramStart {
  std::vector<std::string> arguments;    // The first is looked up along PATH.
  std::vector<std::string> environment;  // "NAME=value"
  // Take the place of its standard output and error where given; the caller closes them.
  int output = -1;
  int error = -1;
};

class Program {
 public:
  // In our process group and with the signal mask that we were started with. Throws ExecError.
  Program(const ProgramStart& start, const SignalRelay& relay);

  pid_t pid() const { return pid_; }

  // To be called after SIGCHLD. The wait status once the program has ended.
  std::optional<int> Reap();

  // The program stopped since the last call (Ctrl-Z): whoever stands in for it should stop, too.
  bool TakeStopped();

  // Passes on a signal that reached us, unless it reached the program by itself.
  void Relay(int signal, SignalRelay& relay) const;

 private:
  pid_t pid_ = -1;
  bool stopped_ = false;
  std::optional<int> status_;
};

// "prog: No such file or directory", and the exit code that a shell gives then: 127, or 126 for what is there
// but can't be run.
struct ExecError {
  std::string message;
  int exit_code;
};

// This process's environment as Program takes it.
std::vector<std::string> CurrentEnvironment();
void SetVariable(std::vector<std::string>& environment, const std::string& name, const std::string& value);
void UnsetVariable(std::vector<std::string>& environment, const std::string& name);

// Ends this process as the program ended: with its exit code, or by the same signal.
[[noreturn]] void EndLike(int wait_status);

}  // namespace clopencl::launch
