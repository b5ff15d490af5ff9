#include "launch/allocation.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "launch/error.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr int kMostNodes = 65536;

[[noreturn]] void FailList(std::string_view text) {
  throw Error("the node list '" + std::string(text) +
              "' can't be understood; it should be like fn[1-3],gpu01");
}

// "1-3" or "07" after a prefix; numbers keep their leading zeros.
void ExpandRange(std::string_view range, const std::string& prefix, const std::string& suffix,
                 std::vector<std::string>& hosts) {
  const size_t dash = range.find('-');
  const std::string_view first = range.substr(0, dash);
  const std::string_view last = dash == std::string_view::npos ? first : range.substr(dash + 1);
  const std::optional<int> low = ParseNumber(first);
  const std::optional<int> high = ParseNumber(last);
  if (!low || !high || *low > *high || *high - *low > kMostNodes) FailList(range);
  for (int number = *low; number <= *high; ++number) {
    std::string digits = std::to_string(number);
    if (digits.size() < first.size()) digits.insert(0, first.size() - digits.size(), '0');
    hosts.push_back(prefix + digits + suffix);
  }
}

// One element, in which several brackets may stand: "rack[1-2]n[1-4]".
void ExpandElement(std::string_view element, std::vector<std::string>& hosts) {
  const size_t open = element.rfind('[');
  if (open == std::string_view::npos) {
    if (element.empty() || element.find(']') != std::string_view::npos) FailList(element);
    hosts.emplace_back(element);
    return;
  }
  const size_t close = element.find(']', open);
  if (close == std::string_view::npos) FailList(element);
  std::vector<std::string> prefixes = {""};
  if (open > 0) {
    prefixes.clear();
    ExpandElement(element.substr(0, open), prefixes);
  }
  const std::string suffix(element.substr(close + 1));
  for (const std::string& prefix : prefixes) {
    std::string_view ranges = element.substr(open + 1, close - open - 1);
    while (true) {
      const size_t comma = ranges.find(',');
      ExpandRange(ranges.substr(0, comma), prefix, suffix, hosts);
      if (comma == std::string_view::npos) break;
      ranges.remove_prefix(comma + 1);
    }
  }
  if (hosts.size() > kMostNodes) FailList(element);
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::vector<std::string> ExpandNodeList(std::string_view text) {
  std::vector<std::string> hosts;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '[') ++depth;
    if (i < text.size() && text[i] == ']') --depth;
    if (depth < 0) FailList(text);
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    ExpandElement(text.substr(start, i - start), hosts);
    start = i + 1;
  }
  if (depth != 0) FailList(text);
  return hosts;
}

std::vector<std::string> HostsOfNodeFile(std::string_view text) {
  std::vector<std::string> hosts;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::string host(Trim(line));
    if (!host.empty() && std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(host);
  }
  return hosts;
}

std::optional<Allocation> CurrentAllocation() {
  if (const std::string list = Environment("SLURM_JOB_NODELIST"); !list.empty()) {
    return Allocation{"SLURM job " + Environment("SLURM_JOB_ID"), ExpandNodeList(list)};
  }
  if (const std::string path = Environment("PBS_NODEFILE"); !path.empty()) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    std::vector<std::string> hosts = HostsOfNodeFile(text.str());
    if (hosts.empty()) throw Error("PBS_NODEFILE=" + path + " can't be read or names no host");
    return Allocation{"PBS job " + Environment("PBS_JOBID"), std::move(hosts)};
  }
  return std::nullopt;
}

}  // namespace clopencl::launch
