// clrun: runs an OpenCL program, unmodified, with the devices of rank servers. It only finds out what devices
// there are, decides who serves what on which cores, and writes an mpirun command for that; see --dry-run.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "launch/clrun_job.h"
#include "launch/clrun_options.h"
#include "launch/cluster.h"
#include "launch/doctor.h"
#include "launch/error.h"
#include "launch/examination.h"
#include "launch/job_directory.h"
#include "launch/memory_copy.h"
#include "launch/mpi_command.h"
#include "launch/paths.h"
#include "launch/plan.h"
#include "launch/program.h"
#include "launch/remote_job.h"
#include "launch/transport_profile.h"

namespace clopencl::launch {

namespace {

// As a shell would say it, before anything is started. 0: it can be run.
int CheckProgram(const std::string& name) {
  bool executable = false;
  const std::string path = FindProgram(name, executable);
  if (executable) return 0;
  std::fprintf(stderr, "clrun: %s: %s\n", name.c_str(),
               path.empty() ? (name.find('/') == std::string::npos ? "not found in PATH" : "no such file")
                            : "is not an executable file");
  return path.empty() ? 127 : 126;
}

// Discovery, mpirun and the program below all inherit our environment.
void LeaveOuterJob() {
  std::vector<std::string> environment = CurrentEnvironment();
  JobDirectory::ForgetOuterJob(environment);
  clearenv();
  for (const std::string& entry : environment) putenv(strdup(entry.c_str()));
}

int PrintPlan(const Plan& plan, bool json) {
  const std::string text = json ? PlanToJson(plan).dump(2) + "\n" : FormatTable(plan);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int CheckHosts(const ClrunOptions& options, const std::string& mpirun) {
  std::vector<std::string> hosts = HostsOf(options);
  if (hosts.empty()) hosts.push_back(HostName());
  TransportProfile transport =
      FindTransport(options.transport, std::all_of(hosts.begin(), hosts.end(), IsThisHost));
  CheckTransport(transport, mpirun);
  transport.mpirun_arguments.insert(transport.mpirun_arguments.end(), options.mpi_arguments.begin(),
                                    options.mpi_arguments.end());
  return options.doctor ? RunDoctor(hosts, mpirun, transport) : RunTransportCheck(hosts, mpirun, transport);
}

// Before the program runs for nothing.
void CheckTraceFile(const std::string& path) {
  if (path.empty()) return;
  FILE* const file = std::fopen(path.c_str(), "a");
  if (file == nullptr) throw UsageError("--trace: can't write " + path + ": " + std::strerror(errno));
  std::fclose(file);
}

// What is said at CLOPENCL_LOG=error (config.h) is errors.
bool WarningsAreWanted() {
  const char* level = std::getenv("CLOPENCL_LOG");
  return level == nullptr || (level != std::string_view("error") && level != std::string_view("off"));
}

// What the driver in the program reads of our options.
std::vector<std::pair<std::string, std::string>> ObserverEnvironment(const ClrunOptions& options) {
  std::vector<std::pair<std::string, std::string>> environment;
  if (options.stats) environment.emplace_back("CLOPENCL_STATS", "1");
  if (!options.trace_file.empty())
    environment.emplace_back("CLOPENCL_TRACE", std::filesystem::absolute(options.trace_file).string());
  return environment;
}

void SetMca(MpiCommandOptions& command, const char* name, const char* value) {
  command.mpirun_arguments.insert(command.mpirun_arguments.end(), {"--mca", name, value});
}

// How Open MPI's shared memory copies from process to process. One of the two does it, and has to look up
// each page of the other's memory, which is quick for that of rank servers, in huge pages, and slow for the
// program's. So the program writes into the servers' memory and reads from it, and servers read from each
// other.
void ChooseMemoryCopy(MpiCommandOptions& command) {
  // Without asking, it would try and fail.
  if (!ProcessesMayCopy()) return SetMca(command, "btl_vader_single_copy_mechanism", "none");
  constexpr const char* kFlags = "OMPI_MCA_btl_vader_flags";
  if (std::getenv(kFlags) != nullptr) return;
  command.rank_zero_environment.emplace_back(kFlags, "send,put,inplace");
  // What is written arrives at once, not behind a part that is sent in fragments.
  SetMca(command, "btl_vader_rdma_pipeline_send_length", "0");
  SetMca(command, "btl_vader_rdma_pipeline_frag_size", "4194304");
  SetMca(command, "btl_vader_min_rdma_pipeline_size", "0");
}

// A full packet of commands, and the 4 KiB that its last command may bring, are sent without waiting for the
// receiver's answer: the sender may be computing by then. Larger messages are better copied once.
void ChooseEagerLimit(MpiCommandOptions& command) {
  if (std::getenv("OMPI_MCA_btl_vader_eager_limit") == nullptr)
    SetMca(command, "btl_vader_eager_limit", "12800");
}

int Run(const ClrunOptions& options) {
  if (std::getenv("CLOPENCL_JOB_DIR") != nullptr) LeaveOuterJob();
  if (!options.describe_node.empty()) {
    std::printf("%s", DescribeThisNode(options.describe_node).c_str());
    return 0;
  }
  if (!options.examine_node.empty()) {
    std::printf("%s", Answer(options.examine_node, ToJson(ExamineThisNode())).c_str());
    return 0;
  }
  const std::string mpirun = FindMpirun();
  if (options.doctor || options.check_transport) return CheckHosts(options, mpirun);
  const Decision decision = Decide(options, mpirun);
  const Plan& plan = decision.plan;
  if (options.list) return PrintPlan(plan, options.json);

  FindDriver();
  const TransportProfile transport = FindTransport(options.transport, !plan.remote);
  CheckTransport(transport, mpirun);
  MpiCommandOptions command{.mpirun = mpirun,
                            .launcher = FindBinary("clopencl-launcher"),
                            .rankserver = FindBinary("clopencl-rankserver"),
                            .program = {decision.natives, options.program},
                            .mpirun_arguments = transport.mpirun_arguments,
                            .rank_zero_environment = ObserverEnvironment(options)};
  ChooseMemoryCopy(command);
  ChooseEagerLimit(command);
  command.mpirun_arguments.insert(command.mpirun_arguments.end(), options.mpi_arguments.begin(),
                                  options.mpi_arguments.end());
  if (options.merge) command.rank_zero_environment.emplace_back("CLOPENCL_MERGE", "1");
  if (options.dry_run) {
    std::printf("%s\n", MpiCommandLine(plan, command).c_str());
    return 0;
  }
  const bool program_is_here = IsThisHost(plan.nodes[plan.rank_zero_node].host);
  if (program_is_here) {
    if (const int code = CheckProgram(options.program.front())) return code;
    CheckTraceFile(options.trace_file);
  }
  if (options.report_bindings) {
    std::fprintf(stderr, "%s", FormatTable(plan).c_str());
  } else if (WarningsAreWanted()) {
    for (const std::string& note : plan.crowding) std::fprintf(stderr, "clrun: %s\n", note.c_str());
  }
  if (program_is_here) RunJob(plan, std::move(command));
  RunRemoteJob(plan, command);
}

}  // namespace

}  // namespace clopencl::launch

int main(int argc, char** argv) {
  using namespace clopencl::launch;
  try {
    return Run(ParseClrunOptions(argc, argv));
  } catch (const UsageError& error) {
    std::fprintf(stderr, "clrun: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "clrun: %s\n", error.what());
    return 1;
  }
}
