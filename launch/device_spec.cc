#include "launch/device_spec.h"

#include <algorithm>
#include <cctype>

#include "launch/error.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr std::string_view kPlatformKey = "platform=";

constexpr const char* kAllowed =
    "allowed are cpu, gpu, accelerator, custom and all, each with a list (gpu:0,1 picks devices, cpu:0-7 "
    "picks CPUs) "
    "and a count (gpu*2), and platform=NAME or platform=NAME/gpu:0, separated by commas or spaces";

[[noreturn]] void Fail(std::string_view term, const std::string& why) {
  throw UsageError("'" + std::string(term) + "' in the device selection: " + why);
}

bool IsSeparator(char c) { return c == ',' || std::isspace(static_cast<unsigned char>(c)) != 0; }

// A comma after which a digit follows goes on with the list before it: "gpu:0,1,cpu" is "gpu:0,1" and "cpu".
std::vector<std::string_view> SplitTerms(std::string_view text) {
  std::vector<std::string_view> terms;
  size_t position = 0;
  while (position < text.size()) {
    if (IsSeparator(text[position])) {
      ++position;
      continue;
    }
    const size_t start = position;
    bool quoted = false;
    bool in_list = false;
    for (; position < text.size(); ++position) {
      const char c = text[position];
      if (c == '"') quoted = !quoted;
      if (quoted) continue;
      if (c == ':') in_list = true;
      const bool digit_follows =
          position + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[position + 1])) != 0;
      if (IsSeparator(c) && !(c == ',' && in_list && digit_follows)) break;
    }
    if (quoted) Fail(text.substr(start), "the closing quote is missing");
    terms.push_back(text.substr(start, position - start));
  }
  return terms;
}

// Takes "platform=NAME" with an optional "/" off the front.
std::string TakePlatform(std::string_view term, std::string_view& rest) {
  if (!EqualIgnoringCase(rest.substr(0, kPlatformKey.size()), kPlatformKey)) return {};
  rest.remove_prefix(kPlatformKey.size());
  std::string name;
  if (!rest.empty() && rest.front() == '"') {
    const size_t close = rest.find('"', 1);
    name = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  } else {
    const size_t end = std::min(rest.find_first_of("/*"), rest.size());
    name = rest.substr(0, end);
    rest.remove_prefix(end);
  }
  if (name.empty()) Fail(term, "a part of the platform's name has to follow platform=");
  if (rest.empty() || rest.front() == '*') {
    // The whole platform.
  } else if (rest.front() == '/') {
    rest.remove_prefix(1);
    if (rest.empty()) Fail(term, "a kind of device has to follow the slash");
  } else {
    Fail(term, "after the platform's name only /KIND or *COUNT may follow");
  }
  return name;
}

void TakeCount(std::string_view& rest, DeviceTerm& term) {
  const size_t star = rest.rfind('*');
  if (star == std::string_view::npos) return;
  const std::optional<int> count = ParseNumber(rest.substr(star + 1));
  if (!count || *count < 1 || *count > kMaxServersPerNode) {
    Fail(term.text, "the count after * has to be between 1 and " + std::to_string(kMaxServersPerNode));
  }
  term.count = *count;
  rest = rest.substr(0, star);
}

DeviceTerm ParseTerm(std::string_view text) {
  DeviceTerm term;
  term.text = text;
  std::string_view rest = text;
  term.platform = TakePlatform(text, rest);
  TakeCount(rest, term);
  if (rest.empty() && !term.platform.empty()) return term;

  const size_t colon = rest.find(':');
  const std::string_view kind = rest.substr(0, colon);
  term.type = ParseDeviceType(kind);
  if (!term.type && !EqualIgnoringCase(kind, "all")) {
    Fail(text, "'" + std::string(kind) + "' is not a kind of device; " + kAllowed);
  }
  if (colon == std::string_view::npos) return term;
  if (!term.type) Fail(text, "'all' takes no list");

  CpuSet numbers;
  try {
    numbers = ParseCpuList(rest.substr(colon + 1));
  } catch (const Error&) {
    Fail(text, "after the colon belongs a list of numbers such as 0,1 or 0-7");
  }
  if (term.type == DeviceType::kCpu) {
    term.cpus = numbers;
  } else {
    term.indices.assign(numbers.begin(), numbers.end());
  }
  return term;
}

// The node's devices that the term's kind and platform describe, as indices into Node::devices.
std::vector<size_t> Candidates(const Node& node, const DeviceTerm& term) {
  std::vector<size_t> found;
  for (size_t i = 0; i < node.devices.size(); ++i) {
    const Device& device = node.devices[i];
    if (term.type && device.type != *term.type) continue;
    if (!ContainsIgnoringCase(device.platform_name, term.platform)) continue;
    found.push_back(i);
  }
  return found;
}

