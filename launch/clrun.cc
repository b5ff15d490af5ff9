// clrun: runs an OpenCL program, unmodified, with the devices of rank servers. It only finds out what devices
// there are, decides who serves what on which cores, and writes an mpirun command for that; see --dry-run.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "launch/clrun_job.h"
#include "launch/command_line.h"
#include "launch/device_spec.h"
#include "launch/discovery.h"
#include "launch/error.h"
#include "launch/job_directory.h"
#include "launch/mpi_command.h"
#include "launch/paths.h"
#include "launch/plan.h"
#include "launch/program.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

struct Options {
  std::string devices = "all";
  std::optional<int> servers;
  std::optional<int> reserved_cores;
  bool only_served = false;
  bool dry_run = false;
  bool list = false;
  bool json = false;
  std::vector<std::string> mpi_arguments;
  std::vector<std::string> program;
};

constexpr const char* kUsage = "clrun [OPTIONS] [--] PROGRAM [ARGUMENTS...]";

constexpr const char* kFooter = R"(
SPEC is a list of: cpu, gpu, accelerator, custom or all; gpu:0,1 (by index); cpu:0-7 (a set of CPUs);
gpu*2 (so many rank servers); platform=NAME (all its devices) or platform=NAME/gpu:0.
The program sees this machine's own OpenCL platforms beside the served ones, unless --only-served.
clrun ends with the program's exit code, or as the program ended if a signal ended it.
)";

Options ParseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Runs an OpenCL program with the devices of rank servers, one for each native device by default.",
      "clrun");
  ExpectProgram(app, kUsage);
  app.footer(kFooter);
  app.set_version_flag("--version", "clrun " CLOPENCL_VERSION);
  app.add_option("--devices,-d", options.devices, "Which of this machine's native devices to serve")
      ->type_name("SPEC");
  app.add_option("--servers,-n", options.servers, "How many rank servers; a CPU device is divided by cores")
      ->type_name("N")
      ->check(CLI::Range(1, kMaxServersPerNode));
  app.add_flag("--only-served", options.only_served,
               "Hide this machine's own OpenCL platforms from the program");
  app.add_option("--reserve-cores", options.reserved_cores,
                 "Cores that CPU servers leave free (default: up to 2, but at most a quarter)")
      ->type_name("N")
      ->check(CLI::Range(0, 65535));
  app.add_option("--mpi", options.mpi_arguments, "A further argument for mpirun; may be repeated")
      ->type_name("ARGUMENT")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  app.add_flag("--dry-run", options.dry_run, "Print the plain mpirun command and run nothing");
  app.add_flag("--list", options.list, "Print who would serve what, and run nothing");
  app.add_flag("--json", options.json, "With --list: as JSON");
  options.program = ParseCommandLine(app, argc, argv);
  if (options.json && !options.list) FailUsage(app, "--json goes with --list");
  if (options.program.empty() && !options.list) FailUsage(app, "the program is missing");
  return options;
}

// As a shell would say it, before anything is started.
int CheckProgram(const std::string& name) {
  bool executable = false;
  const std::string path = FindProgram(name, executable);
  if (executable) return 0;
  std::fprintf(stderr, "clrun: %s: %s\n", name.c_str(),
               path.empty() ? (name.find('/') == std::string::npos ? "not found in PATH" : "no such file")
                            : "is not an executable file");
  return path.empty() ? 127 : 126;
}

Plan PlanForThisMachine(const Options& options) {
  const std::vector<DeviceTerm> terms = ParseDeviceSpec(options.devices);
  Node node = DiscoverThisNode();
  if (node.devices.empty()) {
    throw Error("this machine (" + node.host +
                ") has no native OpenCL device that a rank server could serve; install a platform (Debian: "
                "pocl-opencl-icd for the CPU) and see that clinfo shows it");
  }
  std::vector<ServerRequest> requests = SelectDevices(node, terms);
  if (options.servers) requests = SpreadRequests(node, std::move(requests), *options.servers);
  return MakePlan({{std::move(node), std::move(requests)}}, 0, options.reserved_cores);
}

// Discovery, mpirun and the program below all inherit our environment.
void LeaveOuterJob() {
  std::vector<std::string> environment = CurrentEnvironment();
  JobDirectory::ForgetOuterJob(environment);
  clearenv();
  for (std::string& entry : environment) putenv(strdup(entry.c_str()));
}

int Run(const Options& options) {
  if (std::getenv("CLOPENCL_JOB_DIR") != nullptr) LeaveOuterJob();
  if (!options.list) {
    if (const int code = CheckProgram(options.program.front())) return code;
  }
  const Plan plan = PlanForThisMachine(options);
  if (options.list) {
    std::printf("%s", options.json ? (PlanToJson(plan).dump(2) + "\n").c_str() : FormatTable(plan).c_str());
    return 0;
  }
  FindDriver();
  MpiCommandOptions command{.mpirun = FindMpirun(),
                            .launcher = FindBinary("clopencl-launcher"),
                            .rankserver = FindBinary("clopencl-rankserver"),
                            .program = {options.only_served, options.program},
                            .mpirun_arguments = options.mpi_arguments};
  if (options.dry_run) {
    std::printf("%s\n", MpiCommandLine(plan, command).c_str());
    return 0;
  }
  for (const std::string& note : plan.notes) std::fprintf(stderr, "clrun: note: %s\n", note.c_str());
  RunJob(plan, std::move(command));
}

}  // namespace

}  // namespace clopencl::launch

int main(int argc, char** argv) {
  using namespace clopencl::launch;
  try {
    return Run(ParseOptions(argc, argv));
  } catch (const UsageError& error) {
    std::fprintf(stderr, "clrun: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "clrun: %s\n", error.what());
    return 1;
  }
}
