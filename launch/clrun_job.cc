#include "launch/clrun_job.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "launch/child_process.h"
#include "launch/control_channel.h"
#include "launch/error.h"
#include "launch/job_directory.h"
#include "launch/mpirun_output.h"
#include "launch/mpirun_session.h"
#include "launch/process_tree.h"
#include "launch/program.h"
#include "launch/remote_job.h"
#include "launch/signal_relay.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

// mpirun does not name a rank that a signal ended while it joined, but takes over its code.
std::string DescribeUnnamedRank(int mpirun_status) {
  const int signal = WIFEXITED(mpirun_status) ? WEXITSTATUS(mpirun_status) - 128 : 0;
  if (signal <= 0 || signal >= NSIG) return "";
  return ": a rank " + DescribeWaitStatus(signal) + " before it had joined; mpirun does not say which";
}

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// After the program's end the job ends within a fraction of a second. Where the servers leave MPI in good
// order, a busy machine gets more time.
constexpr seconds kPatienceWithFinalize{10};
constexpr seconds kPatienceWithAbort{2};
constexpr seconds kPatienceAfterSignal{1};

// Descriptors beyond the standard ones that we were started with. They are the program's, and once it has
// them nobody may wait for us (or for mpirun) to close them.
std::vector<int> InheritedDescriptors() {
  std::vector<int> descriptors;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const int fd = std::atoi(entry.path().filename().c_str());
    const int flags = fcntl(fd, F_GETFD);
    if (fd > STDERR_FILENO && flags >= 0 && (flags & FD_CLOEXEC) == 0) descriptors.push_back(fd);
  }
  return descriptors;
}

// A batch system that ends a job signals all its processes at once. An mpirun that hears of its ranks' deaths
// and gets SIGTERM, too, may crash and leave its files; so only we end it, by the SIGINT of EndMpirun. It
// gives its children an empty mask.
void DeafenMpirun() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

// Whether mpirun stays in the program's session. Linux shares out cores among sessions first (autogroups),
// and who yields gives nothing to another session: so ranks that share cores have to be in one. Elsewhere two
// get more of busy cores, and an ssh of mpirun's can't ask the terminal for a password and be stopped for it.
bool SharesSession(const Plan& plan) { return plan.oversubscribed && !plan.remote; }

class Job {
 public:
  Job(const Plan& plan, MpiCommandOptions command)
      : inherited_(InheritedDescriptors()),
        plan_(plan),
        command_(std::move(command)),
        directory_(JobDirectory::Create()),
        listener_(directory_.control_path()) {}

  // The wait status with which clrun has to end.
  int Run() {
    StartMpirun();
    while (!mpirun_status_ || (program_ && !program_status_)) Step();
    KillMarked(session_, kJobMark + ("=" + directory_.path()));
    RemoveMpirunSession(mpirun_session_, mpirun_);
    DrainOutput();
    Report();
    return Result();
  }

 private:
  void StartMpirun();
  [[noreturn]] void BecomeMpirun(int output);
  void Step();
  int PollTimeout() const;
  void LookAfterHosts();
  void TakeSignals();
  void OnSignal(int signal);
  void ReapMpirun();
  void ReadOutput();
  void DrainOutput();
  void OnLauncher();
  void StartProgram();
  void OnProgramEnd(int status);
  void EndMpirun();
  void EndProgram();
  void OnDeadline();
  void StopLikeProgram();
  void Report() const;
  int Result() const;

  // The program's end is what ended the job, as far as the launcher could see to it.
  bool OrderlyEnd() const { return program_status_ && !failed_; }

  const std::vector<int> inherited_;
  const Plan& plan_;
  MpiCommandOptions command_;
  SignalRelay relay_;
  JobDirectory directory_;
  ControlListener listener_;
  std::optional<ControlChannel> launcher_;
  std::unique_ptr<Program> program_;
  std::optional<int> program_status_;
  std::optional<int> mpirun_status_;
  std::optional<int> ended_by_signal_;  // One that came before there was a program.
  pid_t mpirun_ = -1;
  pid_t session_ =
      -1;  // Its own or ours. What a batch system starts for it is elsewhere, and cleans up by itself.
  MpirunSession mpirun_session_;  // Once the launcher has told.
  int output_fd_ = -1;
  MpirunOutput output_;
  bool failed_ = false;          // Something else than the program's end ended the job.
  bool interrupt_sent_ = false;  // To mpirun.
  bool host_lost_ = false;       // And that was said.
  std::optional<Clock::time_point> deadline_;
  Clock::time_point next_look_ = Clock::now();  // At the hosts, where there are several.
};

