// Which machines of a job still answer, for the message after a job has failed.
#pragma once

#include <string>
#include <vector>

namespace clopencl::launch {

// The hosts among the given that neither accept nor refuse a TCP connection within two seconds. Empty also
// when none of them answers: then it is more likely the network's way to be silent (a firewall), or this
// machine's fault.
std::vector<std::string> SilentHosts(const std::vector<std::string>& hosts);

}  // namespace clopencl::launch
