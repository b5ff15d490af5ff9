#include "launch/clrun_options.h"

#include <algorithm>
#include <sstream>

#include "launch/allocation.h"
#include "launch/cluster.h"
#include "launch/command_line.h"
#include "launch/device_spec.h"
#include "launch/error.h"
#include "launch/hostfile.h"
#include "launch/paths.h"
#include "launch/slurm.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr const char* kUsage = "clrun [OPTIONS] [--] PROGRAM [ARGUMENTS...]";

constexpr const char* kFooter = R"(
SPEC is a list of: cpu, gpu, accelerator, custom or all; gpu:0,1 (by index); cpu:0-7 (a set of CPUs);
gpu*2 (so many rank servers); platform=NAME (all its devices) or platform=NAME/gpu:0.
A line of a hostfile is HOST [slots=N] [direct|served] SPEC; # begins a comment.
The program sees this machine's own OpenCL platforms beside the served ones, unless --only-served or a hostfile says
otherwise. clrun ends with the program's exit code, or by the signal that ended the program.
)";

void AddSelectionOptions(CLI::App& app, ClrunOptions& options) {
  app.add_option("--devices,-d", options.devices, "Which native devices to serve (default: all)")
      ->type_name("SPEC");
  app.add_option("--servers,-n", options.servers, "How many rank servers; a CPU device is divided by cores")
      ->type_name("N")
      ->check(CLI::Range(1, kMaxServersPerNode));
  app.add_flag("--only-served", options.only_served,
               "Hide this machine's own OpenCL platforms from the program");
  app.add_flag("--merge", options.merge,
               "Show all devices of all hosts as one platform, the only one (also: CLOPENCL_MERGE=1)")
      ->envname("CLOPENCL_MERGE");
  app.add_option("--reserve-cores", options.reserved_cores,
                 "Cores that CPU servers leave free (default: up to 2, but at most a quarter)")
      ->type_name("N")
      ->check(CLI::Range(0, 65535));
  app.add_option("--hostfile", options.hostfile, "Which devices of which hosts to serve")->type_name("FILE");
  app.add_option("--hosts", options.hosts,
                 "Hosts that serve: names, 'here', or 'allocation' (of SLURM or PBS)")
      ->type_name("LIST");
  app.add_option("--combo", options.combo, "GPUs and CPUs of each host in turn, as in GGC,G,C")
      ->type_name("LETTERS");
  app.add_option("--host-node", options.host_node,
                 "Where the program runs: a host or 'here' (default: the first)")
      ->type_name("HOST");
}

std::vector<std::string> SplitHosts(const std::string& text) {
  std::vector<std::string> hosts;
  for (std::string& host : ExpandNodeList(text)) {
    if (host == "here") host = HostName();
    if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(std::move(host));
  }
  return hosts;
}

bool SameHost(const std::string& a, const std::string& b) {
  return a == b || (IsThisHost(a) && IsThisHost(b));
}

// The batch job around us, unless the options name hosts themselves.
std::optional<Allocation> AllocationFor(const ClrunOptions& options) {
  const bool named = !options.hosts.empty() && options.hosts != "allocation";
  if (named || !options.hostfile.empty()) return std::nullopt;
  std::optional<Allocation> allocation = CurrentAllocation();
  if (!allocation && !options.hosts.empty()) {
    throw UsageError("--hosts allocation: there is no SLURM or PBS job around");
  }
  return allocation;
}

// No more ranks on a host than the batch job was asked for with; one of them is the program.
void LimitRanks(std::vector<HostLine>& lines, const Allocation& allocation, const std::string& rank_zero) {
  bool any = false;
  for (HostLine& line : lines) {
    for (const AllocatedHost& host : allocation.hosts) {
      if (host.name != line.host || !host.ranks) continue;
      line.slots = *host.ranks - (SameHost(host.name, rank_zero) ? 1 : 0);
      if (line.slots == 0) line.served.clear();
    }
    any |= !line.served.empty();
  }
  if (!any) {
    throw UsageError(allocation.system +
                     " has one task, and that is the program; ask for more, as in --ntasks-per-node=2");
  }
}

