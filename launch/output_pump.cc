#include "launch/output_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "launch/error.h"

namespace clopencl::launch {

namespace {

bool WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

// Copies until the end of `from`; after `finish` is closed only what is already there.
[[noreturn]] void Pump(int from, int to, int finish) {
  prctl(PR_SET_NAME, "clrun-output");
  for (unsigned fd = 0; fd < static_cast<unsigned>(std::max({from, to, finish})); ++fd) {
    if (static_cast<int>(fd) != from && static_cast<int>(fd) != to && static_cast<int>(fd) != finish) {
      close(static_cast<int>(fd));
    }
  }
  close_range(static_cast<unsigned>(std::max({from, to, finish})) + 1, ~0U, 0);
  char buffer[65536];
  bool finishing = false;
  while (true) {
    pollfd ready[] = {{from, POLLIN, 0}, {finish, POLLIN, 0}};
    const int count = poll(ready, finishing ? 1 : 2, finishing ? 0 : -1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) _exit(0);
    if (!finishing && ready[1].revents != 0) finishing = true;
    if (ready[0].revents == 0) continue;
    const ssize_t got = read(from, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || !WriteAll(to, buffer, static_cast<size_t>(got))) _exit(0);
  }
}

bool IsMpirun(const std::string& name) {
  return name.starts_with("mpirun") || name.starts_with("mpiexec") || name.starts_with("orterun") ||
         name.starts_with("prterun") || name == "prun";
}

}  // namespace

bool ParentWritesToNoTerminal(int descriptor) {
  const std::string parent = "/proc/" + std::to_string(getppid());
  std::ifstream file(parent + "/comm");
  std::string name;
  std::getline(file, name);
  if (!IsMpirun(name)) return false;
  std::error_code error;
  const std::string target =
      std::filesystem::read_symlink(parent + "/fd/" + std::to_string(descriptor), error).string();
  return !error && !target.starts_with("/dev/pts/") && !target.starts_with("/dev/tty") &&
         target != "/dev/console";
}

OutputPump::OutputPump(int descriptor) {
  int data[2];
  int finish[2];
  if (pipe2(data, O_CLOEXEC) != 0 || pipe2(finish, O_CLOEXEC) != 0) ThrowErrno("a pipe");
  pid_ = fork();
  if (pid_ < 0) ThrowErrno("fork");
  if (pid_ == 0) Pump(data[0], descriptor, finish[0]);
  close(data[0]);
  close(finish[0]);
  input_ = data[1];
  finish_ = finish[1];
}

void OutputPump::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

void OutputPump::Finish() {
  if (finish_ < 0) return;
  CloseInput();
  close(finish_);
  finish_ = -1;
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace clopencl::launch