void Job::StartMpirun() {
  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) ThrowErrno("a pipe for mpirun");
  mpirun_ = fork();
  if (mpirun_ < 0) ThrowErrno("starting mpirun");
  if (mpirun_ == 0) BecomeMpirun(output[1]);
  close(output[1]);
  output_fd_ = output[0];
  output_.HoldCrashOf(mpirun_);
  session_ = SharesSession(plan_) ? getsid(0) : mpirun_;
}

void Job::BecomeMpirun(int output) {
  // The terminal's signals are the program's business.
  SharesSession(plan_) ? setpgid(0, 0) : setsid();
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  std::vector<std::string> environment = CurrentEnvironment();
  for (const auto& [name, value] : MpirunEnvironment(plan_)) SetVariable(environment, name, value);
  SetVariable(environment, kJobMark, directory_.path());
  std::vector<char*> variables;
  for (std::string& entry : environment) variables.push_back(entry.data());
  variables.push_back(nullptr);
  command_.end_servers_at_once = true;
  command_.rank_zero_environment.emplace_back("CLOPENCL_JOB_DIR", directory_.path());
  command_.rank_zero_environment.emplace_back("CLOPENCL_CONTROL", directory_.control_path());
  std::vector<std::string> words = MpiCommand(plan_, command_);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  relay_.RestoreMask();
  DeafenMpirun();
  execve(arguments[0], arguments.data(), variables.data());
  std::fprintf(stderr, "clrun: %s: %s\n", arguments[0], std::strerror(errno));
  _exit(127);
}

int Job::PollTimeout() const {
  std::optional<Clock::time_point> next = deadline_;
  if (plan_.remote && (!next || next_look_ < *next)) next = next_look_;
  if (!next) return -1;
  const auto left = std::chrono::duration_cast<milliseconds>(*next - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count() + 1, 0));
}

void Job::LookAfterHosts() {
  next_look_ = Clock::now() + seconds(1);
  if (!mpirun_status_ && !host_lost_) host_lost_ = EndWhereHostIsLost(plan_, mpirun_);
}

void Job::Step() {
  pollfd ready[] = {{relay_.fd(), POLLIN, 0},
                    {output_fd_, POLLIN, 0},
                    {launcher_ ? launcher_->fd() : listener_.fd(), POLLIN, 0}};
  poll(ready, 3, PollTimeout());
  if (ready[1].revents != 0) ReadOutput();
  if (ready[0].revents != 0) TakeSignals();
  if (ready[2].revents != 0) OnLauncher();
  if (deadline_ && Clock::now() >= *deadline_) OnDeadline();
  if (plan_.remote && Clock::now() >= next_look_) LookAfterHosts();
}

void Job::TakeSignals() {
  while (const std::optional<int> signal = relay_.Next()) {
    if (*signal != SIGCHLD) {
      OnSignal(*signal);
      continue;
    }
    // The program first: when both have ended, its end is what counts.
    if (program_ && !program_status_) {
      if (const std::optional<int> status = program_->Reap()) OnProgramEnd(*status);
      if (program_->TakeStopped()) StopLikeProgram();
    }
    ReapMpirun();
  }
}

void Job::OnSignal(int signal) {
  if (program_ && !program_status_) {
    program_->Relay(signal, relay_);
    return;
  }
  const bool group = relay_.ReachedGroup(signal);
  if (signal == SIGTSTP && !group) kill(getpid(), SIGSTOP);
  if (signal == SIGTSTP && group) StopLikeProgram();
  if (signal != SIGINT && signal != SIGTERM && signal != SIGHUP && signal != SIGQUIT) return;
  if (!program_) ended_by_signal_ = signal;
  EndMpirun();
}

// The shell that waits for us has to see us stop, too.
void Job::StopLikeProgram() { kill(getpid(), SIGSTOP); }

void Job::ReapMpirun() {
  int status = 0;
  if (mpirun_status_ || waitpid(mpirun_, &status, WNOHANG) != mpirun_) return;
  mpirun_status_ = status;
  deadline_.reset();
  if (!program_ || program_status_) return;
  // A script whose OpenCL program has crashed or ended goes on without the job; anybody else can't.
  failed_ = directory_.membership() != JobDirectory::Membership::kLeft;
  if (failed_) EndProgram();
}

