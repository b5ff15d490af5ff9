// The machines of a job: which of them is this one, and what each has.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "launch/node.h"

namespace clopencl::launch {

// Whether the name is this machine's host name, with or without the domain.
bool IsHostName(const std::string& name);

// Whether the name is this machine's: its host name, "localhost", or what SLURM calls the node.
bool IsThisHost(const std::string& name);

// Asks every host the same through mpirun (with the given further arguments): runs `clrun QUESTION HOST`
// there, which has to print Answer(...). So every host needs this same installation at the same place. The
// answers come in the order of the hosts. Throws Error, with what mpirun said.
std::vector<nlohmann::json> AskHosts(const std::string& question, const std::vector<std::string>& hosts,
                                     const std::string& mpirun,
                                     const std::vector<std::string>& mpirun_arguments);

// The line that clrun prints where it is asked.
std::string Answer(const std::string& host, nlohmann::json answer);

// The answers among what mpirun printed. Throws Error when one is missing or says that something failed.
std::vector<nlohmann::json> FindAnswers(const std::vector<std::string>& hosts, const std::string& output);

// What every host has, in the same order; Node::host is the name as given. Throws Error.
std::vector<Node> DiscoverNodes(const std::vector<std::string>& hosts, const std::string& mpirun,
                                const std::vector<std::string>& mpirun_arguments);

// The answer to the question --describe-node.
std::string DescribeThisNode(const std::string& host);

}  // namespace clopencl::launch
