// This process among the ranks of its node, as whoever started the job has put it into the environment.
#pragma once

#include <optional>
#include <string_view>

namespace clopencl {

struct LocalRanks {
  unsigned rank = 0;   // In the job.
  unsigned index = 0;  // On this node, in the order of the ranks.
  unsigned count = 1;  // Ranks on this node.
};

// From mpirun (Open MPI, MPICH, Intel MPI) or, without one, from srun. Nothing outside of a job.
std::optional<LocalRanks> FindLocalRanks();

// Whether all ranks of mpirun's job are on this node. False when it does not say.
bool JobIsOnThisNode();

// The number for one node in SLURM's compressed form of a number for each, "2(x3),1".
std::optional<unsigned> CountOfNode(std::string_view counts, unsigned node);

}  // namespace clopencl