// GPUs that the job has and the program will not see, or the other way round.
void NoteGpus(const Allocation& allocation, Plan& plan) {
  for (const AllocatedHost& host : allocation.hosts) {
    const auto node = std::find_if(plan.nodes.begin(), plan.nodes.end(),
                                   [&host](const Node& n) { return n.host == host.name; });
    if (!host.gpus || node == plan.nodes.end()) continue;
    const auto shown = std::count_if(node->devices.begin(), node->devices.end(),
                                     [](const Device& device) { return device.type == DeviceType::kGpu; });
    if (shown == *host.gpus) continue;
    const std::string given = allocation.system + " has " + Count(static_cast<size_t>(*host.gpus), "GPU") +
                              " of " + host.name + ", and OpenCL shows " + std::to_string(shown) + " there: ";
    plan.notes.push_back(given + (shown < *host.gpus
                                      ? "is the OpenCL of their vendor installed (clinfo lists platforms)?"
                                      : "name those to use, as in --devices gpu:0"));
  }
}

std::vector<std::string> HostsOf(const ClrunOptions& options, const std::optional<Allocation>& allocation) {
  std::vector<std::string> hosts;
  if (allocation) {
    for (const AllocatedHost& host : allocation->hosts) hosts.push_back(host.name);
  } else if (!options.hosts.empty()) {
    hosts = SplitHosts(options.hosts);
  }
  return hosts;
}

std::vector<HostLine> LinesOf(const ClrunOptions& options, const std::optional<Allocation>& allocation) {
  std::vector<HostLine> lines;
  if (!options.hostfile.empty()) {
    lines = ReadHostfile(options.hostfile);
  } else {
    std::vector<std::string> hosts = HostsOf(options, allocation);
    if (hosts.empty()) hosts.push_back(HostName());
    lines = LinesForHosts(hosts, ParseDeviceSpec(options.devices.empty() ? "all" : options.devices));
  }
  if (!options.combo.empty()) lines = ApplyCombo(std::move(lines), options.combo);
  return lines;
}

// In a merged platform every device is one that a rank server serves, those of rank 0's host among them.
// Whether a line had to be added for that host, which may well have no device.
bool ServeAll(const std::string& rank_zero, const ClrunOptions& options, std::vector<HostLine>& lines) {
  const auto is_rank_zero = [&](const HostLine& line) { return SameHost(line.host, rank_zero); };
  for (HostLine& line : lines) {
    line.served.insert(line.served.end(), line.direct.begin(), line.direct.end());
    line.direct.clear();
  }
  if (std::any_of(lines.begin(), lines.end(), is_rank_zero)) return false;
  const std::string spec = options.devices.empty() ? "all" : options.devices;
  for (HostLine& line : LinesForHosts({rank_zero}, ParseDeviceSpec(spec))) lines.push_back(std::move(line));
  return true;
}

void RefuseContradictions(const CLI::App& app, const ClrunOptions& options) {
  const auto refuse = [&app](bool both, const char* what) {
    if (both) FailUsage(app, what);
  };
  const bool file = !options.hostfile.empty();
  refuse(options.json && !options.list, "--json goes with --list");
  refuse(file && !options.devices.empty(),
         "--hostfile says which devices; --devices can't be given beside it");
  refuse(file && !options.hosts.empty(), "--hostfile says which hosts; --hosts can't be given beside it");
  refuse(!options.combo.empty() && !options.devices.empty(),
         "--combo says which devices; --devices can't be "
         "given beside it");
  const bool runs = !options.list && !options.doctor && !options.check_transport &&
                    options.describe_node.empty() && options.examine_node.empty();
  refuse(runs && options.program.empty(), "the program is missing");
  refuse(!runs && !options.program.empty(), "--list, --doctor and --check-transport run no program");
}

// "rank 0's own devices": the platforms of the devices that its line calls direct.
std::vector<size_t> SelectDirect(const HostLine& line, const Node& node) {
  std::vector<size_t> devices;
  try {
    for (const ServerRequest& request : SelectDevices(node, line.direct)) {
      devices.insert(devices.end(), request.devices.begin(), request.devices.end());
    }
  } catch (const UsageError& error) {
    throw UsageError(line.where + ": " + error.what());
  }
  std::sort(devices.begin(), devices.end());
  devices.erase(std::unique(devices.begin(), devices.end()), devices.end());
  return devices;
}

}  // namespace

