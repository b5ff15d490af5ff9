#include "launch/process_tree.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace clopencl::launch {

namespace {

struct ProcessInfo {
  pid_t pid;
  pid_t parent;
};

// Nothing when there is no such process, or only a zombie.
std::optional<ProcessInfo> ReadProcess(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  // The name in parentheses may hold anything; what follows it is: state ppid ...
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  char state = 0;
  int parent = 0;
  const int fields = std::sscanf(line.c_str() + name_end + 1, " %c %d", &state, &parent);
  if (fields != 2 || state == 'Z') return std::nullopt;
  return ProcessInfo{pid, parent};
}

std::vector<ProcessInfo> ListProcesses() {
  std::vector<ProcessInfo> processes;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const pid_t pid = static_cast<pid_t>(std::atoi(entry.path().filename().c_str()));
    if (pid <= 0) continue;
    if (const auto process = ReadProcess(pid)) processes.push_back(*process);
  }
  return processes;
}

// As the process was started. False for processes of others, too.
bool HasVariable(pid_t pid, const std::string& entry) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
  std::string variable;
  while (std::getline(file, variable, '\0')) {
    if (variable == entry) return true;
  }
  return false;
}

}  // namespace

void KillTree(pid_t root) {
  std::set<pid_t> family = {root};
  kill(root, SIGSTOP);
  bool grown = true;
  while (grown) {
    grown = false;
    for (const ProcessInfo& process : ListProcesses()) {
      if (family.count(process.parent) == 0 || !family.insert(process.pid).second) continue;
      kill(process.pid, SIGSTOP);
      grown = true;
    }
  }
  for (pid_t pid : family) kill(pid, SIGKILL);
}

bool IsAlive(pid_t pid) { return ReadProcess(pid).has_value(); }

void KillMarked(pid_t session, const std::string& entry) {
  for (const ProcessInfo& process : ListProcesses()) {
    if (process.pid == getpid() || getsid(process.pid) != session) continue;
    if (HasVariable(process.pid, entry)) kill(process.pid, SIGKILL);
  }
}

}  // namespace clopencl::launch
