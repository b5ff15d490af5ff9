// Which devices of which hosts take part: the device-selection hostfile, and the paper's notation for it.
//
//   # The paper's GGC,GC: rank 0's machine first.
//   node1 direct gpu:0,1 served cpu     # rank 0 uses the GPUs directly, its CPU through a server
//   node2 slots=2 gpu cpu:0-7
//
// A line is a host, perhaps "slots=N" (or just N: at most so many rank servers there), and terms as in
// device_spec.h; without terms every device of the host is served. "direct" and "served" hold for the terms
// after them; "served" is where a line starts. "direct" can only stand in the line of rank 0's host.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/device_spec.h"

namespace clopencl::launch {

struct HostLine {
  std::string host;
  std::string where;  // "hosts.txt, line 3", for messages.
  std::optional<int> slots;
  std::vector<DeviceTerm> served;
  std::vector<DeviceTerm> direct;
};

// Lines of the same host are one. Throws UsageError, which names the line.
std::vector<HostLine> ParseHostfile(const std::string& name, const std::string& text);
std::vector<HostLine> ReadHostfile(const std::string& path);

// "GGC,G,C": a group of letters for each host in turn; G a GPU, C the CPU (CC: two servers on halves of it),
// A an accelerator. Replaces what the lines say about devices; hosts without a group are left out.
std::vector<HostLine> ApplyCombo(std::vector<HostLine> hosts, const std::string& combo);

// A line for each host with the given terms.
std::vector<HostLine> LinesForHosts(const std::vector<std::string>& hosts,
                                    const std::vector<DeviceTerm>& terms);

// The rank servers of a line on its node. Throws UsageError, which names the line and what the node has.
std::vector<ServerRequest> RequestsOf(const HostLine& line, const Node& node);

}  // namespace clopencl::launch
