// clrun's command line, and what it says about who serves what where.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/job_directory.h"
#include "launch/plan.h"

namespace clopencl::launch {

struct ClrunOptions {
  std::string devices;  // Empty: all.
  std::optional<int> servers;
  std::optional<int> reserved_cores;
  bool only_served = false;
  bool merge = false;

  std::string hostfile;
  std::string hosts;
  std::string combo;
  std::string host_node;

  std::string transport = "auto";
  std::vector<std::string> mpi_arguments;

  std::string trace_file;
  bool stats = false;

  bool dry_run = false;
  bool list = false;
  bool json = false;
  bool report_bindings = false;
  bool check_transport = false;
  bool doctor = false;
  // Set where another clrun asks us about this machine.
  std::string describe_node;
  std::string examine_node;

  std::vector<std::string> program;
};

// Ends the process on --help, --version and on wrong usage.
ClrunOptions ParseClrunOptions(int argc, char** argv);

struct Decision {
  Plan plan;
  NativePlatforms natives;
};

// Finds out what the machines have and decides. Throws UsageError and Error.
Decision Decide(const ClrunOptions& options, const std::string& mpirun);

// The hosts that the options or the allocation name; empty when it is this machine alone.
std::vector<std::string> HostsOf(const ClrunOptions& options);

}  // namespace clopencl::launch
