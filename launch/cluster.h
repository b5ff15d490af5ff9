// The machines of a job: which of them is this one, and what each has.
#pragma once

#include <string>
#include <vector>

#include "launch/node.h"

namespace clopencl::launch {

// Whether the name is this machine's host name, with or without the domain.
bool IsHostName(const std::string& name);

// Whether the name is this machine's: its host name, "localhost", or what SLURM calls the node.
bool IsThisHost(const std::string& name);

// What every host has, in the same order; Node::host is the name as given. Other machines are asked through
// mpirun (with the given further arguments), so they need this same installation at the same place. Throws
// Error, with what mpirun said.
std::vector<Node> DiscoverNodes(const std::vector<std::string>& hosts, const std::string& mpirun,
                                const std::vector<std::string>& mpirun_arguments);

// What a machine that is asked that way prints: the answer to `clrun --describe-node HOST`.
std::string DescribeThisNode(const std::string& host);

// The answers among what mpirun printed. Throws Error when one is missing or says that something failed.
std::vector<Node> NodesFromAnswers(const std::vector<std::string>& hosts, const std::string& output);

}  // namespace clopencl::launch
