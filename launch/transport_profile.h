// What lies below MPI: sets of Open MPI's own parameters in files that users can read, copy and give to plain
// mpirun (mpirun --tune FILE). A file has lines of "-mca NAME VALUE" and "-x NAME=VALUE"; "#" begins a
// comment, and a comment "# needs btl:mx" names a component without which the profile can't work.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace clopencl::launch {

struct TransportProfile {
  std::string name;
  std::vector<std::string> mpirun_arguments;
  std::set<std::string> needs;  // "btl:mx"
};

// Throws Error, which names the line.
TransportProfile ParseTransportProfile(const std::string& name, const std::string& text);

// A profile of ours by its name ("tcp"), or a user's file (any name with a slash or ending in .conf); "auto"
// is shm where all ranks are on one machine, without the parameters that the environment sets (OMPI_MCA_…),
// and else what MPI chooses. Throws UsageError, which says what there is.
TransportProfile FindTransport(const std::string& name, bool one_machine);

// What this mpirun's Open MPI has, as "btl:tcp". Throws Error.
std::set<std::string> TransportComponents(const std::string& mpirun);

// Throws Error when this mpirun's Open MPI lacks what the profile needs, and says what to do.
void CheckTransport(const TransportProfile& profile, const std::string& mpirun);

}  // namespace clopencl::launch
