// clopencl-launcher's other duty: with one process on each host it measures what the chosen transport gives
// between every two of them (clrun --check-transport).
#pragma once

#include <string>
#include <vector>

namespace clopencl::launch {

// To be called in every rank of an MPI job; `hosts` names them by rank. Rank 0 prints the table on standard
// output. Returns the exit code: 1 when a rank was lost.
int CheckTransportBetween(const std::vector<std::string>& hosts);

}  // namespace clopencl::launch
