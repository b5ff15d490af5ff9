// The mpirun command that carries out a plan.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "launch/launcher_options.h"
#include "launch/plan.h"

namespace clopencl::launch {

struct MpiCommandOptions {
  std::string mpirun;
  std::string launcher;
  std::string rankserver;
  LauncherOptions program;
  // Further words for mpirun itself (--mca ...), as the user or a transport profile gives them.
  std::vector<std::string> mpirun_arguments;
  // Environment for rank 0 alone.
  std::vector<std::pair<std::string, std::string>> rank_zero_environment;
  // Set where clrun itself carries the job: the program is no process of mpirun's then, and servers that are
  // told to end have nothing to lose.
  bool end_servers_at_once = false;
};

// mpirun with what every use of it here needs, and nothing to run yet; `remote` where other machines take part.
std::vector<std::string> MpirunItself(const std::string& mpirun, bool remote);

// "-x NAME" for each variable of ours that processes on other machines need: settings of clOpenCL, of OpenCL
// platforms and of libraries; for the program itself all of them.
std::vector<std::string> ExportedVariables(bool for_program);

// Variables for mpirun and all that it starts.
std::vector<std::pair<std::string, std::string>> MpiEnvironment();

// Those, and what the batch system's part in starting daemons on these hosts needs.
std::vector<std::pair<std::string, std::string>> MpirunEnvironment(const std::vector<std::string>& hosts);
std::vector<std::pair<std::string, std::string>> MpirunEnvironment(const Plan& plan);

std::vector<std::string> MpiCommand(const Plan& plan, const MpiCommandOptions& options);

// As a line for a shell, environment included.
std::string MpiCommandLine(const Plan& plan, const MpiCommandOptions& options);

}  // namespace clopencl::launch
