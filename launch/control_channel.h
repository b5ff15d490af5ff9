// The line between clrun and the launcher when rank 0 is on clrun's machine: the program is then clrun's own
// child (so its terminal, session, files, limits and signals are those of the user's shell), and rank 0 only
// lends it its MPI environment. A Unix socket in the job's private directory.
//
// The launcher sends its environment; clrun answers that the program has started, and later that it has
// ended; the launcher says when it begins to end the job in good order. Whoever finds the line closed knows
// that the other is gone.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace clopencl::launch {

// A connected end. Owns its descriptor.
class ControlChannel {
 public:
  explicit ControlChannel(int fd) : fd_(fd) {}
  ~ControlChannel() { Close(); }
  ControlChannel(ControlChannel&& other) noexcept;
  ControlChannel& operator=(ControlChannel&& other) noexcept;

  int fd() const { return fd_; }
  void Close();

  // Throw Error when the other end is gone, or says something else, or takes longer than 10 s.
  void SendEnvironment(const std::vector<std::string>& environment);
  std::vector<std::string> ReceiveEnvironment();

  struct Notice {
    enum Kind : int32_t { kStarted = 1, kEnded = 2, kEnding = 3 };
    int32_t kind;
    // kStarted: the program's pid. kEnded: its exit code as a shell reports it.
    int32_t value;
  };
  // False when the other end is gone.
  bool Send(Notice notice);
  // Blocks until one comes. Nothing when the other end is gone.
  std::optional<Notice> Receive();

 private:
  int fd_;
};

// clrun's end before the launcher came. Owns its descriptor.
class ControlListener {
 public:
  explicit ControlListener(const std::string& path);  // Throws Error.
  ~ControlListener();
  ControlListener(const ControlListener&) = delete;
  ControlListener& operator=(const ControlListener&) = delete;

  int fd() const { return fd_; }
  // Takes the connection that poll() announced; nothing when it was another user's.
  std::optional<ControlChannel> Accept();

 private:
  int fd_;
};

ControlChannel ConnectControl(const std::string& path);  // Throws Error.

}  // namespace clopencl::launch
