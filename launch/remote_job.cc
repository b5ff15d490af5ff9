#include "launch/remote_job.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>

#include "launch/error.h"
#include "launch/mpirun_output.h"
#include "launch/program.h"
#include "launch/signal_relay.h"

namespace clopencl::launch {

namespace {

// Passes on what mpirun (and through it the program) writes, at once; `output` gets to see it. False at the
// end.
bool PassOn(int fd, MpirunOutput& output) {
  char buffer[16384];
  const ssize_t got = read(fd, buffer, sizeof buffer);
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) return false;
  std::fwrite(buffer, 1, static_cast<size_t>(got), stderr);
  output.Take({buffer, static_cast<size_t>(got)});
  return true;
}

}  // namespace

void ReportRankEnd(const Plan& plan, const RankEnd& end) {
  std::string who = "the launcher of the program, rank 0,";
  for (const PlannedServer& server : plan.servers) {
    if (server.rank == end.rank) who = "the rank server " + DescribeServer(plan, server);
  }
  std::string how = "left the job";
  if (end.signal != 0) {
    how = "was ended by signal " + std::to_string(end.signal) + " (" + strsignal(end.signal) + ")";
  } else if (end.exit_code != 0) {
    how = "ended with " + std::to_string(end.exit_code);
  }
  std::fprintf(stderr, "clrun: %s %s; this ends the job\n", who.c_str(), how.c_str());
}

void RunRemoteJob(const Plan& plan, const MpiCommandOptions& command) {
  SignalRelay relay;
  int error[2];
  if (pipe2(error, O_CLOEXEC) != 0) ThrowErrno("a pipe for mpirun");
  ProgramStart start{
      .arguments = MpiCommand(plan, command), .environment = CurrentEnvironment(), .error = error[1]};
  for (const auto& [name, value] : MpirunEnvironment(plan)) SetVariable(start.environment, name, value);
  std::optional<Program> mpirun;
  try {
    mpirun.emplace(start, relay);
  } catch (const ExecError& failure) {
    throw Error(failure.message);
  }
  close(error[1]);
  MpirunOutput output;
  bool open = true;
  std::optional<int> status;
  while (!status || open) {
    pollfd ready[] = {{relay.fd(), POLLIN, 0}, {open ? error[0] : -1, POLLIN, 0}};
    // What mpirun leaves behind may hold the pipe open a little longer.
    if (poll(ready, 2, status ? 1000 : -1) == 0) break;
    if (ready[1].revents != 0) open = PassOn(error[0], output);
    while (const std::optional<int> signal = relay.Next()) {
      if (*signal == SIGCHLD) {
        status = mpirun->Reap();
        if (mpirun->TakeStopped()) kill(getpid(), SIGSTOP);
      } else if (!status) {
        mpirun->Relay(*signal, relay);
      }
    }
  }
  if (const std::optional<RankEnd> end = output.FindRankEnd(); end && end->rank > 0)
    ReportRankEnd(plan, *end);
  EndLike(*status);
}

}  // namespace clopencl::launch
