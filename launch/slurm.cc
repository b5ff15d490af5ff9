#include "launch/slurm.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "launch/cluster.h"
#include "launch/error.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr int kMostNodes = 65536;
constexpr std::chrono::seconds kLimit{20};

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

// Calls `take` with each part between the separators that stand outside of brackets and parentheses. False
// when those don't match.
template <typename Take>
bool ForEachPart(std::string_view text, char separator, const Take& take) {
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : separator;
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (depth < 0) return false;
    if (i < text.size() && (c != separator || depth > 0)) continue;
    take(text.substr(start, i - start));
    start = i + 1;
  }
  return depth == 0;
}

// "gpu:2(IDX:0-1)" or "gpu:tesla:1(IDX:3)"; 0 for other resources.
int GpusOfResource(std::string_view resource) {
  resource = resource.substr(0, resource.find('('));
  if (resource != "gpu" && !resource.starts_with("gpu:")) return 0;
  return ParseNumber(resource.substr(resource.rfind(':') + 1)).value_or(0);
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::map<std::string, int> AskForGpus() {
  const std::string job = Environment("SLURM_JOB_ID");
  if (job.empty()) return {};
  try {
    const CapturedOutput answer =
        RunAndCapture({"scontrol", "show", "job", "--details", "--oneliner", job}, {}, kLimit);
    return answer.wait_status == 0 ? GpusOfNodes(answer.text) : std::map<std::string, int>{};
  } catch (const Error&) {
    return {};  // No scontrol here, or one that says what we can't read.
  }
}

}  // namespace

std::vector<std::string> ExpandNodeList(std::string_view text) {
  std::vector<std::string> hosts;
  const bool whole = ForEachPart(text, ',', [&](std::string_view part) { ExpandElement(part, hosts); });
  if (!whole) FailList(text);
  return hosts;
}

std::vector<int> ExpandCounts(std::string_view text) {
  std::vector<int> counts;
  const auto fail = [text] {
    throw Error("the counts '" + std::string(text) + "' can't be understood; they should be like 2(x3),1");
  };
  const bool whole = ForEachPart(text, ',', [&](std::string_view part) {
    const size_t open = part.find("(x");
    const std::optional<int> count = ParseNumber(part.substr(0, open));
    std::optional<int> times = 1;
    if (open != std::string_view::npos) {
      const std::string_view rest = part.substr(open + 2);
      times = rest.ends_with(")") ? ParseNumber(rest.substr(0, rest.size() - 1)) : std::nullopt;
    }
    if (!count || !times || *times > kMostNodes) fail();
    counts.insert(counts.end(), static_cast<size_t>(*times), *count);
  });
  if (!whole) fail();
  return counts;
}

std::map<std::string, int> GpusOfNodes(std::string_view details) {
  constexpr std::string_view kNodes = "Nodes=";
  constexpr std::string_view kResources = "GRES=";
  std::map<std::string, int> gpus;
  std::istringstream words{std::string(details)};
  std::string nodes;
  for (std::string word; words >> word;) {
    const std::string_view text = word;
    if (text.starts_with(kNodes)) nodes = text.substr(kNodes.size());
    if (!text.starts_with(kResources) || nodes.empty()) continue;
    int count = 0;
    ForEachPart(text.substr(kResources.size()), ',',
                [&count](std::string_view resource) { count += GpusOfResource(resource); });
    for (const std::string& node : ExpandNodeList(nodes)) gpus[node] = count;
    nodes.clear();
  }
  return gpus;
}

const std::map<std::string, int>& OurGpus() {
  static const std::map<std::string, int> gpus = AskForGpus();
  return gpus;
}

EnvironmentChanges StepEnvironment(const std::vector<std::string>& hosts) {
  const std::map<std::string, int>& gpus = OurGpus();
  if (std::all_of(gpus.begin(), gpus.end(), [](const auto& node) { return node.second == 0; })) return {};
  int sum = 0;
  for (const auto& [node, count] : gpus) {
    const auto same = [&host_name = node](const std::string& host) { return host == host_name; };
    // Beside mpirun itself there is no daemon, if it sees that the node is its own.
    if (!IsHostName(node) && std::any_of(hosts.begin(), hosts.end(), same)) sum += count;
  }
  return {{"SLURM_GPUS", std::to_string(sum)}};
}

}  // namespace clopencl::launch