std::vector<ServerRequest> OneServerEach(const std::vector<size_t>& devices) {
  std::vector<ServerRequest> requests;
  for (size_t device : devices) requests.push_back({{device}, std::nullopt});
  return requests;
}

[[noreturn]] void FailOnNode(const Node& node, const DeviceTerm& term, const std::string& why) {
  Fail(term.text, why + "; " + node.host + " has " + DescribeDevices(node));
}

std::vector<ServerRequest> SelectListed(const Node& node, const DeviceTerm& term,
                                        const std::vector<size_t>& candidates) {
  const int each = std::max(term.count, 1);
  std::vector<ServerRequest> requests;
  if (term.cpus) {
    const CpuSet missing = Difference(*term.cpus, AllCpus(node));
    if (!missing.empty()) {
      Fail(term.text, node.host + " has no CPU " + FormatCpuList(missing) + " for us; it has " +
                          FormatCpuList(AllCpus(node)));
    }
    for (int i = 0; i < each; ++i) requests.push_back({{candidates.front()}, term.cpus});
    return requests;
  }
  for (int index : term.indices) {
    if (static_cast<size_t>(index) >= candidates.size()) {
      FailOnNode(node, term, "there is no number " + std::to_string(index));
    }
    for (int i = 0; i < each; ++i) requests.push_back({{candidates[index]}, std::nullopt});
  }
  return requests;
}

std::vector<ServerRequest> SelectTerm(const Node& node, const DeviceTerm& term) {
  const std::vector<size_t> candidates = Candidates(node, term);
  if (candidates.empty()) FailOnNode(node, term, "there is no such device");
  if (term.cpus || !term.indices.empty()) return SelectListed(node, term, candidates);
  if (term.count == 0) return OneServerEach(candidates);

  const bool divisible = std::any_of(candidates.begin(), candidates.end(),
                                     [&node](size_t i) { return node.devices[i].type == DeviceType::kCpu; });
  if (static_cast<size_t>(term.count) > candidates.size() && !divisible) {
    FailOnNode(node, term, "there are only " + std::to_string(candidates.size()));
  }
  std::vector<size_t> first(candidates.begin(),
                            candidates.begin() + std::min<size_t>(candidates.size(), term.count));
  return SpreadRequests(node, OneServerEach(first), term.count);
}

}  // namespace

std::vector<DeviceTerm> ParseDeviceSpec(std::string_view text) {
  std::vector<DeviceTerm> terms;
  for (std::string_view term : SplitTerms(text)) terms.push_back(ParseTerm(term));
  if (terms.empty()) throw UsageError(std::string("the device selection is empty; ") + kAllowed);
  return terms;
}

std::vector<ServerRequest> SelectDevices(const Node& node, const std::vector<DeviceTerm>& terms) {
  std::vector<ServerRequest> requests;
  for (const DeviceTerm& term : terms) {
    for (ServerRequest& request : SelectTerm(node, term)) requests.push_back(std::move(request));
  }
  if (requests.size() > kMaxServersPerNode) {
    throw UsageError("the device selection asks for " + Count(requests.size(), "rank server") + " on " +
                     node.host + ", more than " + std::to_string(kMaxServersPerNode));
  }
  return requests;
}

std::vector<ServerRequest> SpreadRequests(const Node& node, std::vector<ServerRequest> requests, int count) {
  const size_t wanted = static_cast<size_t>(count);
  if (requests.empty() || wanted == requests.size()) return requests;
  if (wanted < requests.size()) {
    std::vector<ServerRequest> fewer(wanted);
    for (size_t i = 0; i < requests.size(); ++i) {
      ServerRequest& into = fewer[i * wanted / requests.size()];
      for (size_t device : requests[i].devices) {
        const bool there = std::count(into.devices.begin(), into.devices.end(), device) != 0;
        if (!there) into.devices.push_back(device);
      }
      if (requests[i].cpus) into.cpus = Union(into.cpus.value_or(CpuSet{}), *requests[i].cpus);
    }
    return fewer;
  }

  std::vector<size_t> divisible;
  for (size_t i = 0; i < requests.size(); ++i) {
    const bool all_cpu = std::all_of(requests[i].devices.begin(), requests[i].devices.end(),
                                     [&node](size_t d) { return node.devices[d].type == DeviceType::kCpu; });
    if (all_cpu) divisible.push_back(i);
  }
  if (divisible.empty()) {
    for (size_t i = 0; i < requests.size(); ++i) divisible.push_back(i);
  }
  std::vector<size_t> copies(requests.size(), 1);
  for (size_t extra = 0; extra < wanted - requests.size(); ++extra)
    ++copies[divisible[extra % divisible.size()]];
  std::vector<ServerRequest> more;
  for (size_t i = 0; i < requests.size(); ++i) more.insert(more.end(), copies[i], requests[i]);
  return more;
}

}  // namespace clopencl::launch
