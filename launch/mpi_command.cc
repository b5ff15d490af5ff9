#include "launch/mpi_command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "launch/cluster.h"
#include "launch/paths.h"
#include "launch/slurm.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr const char* kNoOpenClInHwloc = "-opencl,-gl";

constexpr std::array kExportedToServers = {"CLOPENCL_", "CUDA_",           "GPU_",     "HIP_",
                                           "HWLOC_",    "LD_LIBRARY_PATH", "OCL_ICD_", "OMP_",
                                           "POCL_",     "ROCR_",           "UCX_",     "FI_"};

// Each machine's and each login's own, or said by us or mpirun to each rank.
constexpr std::array kNeverExported = {"BASH_FUNC",
                                       "CLOPENCL_CONTROL",
                                       "CLOPENCL_JOB",  // And CLOPENCL_JOB_DIR.
                                       "CLOPENCL_ROLE",
                                       "DBUS_",
                                       "HOSTNAME",
                                       "HWLOC_COMPONENTS",
                                       "HWLOC_PLUGINS_BLACKLIST",
                                       "OLDPWD",
                                       "OMPI_",
                                       "PMIX_",
                                       "PRTE_",
                                       "PBS_",
                                       "PWD",
                                       "SHLVL",
                                       "SLURM",
                                       "SSH_",
                                       "XDG_",
                                       "_"};

// Which of a node's devices are ours: the batch system says so on each node.
constexpr std::array kOfTheNode = {"CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "HIP_VISIBLE_DEVICES",
                                   "ROCR_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"};

template <typename Starts>
bool StartsWithAny(const std::string& name, const Starts& starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&name](const char* start) { return name.starts_with(start); });
}

void Append(std::vector<std::string>& command, std::initializer_list<std::string> words) {
  command.insert(command.end(), words);
}

bool InsideAllocation() {
  for (const char* name : {"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

// mpirun refuses to run without one, even where it would never call it.
bool LacksRemoteShell() {
  if (std::getenv("OMPI_MCA_plm") != nullptr || std::getenv("OMPI_MCA_plm_rsh_agent") != nullptr)
    return false;
  bool ssh = false;
  bool rsh = false;
  FindProgram("ssh", ssh);
  FindProgram("rsh", rsh);
  return !ssh && !rsh;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> MpiEnvironment() {
  // hwloc's plugins would load every OpenCL driver of the machine into mpirun and all that it starts.
  std::string components = kNoOpenClInHwloc;
  if (const char* chosen = std::getenv("HWLOC_COMPONENTS"); chosen != nullptr && *chosen != '\0') {
    components = ContainsIgnoringCase(chosen, "-opencl") ? chosen : components + "," + chosen;
  }
  // Even unused, the plugin brings an OpenCL loader, and some of those load every driver at once.
  const char* blacklist = std::getenv("HWLOC_PLUGINS_BLACKLIST");
  return {{"HWLOC_PLUGINS_BLACKLIST", blacklist != nullptr ? blacklist : "hwloc_opencl.so,hwloc_gl.so"},
          {"HWLOC_COMPONENTS", components}};
}

std::vector<std::pair<std::string, std::string>> MpirunEnvironment(const std::vector<std::string>& hosts) {
  std::vector<std::pair<std::string, std::string>> environment = MpiEnvironment();
  for (auto& variable : StepEnvironment(hosts)) environment.push_back(std::move(variable));
  return environment;
}

std::vector<std::pair<std::string, std::string>> MpirunEnvironment(const Plan& plan) {
  std::vector<std::string> hosts = {plan.nodes[plan.rank_zero_node].host};
  for (const PlannedServer& server : plan.servers) hosts.push_back(plan.nodes[server.node].host);
  return MpirunEnvironment(hosts);
}

std::vector<std::string> MpirunItself(const std::string& mpirun, bool remote) {
  std::vector<std::string> command = {mpirun};
  if (geteuid() == 0) command.push_back("--allow-run-as-root");
  // Pinning is ours; and a rank more than there are cores is no mistake.
  Append(command, {"--oversubscribe", "--bind-to", "none"});
  if (InsideAllocation()) {
    Append(command, {"--mca", "orte_launch_agent", FindBinary("clopencl-daemon") + " orted"});
  }
  if (!remote && !InsideAllocation() && LacksRemoteShell()) Append(command, {"--mca", "plm", "isolated"});
  return command;
}

std::vector<std::string> ExportedVariables(bool for_program) {
  const bool allocated = InsideAllocation();
  std::vector<std::string> words;
  for (const auto& [name, value] : MpiEnvironment()) Append(words, {"-x", name});
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    const std::string name(variable.substr(0, variable.find('=')));
    if (StartsWithAny(name, kNeverExported) || (allocated && StartsWithAny(name, kOfTheNode))) continue;
    if (for_program || StartsWithAny(name, kExportedToServers)) Append(words, {"-x", name});
  }
  return words;
}

std::vector<std::string> MpiCommand(const Plan& plan, const MpiCommandOptions& options) {
  std::vector<std::string> command = MpirunItself(options.mpirun, plan.remote);
  // mpirun would spread over the allocation's nodes; a plan for this machine stays here.
  if (!plan.remote && InsideAllocation()) {
    Append(command, {"--host", HostName() + ":" + std::to_string(plan.servers.size() + 1)});
  }
  if (plan.oversubscribed) Append(command, {"--mca", "mpi_yield_when_idle", "1"});
  if (plan.remote) {
    // A machine that is cut off is noticed within seconds instead of ten minutes.
    Append(command, {"--mca", "oob_tcp_keepalive_time", "3", "--mca", "oob_tcp_keepalive_intvl", "1", "--mca",
                     "oob_tcp_keepalive_probes", "3"});
  }
  if (options.end_servers_at_once) Append(command, {"--mca", "odls_base_sigkill_timeout", "0"});
  command.insert(command.end(), options.mpirun_arguments.begin(), options.mpirun_arguments.end());

  const auto place = [&](size_t node, bool for_program) {
    Append(command, {"-np", "1"});
    if (!plan.remote) return;
    Append(command, {"-host", plan.nodes[node].host});
    for (std::string& word : ExportedVariables(for_program)) command.push_back(std::move(word));
  };
  const bool program_is_remote = !IsThisHost(plan.nodes[plan.rank_zero_node].host);
  place(plan.rank_zero_node, program_is_remote);
  for (const auto& [name, value] : options.rank_zero_environment) Append(command, {"-x", name + "=" + value});
  command.push_back(options.launcher);
  for (std::string& argument : LauncherArguments(options.program)) command.push_back(std::move(argument));
  for (const PlannedServer& server : plan.servers) {
    command.push_back(":");
    place(server.node, false);
    Append(command, {"-x", "CLOPENCL_ROLE=server", options.rankserver});
    for (std::string& word : ServeArguments(plan, server)) command.push_back(std::move(word));
    Append(command, {"--cpus", FormatCpuList(server.cpus)});
  }
  return command;
}

std::string MpiCommandLine(const Plan& plan, const MpiCommandOptions& options) {
  std::string line;
  for (const auto& [name, value] : MpirunEnvironment(plan)) line += name + "=" + ShellQuote(value) + " ";
  return line + ShellQuote(MpiCommand(plan, options));
}

}  // namespace clopencl::launch
