#include "launch/mpi_command.h"

#include <unistd.h>

#include <cstdlib>

#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr const char* kNoOpenClInHwloc = "-opencl,-gl";

void Append(std::vector<std::string>& command, std::initializer_list<std::string> words) {
  command.insert(command.end(), words);
}

// mpirun would spread over the allocation's nodes; a plan for this machine stays here.
bool InsideAllocation() {
  for (const char* name : {"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> MpiEnvironment() {
  // hwloc's plugins would load every OpenCL driver of the machine into mpirun and all that it starts.
  std::string components = kNoOpenClInHwloc;
  if (const char* chosen = std::getenv("HWLOC_COMPONENTS"); chosen != nullptr && *chosen != '\0') {
    components = ContainsIgnoringCase(chosen, "-opencl") ? chosen : components + "," + chosen;
  }
  return {{"HWLOC_COMPONENTS", components}};
}

std::vector<std::string> MpiCommand(const Plan& plan, const MpiCommandOptions& options) {
  std::vector<std::string> command = {options.mpirun};
  if (geteuid() == 0) command.push_back("--allow-run-as-root");
  // Pinning is ours; and a rank more than there are cores is no mistake.
  Append(command, {"--oversubscribe", "--bind-to", "none"});
  if (plan.nodes.size() == 1 && InsideAllocation()) {
    Append(command, {"--host", plan.nodes.front().host + ":" + std::to_string(plan.servers.size() + 1)});
  }
  if (plan.oversubscribed) Append(command, {"--mca", "mpi_yield_when_idle", "1"});
  if (options.end_servers_at_once) Append(command, {"--mca", "odls_base_sigkill_timeout", "0"});
  command.insert(command.end(), options.mpirun_arguments.begin(), options.mpirun_arguments.end());

  Append(command, {"-np", "1"});
  for (const auto& [name, value] : options.rank_zero_environment) Append(command, {"-x", name + "=" + value});
  command.push_back(options.launcher);
  for (std::string& argument : LauncherArguments(options.program)) command.push_back(std::move(argument));
  for (const PlannedServer& server : plan.servers) {
    Append(command, {":", "-np", "1", "-x", "CLOPENCL_ROLE=server", options.rankserver, "--serve",
                     ServeArgument(plan, server), "--cpus", FormatCpuList(server.cpus)});
  }
  return command;
}

std::string MpiCommandLine(const Plan& plan, const MpiCommandOptions& options) {
  std::string line;
  for (const auto& [name, value] : MpiEnvironment()) line += name + "=" + ShellQuote(value) + " ";
  return line + ShellQuote(MpiCommand(plan, options));
}

}  // namespace clopencl::launch
