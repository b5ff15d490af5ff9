#include "frontend/job.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>

#include "common/config.h"
#include "common/log.h"
#include "common/transport/mpi_transport.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {
namespace {

pid_t joined_process = 0;

// The rank that the launcher of MPI gave this process; -1 outside of a job.
int LaunchedRank() {
  for (const char* name : std::array{"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* text = std::getenv(name)) return std::atoi(text);
  return -1;
}

std::string ReadProcFile(pid_t process, const char* name) {
  std::ifstream file("/proc/" + std::to_string(process) + "/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Whether the command that started this process, or one that started that, speaks of our rank servers.
bool StartedBesideRankServers() {
  constexpr int kMostGenerations = 32;
  pid_t process = getppid();
  for (int i = 0; i < kMostGenerations && process > 1; ++i) {
    if (ReadProcFile(process, "cmdline").find("clopencl-rankserver") != std::string::npos) return true;
    // "pid (name) state parent ...", where the name may have anything in it.
    const std::string stat = ReadProcFile(process, "stat");
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || name_end + 4 > stat.size()) return false;
    process = std::atoi(stat.c_str() + name_end + 4);
  }
  return false;
}

// Whether we are rank 0 of `mpirun -np 1 program : -np N clopencl-rankserver` without the launcher, which
// would have said so. Joining anybody else's job would be fatal to it, so both signs have to be there.
bool IsPlainJob() {
  const char* counts = std::getenv("OMPI_APP_CTX_NUM_PROCS");
  return counts != nullptr && std::strncmp(counts, "1 ", 2) == 0 && StartedBesideRankServers();
}

// Marks in the job's directory that this process is the one. False when another was first.
bool Claim(const Config& config) {
  if (config.job_dir.empty()) return true;
  const std::string path = config.job_dir + "/joined";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    if (errno == EEXIST) {
      Log().error(
          "process {} gets no devices of rank servers: an earlier process of this job had them, and a job "
          "has one. "
          "Start each OpenCL program with its own clrun.",
          getpid());
    } else {
      Log().error("can't join the job: {}: {}", path, std::strerror(errno));
    }
    return false;
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  [[maybe_unused]] const ssize_t written = write(file, pid.data(), pid.size());
  close(file);
  return true;
}

void MarkFinalized(const Config& config) {
  if (config.job_dir.empty()) return;
  const int file = open((config.job_dir + "/finalized").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
}

bool Join() {
  const Config& config = GetConfig();
  if (LaunchedRank() != 0) return false;
  if (config.role != "frontend" && (!config.role.empty() || !IsPlainJob())) return false;
  if (!Claim(config)) return false;
  std::string error;
  auto transport = transport::JoinMpi(error);
  if (transport == nullptr) {
    Log().error("can't join the job's MPI: {}", error);
    return false;
  }
  joined_process = getpid();
  auto* runtime = new Runtime(std::move(transport));  // Lives as long as the process.
  Runtime::SetInstance(runtime);
  return runtime->Greet() && !runtime->platforms().empty();
}

// Library destructors run after everything the application registered to run at exit, so its objects may
// still be released there; they also run at dlclose.
__attribute__((destructor)) void AtUnload() { LeaveJob(); }

}  // namespace

bool JoinOnce() {
  static const bool joined = Join();
  // A forked child inherits the runtime but is not the process that joined.
  return joined && getpid() == joined_process;
}

void LeaveJob() {
  Runtime* runtime = Runtime::Instance();
  if (runtime == nullptr || runtime->closed() || getpid() != joined_process) return;
  runtime->Close();
  MarkFinalized(GetConfig());
}

}  // namespace clopencl::frontend