void Job::ReadOutput() {
  char buffer[16384];
  const ssize_t got = read(output_fd_, buffer, sizeof buffer);
  if (got < 0 && errno == EINTR) return;
  const std::string shown = got > 0 ? output_.Take({buffer, static_cast<size_t>(got)}) : output_.Finish();
  std::fwrite(shown.data(), 1, shown.size(), stderr);
  if (got > 0) return;
  close(output_fd_);
  output_fd_ = -1;
}

// mpirun has ended, but what it wrote last may still be in the pipe.
void Job::DrainOutput() {
  const auto end = Clock::now() + seconds(1);
  while (output_fd_ >= 0 && Clock::now() < end) {
    pollfd ready = {output_fd_, POLLIN, 0};
    if (poll(&ready, 1, 100) > 0) ReadOutput();
  }
}

void Job::OnLauncher() {
  if (!launcher_) {
    launcher_ = listener_.Accept();
    if (launcher_) StartProgram();
    return;
  }
  // Gone: mpirun ends now, too, and tells why.
  if (!launcher_->Receive()) launcher_->Close();
}

void Job::StartProgram() {
  ProgramStart start{.arguments = command_.program.program};
  try {
    start.environment = launcher_->ReceiveEnvironment();
    mpirun_session_ = FindMpirunSession(start.environment);
    program_ = std::make_unique<Program>(start, relay_);
    launcher_->Send({ControlChannel::Notice::kStarted, program_->pid()});
  } catch (const ExecError& error) {
    std::fprintf(stderr, "clrun: %s\n", error.message.c_str());
    OnProgramEnd(error.exit_code << 8);
  } catch (const Error& error) {
    std::fprintf(stderr, "clrun: %s\n", error.what());
    EndMpirun();
  }
  for (int fd : inherited_) close(fd);
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(nothing, STDOUT_FILENO);
  close(nothing);
}

void Job::OnProgramEnd(int status) {
  program_status_ = status;
  deadline_.reset();
  if (mpirun_status_) return;
  launcher_->Send({ControlChannel::Notice::kEnded, ShellCode(status)});
  deadline_ = Clock::now() + (directory_.finalized() ? kPatienceWithFinalize : kPatienceWithAbort);
}

void Job::EndMpirun() {
  if (mpirun_status_) return;
  kill(mpirun_, interrupt_sent_ ? SIGKILL : SIGINT);
  interrupt_sent_ = true;
  deadline_ = Clock::now() + kPatienceAfterSignal;
}

void Job::EndProgram() {
  kill(program_->pid(), SIGTERM);
  kill(program_->pid(), SIGCONT);
  deadline_ = Clock::now() + kPatienceAfterSignal;
}

void Job::OnDeadline() {
  deadline_.reset();
  if (program_ && !program_status_) {
    KillTree(program_->pid());
  } else {
    EndMpirun();
  }
}

void Job::Report() const {
  if (ended_by_signal_ || host_lost_) return;
  if (OrderlyEnd()) {
    if (IsCrash(*program_status_)) {
      std::fprintf(stderr, "clrun: %s %s\n", command_.program.program.front().c_str(),
                   DescribeWaitStatus(*program_status_).c_str());
    }
    return;
  }
  if (ReportCause(plan_, output_)) return;
  std::fwrite(output_.report().data(), 1, output_.report().size(), stderr);
  std::fprintf(stderr, "clrun: mpirun %s %s%s\n", DescribeWaitStatus(*mpirun_status_).c_str(),
               program_ ? "while the program was running" : "before the program could start",
               DescribeUnnamedRank(*mpirun_status_).c_str());
}

int Job::Result() const {
  if (ended_by_signal_) return *ended_by_signal_;
  if (OrderlyEnd()) return *program_status_;
  const int code = ShellCode(*mpirun_status_);
  return (code == 0 ? 1 : code) << 8;
}

}  // namespace

void RunJob(const Plan& plan, MpiCommandOptions command) {
  int status = 0;
  {
    Job job(plan, std::move(command));
    status = job.Run();
  }
  EndLike(status);
}

}  // namespace clopencl::launch
