// A child process that is asked something and answers on its standard output.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace clopencl::launch {

using EnvironmentChanges = std::vector<std::pair<std::string, std::string>>;

struct CapturedOutput {
  int wait_status = 0;
  bool timed_out = false;  // It was killed.
  std::string text;
};

// Runs the command (found along PATH) with nothing to read and our standard error, and waits. Throws Error
// when it can't be started.
CapturedOutput RunAndCapture(const std::vector<std::string>& command, const EnvironmentChanges& environment,
                             std::chrono::seconds limit);

// What `answer` returns in a process of its own, which it may ruin (by loading drivers, say); empty when that
// process died or took longer than 30 s.
std::string AskChild(const std::function<std::string()>& answer);

// "ended with 3", "was ended by signal 11 (Segmentation fault)".
std::string DescribeWaitStatus(int wait_status);

// Ended by a signal that nobody sends on purpose to end a program.
bool IsCrash(int wait_status);

// As a shell reports it: the exit code, or 128 and the signal's number.
int ShellCode(int wait_status);

}  // namespace clopencl::launch
