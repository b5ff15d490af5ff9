// Signals that reach the process standing in for a program (clrun, the launcher) and belong to the program.
//
// A signal sent to the whole process group (Ctrl-C on a terminal, kill -- -PGID) reaches the program by
// itself; one sent to our pid alone has to be passed on. The two look alike from inside, so a sentinel
// process in our group, which nobody else addresses, says whether it got the signal too.
#pragma once

#include <sys/signalfd.h>
#include <sys/types.h>

#include <csignal>
#include <optional>

namespace clopencl::launch {

class SignalRelay {
 public:
  // Blocks the signals (and SIGCHLD) in this process and starts the sentinel. The process must have one
  // thread.
  SignalRelay();
  ~SignalRelay();
  SignalRelay(const SignalRelay&) = delete;
  SignalRelay& operator=(const SignalRelay&) = delete;

  // Readable when Next() has something.
  int fd() const { return signal_fd_; }

  // The next signal that arrived, SIGCHLD included; nothing when there is none. Never blocks.
  std::optional<int> Next();

  // Whether `signal`, which Next() just returned, was sent to our whole process group.
  bool ReachedGroup(int signal);

  // The signal mask that we were started with: for a child before exec, or when there is nothing left to
  // relay.
  void RestoreMask() const;

 private:
  sigset_t signals_;
  sigset_t original_mask_;
  int signal_fd_ = -1;
  int sentinel_fd_ = -1;
  pid_t sentinel_ = -1;
};

}  // namespace clopencl::launch
