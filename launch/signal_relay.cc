#include "launch/signal_relay.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

#include "launch/error.h"

namespace clopencl::launch {

namespace {

constexpr std::initializer_list<int> kRelayed = {SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2,
                                                 SIGTERM, SIGTSTP, SIGCONT, SIGWINCH};

// Answers each byte (a signal's number) with 1 if that signal was waiting here, else 0, until the other end
// is closed.
[[noreturn]] void BeSentinel(int fd) {
  prctl(PR_SET_NAME, "clrun-sentinel");
  // Nobody may wait for us to close a pipe or a file that we were started with.
  const unsigned own = static_cast<unsigned>(fd);
  if (own > 0) close_range(0, own - 1, 0);
  close_range(own + 1, ~0U, 0);
  unsigned char signal = 0;
  while (true) {
    const ssize_t got = read(fd, &signal, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1) _exit(0);
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, signal);
    const timespec now = {0, 0};
    const unsigned char answer = sigtimedwait(&asked, nullptr, &now) == signal ? 1 : 0;
    if (write(fd, &answer, 1) != 1) _exit(0);
  }
}

}  // namespace

SignalRelay::SignalRelay() {
  sigemptyset(&signals_);
  for (int signal : kRelayed) sigaddset(&signals_, signal);
  sigset_t blocked = signals_;
  sigaddset(&signals_, SIGCHLD);
  sigaddset(&blocked, SIGCHLD);
  sigaddset(&blocked, SIGPIPE);
  sigprocmask(SIG_BLOCK, &blocked, &original_mask_);
  signal_fd_ = signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signal_fd_ < 0) ThrowErrno("signalfd");

  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) ThrowErrno("socketpair");
  sentinel_ = fork();
  if (sentinel_ < 0) ThrowErrno("fork");
  if (sentinel_ == 0) {
    close(ends[0]);
    BeSentinel(ends[1]);
  }
  close(ends[1]);
  sentinel_fd_ = ends[0];
}

SignalRelay::~SignalRelay() {
  close(sentinel_fd_);
  while (waitpid(sentinel_, nullptr, 0) < 0 && errno == EINTR) {
  }
  close(signal_fd_);
  sigprocmask(SIG_SETMASK, &original_mask_, nullptr);
}

std::optional<int> SignalRelay::Next() {
  signalfd_siginfo info{};
  if (read(signal_fd_, &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

bool SignalRelay::ReachedGroup(int signal) {
  const unsigned char asked = static_cast<unsigned char>(signal);
  if (send(sentinel_fd_, &asked, 1, MSG_NOSIGNAL) != 1) return false;
  unsigned char answer = 0;
  ssize_t got = 0;
  do {
    got = read(sentinel_fd_, &answer, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1 && answer == 1;
}

void SignalRelay::RestoreMask() const { sigprocmask(SIG_SETMASK, &original_mask_, nullptr); }

}  // namespace clopencl::launch
