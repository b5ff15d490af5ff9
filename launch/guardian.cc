#include "launch/guardian.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "launch/error.h"
#include "launch/process_tree.h"

namespace clopencl::launch {

namespace {

// Reads pids; 0 means that all is well.
[[noreturn]] void StandGuard(int fd, const std::string& directory) {
  // Out of the group and the session that are killed as a whole.
  setsid();
  prctl(PR_SET_NAME, "clrun-guardian");
  const unsigned own = static_cast<unsigned>(fd);
  if (own > 0) close_range(0, own - 1, 0);
  close_range(own + 1, ~0U, 0);
  pid_t program = -1;
  while (true) {
    pid_t pid = -1;
    const ssize_t got = read(fd, &pid, sizeof pid);
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof pid) break;
    if (pid == 0) _exit(0);
    program = pid;
  }
  if (program > 0) KillTree(program);
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  _exit(0);
}

}  // namespace

Guardian::Guardian(const std::string& directory) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) ThrowErrno("a pipe");
  pid_ = fork();
  if (pid_ < 0) ThrowErrno("fork");
  if (pid_ == 0) StandGuard(ends[0], directory);
  close(ends[0]);
  fd_ = ends[1];
}

void Guardian::Watch(pid_t program) {
  if (write(fd_, &program, sizeof program) != sizeof program) ThrowErrno("the guardian process");
}

void Guardian::Dismiss() {
  if (fd_ < 0) return;
  const pid_t all_is_well = 0;
  if (write(fd_, &all_is_well, sizeof all_is_well) < 0) {
    // It is gone already.
  }
  close(fd_);
  fd_ = -1;
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace clopencl::launch