ClrunOptions ParseClrunOptions(int argc, char** argv) {
  ClrunOptions options;
  CLI::App app(
      "Runs an OpenCL program with the devices of rank servers, one for each native device by default.",
      "clrun");
  ExpectProgram(app, kUsage);
  app.footer(kFooter);
  app.set_version_flag("--version", "clrun " CLOPENCL_VERSION);
  AddSelectionOptions(app, options);
  app.add_option(
         "--transport", options.transport,
         "What lies below MPI: auto, shm, tcp, ucx, ofi, openmx, openmx-mtl, or a file of mpirun parameters")
      ->type_name("NAME");
  app.add_option("--mpi", options.mpi_arguments, "A further argument for mpirun; may be repeated")
      ->type_name("ARGUMENT")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  app.add_option(
         "--trace", options.trace_file,
         "Write a timeline of the job to this file, for Perfetto (ui.perfetto.dev) or chrome://tracing")
      ->type_name("FILE");
  app.add_flag("--stats", options.stats, "At the end, print what went to and from each rank server");
  app.add_flag("--dry-run", options.dry_run, "Print the plain mpirun command and run nothing");
  app.add_flag("--list", options.list, "Print who would serve what, and run nothing");
  app.add_flag("--json", options.json, "With --list: as JSON");
  app.add_flag("--report-bindings", options.report_bindings, "Print who serves what on which CPUs, then run");
  app.add_flag("--check-transport", options.check_transport,
               "Measure latency and bandwidth between all hosts");
  app.add_flag("--doctor", options.doctor, "Check what jobs need, on all hosts, and say what to do");
  app.add_option("--describe-node", options.describe_node)->group("");
  app.add_option("--examine-node", options.examine_node)->group("");
  options.program = ParseCommandLine(app, argc, argv);
  RefuseContradictions(app, options);
  return options;
}

std::vector<std::string> HostsOf(const ClrunOptions& options) {
  if (!options.hostfile.empty()) {
    std::vector<std::string> hosts;
    for (const HostLine& line : ReadHostfile(options.hostfile)) hosts.push_back(line.host);
    return hosts;
  }
  return HostsOf(options, AllocationFor(options));
}

Decision Decide(const ClrunOptions& options, const std::string& mpirun) {
  const std::optional<Allocation> allocation = AllocationFor(options);
  std::vector<HostLine> lines = LinesOf(options, allocation);
  if (options.servers && lines.size() > 1) {
    throw UsageError("-n is for one machine, but there are " + std::to_string(lines.size()) +
                     "; give counts in the device selection (cpu*2) or slots=N in a hostfile");
  }
  const std::string rank_zero = options.host_node.empty()     ? lines.front().host
                                : options.host_node == "here" ? HostName()
                                                              : options.host_node;
  const bool added = options.merge && ServeAll(rank_zero, options, lines);
  if (allocation && options.combo.empty()) LimitRanks(lines, *allocation, rank_zero);
  std::vector<std::string> hosts;
  for (const HostLine& line : lines) hosts.push_back(line.host);
  const std::vector<Node> nodes = DiscoverNodes(hosts, mpirun, options.mpi_arguments);

  std::vector<NodeShare> shares;
  std::optional<size_t> rank_zero_node;
  std::vector<size_t> direct;
  for (size_t i = 0; i < lines.size(); ++i) {
    const bool is_rank_zero = SameHost(lines[i].host, rank_zero);
    if (is_rank_zero) rank_zero_node = i;
    if (!lines[i].direct.empty() && !is_rank_zero) {
      throw UsageError(lines[i].where + ": only rank 0's host, " + rank_zero + ", can have direct devices");
    }
    if (is_rank_zero) direct = SelectDirect(lines[i], nodes[i]);
    std::vector<ServerRequest> requests;
    const bool may_be_empty = added && i + 1 == lines.size();
    if (!may_be_empty || !nodes[i].devices.empty()) requests = RequestsOf(lines[i], nodes[i]);
    if (options.servers) requests = SpreadRequests(nodes[i], std::move(requests), *options.servers);
    shares.push_back({nodes[i], std::move(requests)});
  }
  if (!rank_zero_node) {
    rank_zero_node = shares.size();
    shares.push_back({Node{.host = rank_zero}, {}});
  }

  Decision decision;
  decision.plan = MakePlan(std::move(shares), *rank_zero_node, options.reserved_cores);
  decision.plan.direct = direct;
  if (allocation) NoteGpus(*allocation, decision.plan);
  const bool file_decides = !options.hostfile.empty() || !options.combo.empty();
  decision.natives.none = options.only_served || options.merge || (file_decides && direct.empty());
  if (file_decides && !decision.natives.none) {
    const Node& node = decision.plan.nodes[*rank_zero_node];
    for (size_t device : direct) {
      const std::string& name = node.devices[device].platform_name;
      std::vector<std::string>& only = decision.natives.only;
      if (std::find(only.begin(), only.end(), name) == only.end()) only.push_back(name);
    }
  }
  return decision;
}

}  // namespace clopencl::launch
