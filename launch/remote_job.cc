#include "launch/remote_job.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>

#include "common/connection_watch.h"
#include "launch/child_process.h"
#include "launch/error.h"
#include "launch/mpirun_output.h"
#include "launch/program.h"
#include "launch/reachability.h"
#include "launch/signal_relay.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

using Clock = std::chrono::steady_clock;

// Machines may call themselves by the first part of the name by which we know them.
bool SameShortName(const std::string& a, const std::string& b) {
  return EqualIgnoringCase(a.substr(0, a.find('.')), b.substr(0, b.find('.')));
}

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

void ReportRankEnd(const Plan& plan, const RankEnd& end) {
  std::string who = "rank 0 (" + plan.nodes[plan.rank_zero_node].host + ": the program's launcher)";
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

void ReportLostHost(const Plan& plan, const std::string& host) {
  std::vector<std::string> lost;
  const std::string& rank_zero = plan.nodes[plan.rank_zero_node].host;
  if (SameShortName(rank_zero, host)) lost.push_back("rank 0 (the program)");
  for (const PlannedServer& server : plan.servers) {
    if (SameShortName(plan.nodes[server.node].host, host)) lost.push_back(DescribeServer(plan, server));
  }
  std::fprintf(stderr, "clrun: the machine %s can't be reached any more, and with it %s; this ends the job\n",
               host.c_str(), lost.empty() ? "its ranks" : Join(lost, ", ").c_str());
}

std::vector<std::string> HostsOf(const Plan& plan) {
  std::vector<std::string> hosts;
  for (const Node& node : plan.nodes) hosts.push_back(node.host);
  return hosts;
}

// Signals that mean the end to mpirun, which then says 1 whatever the program did.
bool EndsJob(int signal) {
  return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

}  // namespace

bool EndWhereHostIsLost(const Plan& plan, pid_t mpirun) {
  const std::string host = FindStuckHost(mpirun, HostsOf(plan));
  if (host.empty()) return false;
  ReportLostHost(plan, host);
  // It would wait for the answers of that host.
  kill(mpirun, SIGKILL);
  return true;
}

bool ReportCause(const Plan& plan, const MpirunOutput& output) {
  if (const std::string host = output.FindLostHost(); !host.empty()) {
    ReportLostHost(plan, host);
    return true;
  }
  if (const std::optional<RankEnd> end = output.FindRankEnd()) {
    ReportRankEnd(plan, *end);
    return true;
  }
  if (!plan.remote) return false;
  // mpirun may only have seen that its helper there is gone.
  const std::vector<std::string> silent = SilentHosts(HostsOf(plan));
  for (const std::string& host : silent) ReportLostHost(plan, host);
  return !silent.empty();
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
  bool host_lost = false;
  Clock::time_point next_look = Clock::now();
  std::optional<int> status;
  std::optional<int> ending_signal;
  while (!status || open) {
    pollfd ready[] = {{relay.fd(), POLLIN, 0}, {open ? error[0] : -1, POLLIN, 0}};
    // What mpirun leaves behind may hold the pipe open a little longer.
    if (poll(ready, 2, 1000) == 0 && status) break;
    if (!status && !host_lost && Clock::now() >= next_look) {
      host_lost = EndWhereHostIsLost(plan, mpirun->pid());
      next_look = Clock::now() + std::chrono::seconds(1);
    }
    if (ready[1].revents != 0) open = PassOn(error[0], output);
    while (const std::optional<int> signal = relay.Next()) {
      if (*signal == SIGCHLD) {
        status = mpirun->Reap();
        if (mpirun->TakeStopped()) kill(getpid(), SIGSTOP);
      } else if (!status) {
        if (EndsJob(*signal)) ending_signal = *signal;
        mpirun->Relay(*signal, relay);
      }
    }
  }
  const int code = ShellCode(*status);
  if (host_lost) EndLike(code << 8);
  if (ending_signal && code != 0) EndLike(*ending_signal);
  // The program's own end needs no words of ours.
  const std::optional<RankEnd> end = output.FindRankEnd();
  if (*status != 0 && !output.report().empty() && !(end && end->rank == 0)) ReportCause(plan, output);
  EndLike(*status);
}

}  // namespace clopencl::launch
