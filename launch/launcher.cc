// clopencl-launcher: rank 0 of a job. It starts the user's program, unmodified, in an environment in which
// the program's OpenCL loader finds the clOpenCL driver, waits for it, and sees to it that the job ends when
// the program does, however that ends. It is not itself a member of MPI: the driver in the program joins, if
// the program uses OpenCL at all.
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>

#include "common/connection_watch.h"
#include "launch/child_process.h"
#include "launch/control_channel.h"
#include "launch/error.h"
#include "launch/guardian.h"
#include "launch/job_directory.h"
#include "launch/job_end.h"
#include "launch/launcher_options.h"
#include "launch/output_pump.h"
#include "launch/paths.h"
#include "launch/process_tree.h"
#include "launch/program.h"
#include "launch/signal_relay.h"
#include "launch/transport_check.h"

namespace clopencl::launch {

namespace {

// A rank other than 0, or none at all: something is wrong with the command that started us.
void CheckRank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    const char* rank = std::getenv(name);
    if (rank == nullptr) continue;
    if (std::strcmp(rank, "0") == 0) return;
    throw Error(std::string("this is rank ") + rank +
                ", but the program has to be rank 0: put its part first on mpirun's command line, as in "
                "mpirun -np 1 clopencl-launcher PROGRAM : -np 2 clopencl-rankserver");
  }
  throw Error(
      "there is no MPI job around; start it with mpirun -np 1 clopencl-launcher PROGRAM : -np 2 "
      "clopencl-rankserver, or simply with clrun PROGRAM");
}

// Ends the job in such a way that mpirun, where it lets us, returns `code` and says nothing. An mpirun that
// is ending the job already (we got its SIGTERM) must not be told so: it would wait for ever.
[[noreturn]] void EndJob(JobDirectory::Membership membership, bool finalized, bool job_ends_already,
                         int code) {
  if (job_ends_already) std::_Exit(code);
  // While the servers are still on their way into MPI, ending the job by force can hang or crash mpirun.
  if (membership == JobDirectory::Membership::kNotYet) DismissServers(code);
  const bool servers_are_gone = finalized || membership == JobDirectory::Membership::kNotYet;
  if (servers_are_gone && code == 0) std::_Exit(0);
  AbortJob(code);
  std::_Exit(code);
}

// Another machine of the job can't be reached from this one any more, and mpirun would go on trying for a
// quarter of an hour. The rest of the job is ended by mpirun's end, or by the loss of the connection to here;
// files are the guardian's business.
[[noreturn]] void EndCutOff(pid_t program, pid_t mpi, const std::string& host) {
  std::fprintf(stderr, "clopencl-launcher: the machine %s can't be reached any more; this ends the job\n",
               host.c_str());
  KillTree(program);
  kill(mpi, SIGKILL);
  std::_Exit(1);
}

// Plain mpirun: the program is our child.
[[noreturn]] void RunProgram(const LauncherOptions& options) {
  SignalRelay relay;
  const JobDirectory job = JobDirectory::Create();
  Guardian guardian(job.path());
  ProgramStart start{.arguments = options.program, .environment = CurrentEnvironment()};
  job.PrepareProgram(FindDriver(), options.natives, start.environment);

  std::unique_ptr<OutputPump> output;
  std::unique_ptr<OutputPump> error;
  if (isatty(STDOUT_FILENO) != 0 && ParentWritesToNoTerminal(STDOUT_FILENO)) {
    output = std::make_unique<OutputPump>(STDOUT_FILENO);
    start.output = output->input();
  }
  if (isatty(STDERR_FILENO) != 0 && ParentWritesToNoTerminal(STDERR_FILENO)) {
    error = std::make_unique<OutputPump>(STDERR_FILENO);
    start.error = error->input();
  }

  const pid_t mpi = ParentOfMpi();
  int status = 0;
  bool terminated = false;
  try {
    Program program(start, relay);
    guardian.Watch(program.pid());
    if (output) output->CloseInput();
    if (error) error->CloseInput();
    while (true) {
      if (const std::optional<int> ended = program.Reap()) {
        status = *ended;
        break;
      }
      pollfd ready = {relay.fd(), POLLIN, 0};
      if (poll(&ready, 1, mpi > 0 ? 2000 : -1) == 0) {
        if (const std::string host = FindStuckHost(mpi, {}); !host.empty())
          EndCutOff(program.pid(), mpi, host);
      }
      while (const std::optional<int> signal = relay.Next()) {
        if (*signal != SIGCHLD) program.Relay(*signal, relay);
        terminated |= *signal == SIGTERM;
      }
    }
  } catch (const ExecError& failure) {
    std::fprintf(stderr, "clopencl-launcher: %s\n", failure.message.c_str());
    status = failure.exit_code << 8;
  }
  if (output) output->Finish();
  if (error) error->Finish();
  if (IsCrash(status)) {
    std::fprintf(stderr, "clopencl-launcher: %s %s\n", options.program.front().c_str(),
                 DescribeWaitStatus(status).c_str());
  }
  const JobDirectory::Membership membership = job.membership();
  const bool finalized = job.finalized();
  job.Remove();
  guardian.Dismiss();
  relay.RestoreMask();
  EndJob(membership, finalized, terminated, ShellCode(status));
}

// Under clrun on this machine: the program is clrun's child, and we lend it our place in MPI.
[[noreturn]] void LendRankZero(const LauncherOptions& options, const std::string& control_path) {
  const char* directory = std::getenv("CLOPENCL_JOB_DIR");
  const JobDirectory job = JobDirectory::Adopt(directory != nullptr ? directory : "");
  std::vector<std::string> environment = CurrentEnvironment();
  UnsetVariable(environment, "CLOPENCL_CONTROL");
  UnsetVariable(environment, kJobMark);
  job.PrepareProgram(FindDriver(), options.natives, environment);
  ControlChannel clrun = ConnectControl(control_path);
  clrun.SendEnvironment(environment);

  pid_t program = -1;
  while (const std::optional<ControlChannel::Notice> notice = clrun.Receive()) {
    if (notice->kind == ControlChannel::Notice::kStarted) program = notice->value;
    if (notice->kind != ControlChannel::Notice::kEnded) continue;
    clrun.Send({ControlChannel::Notice::kEnding, 0});
    if (job.finalized()) std::_Exit(0);
    // By force, even while servers are on their way into MPI: it is three times as fast as the orderly way,
    // and clrun is there to end an mpirun that hangs over it.
    AbortJob(0);
    if (!job.joined()) DismissServers(1);
    std::_Exit(job.joined() ? 1 : 0);
  }
  // clrun was killed.
  if (program > 0) KillTree(program);
  job.Remove();
  AbortJob(128 + SIGKILL);
  std::_Exit(128 + SIGKILL);
}

}  // namespace

}  // namespace clopencl::launch

int main(int argc, char** argv) {
  using namespace clopencl::launch;
  const LauncherOptions options = ParseLauncherOptions(argc, argv);
  try {
    // Without mpirun nobody would end the job any more; clrun or the guardian then ends the program.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!options.check_transport.empty()) return CheckTransportBetween(options.check_transport);
    CheckRank();
    if (const char* control = std::getenv("CLOPENCL_CONTROL")) LendRankZero(options, control);
    RunProgram(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "clopencl-launcher: %s\n", error.what());
    return 1;
  }
}
