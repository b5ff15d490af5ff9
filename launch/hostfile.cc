#include "launch/hostfile.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "launch/error.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr std::string_view kSlots = "slots=";

// The first word, cut off `rest`. Words in quotes are not expected here: hosts, slots and modes have none.
std::string_view NextWord(std::string_view& rest) {
  rest = Trim(rest);
  const size_t end = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

std::string_view PeekWord(std::string_view rest) { return NextWord(rest); }

// Everything up to the next word "direct" or "served" that is not inside quotes.
std::string_view TermsBeforeMode(std::string_view& rest) {
  bool quoted = false;
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') quoted = !quoted;
    const bool word_starts = i == 0 || rest[i - 1] == ' ' || rest[i - 1] == '\t';
    if (quoted || !word_starts) continue;
    const std::string_view word = PeekWord(rest.substr(i));
    if (word == "direct" || word == "served") {
      const std::string_view terms = rest.substr(0, i);
      rest.remove_prefix(i);
      return terms;
    }
  }
  const std::string_view terms = rest;
  rest = {};
  return terms;
}

std::optional<int> ReadSlots(std::string_view word) {
  if (word.starts_with(kSlots)) word.remove_prefix(kSlots.size());
  const std::optional<int> slots = ParseNumber(word);
  if (!slots || *slots < 1 || *slots > kMaxServersPerNode) {
    throw UsageError("'" + std::string(word) + "' is no number of slots between 1 and " +
                     std::to_string(kMaxServersPerNode));
  }
  return slots;
}

bool LooksLikeSlots(std::string_view word) {
  return word.starts_with(kSlots) || ParseNumber(word).has_value();
}

void Append(std::vector<DeviceTerm>& to, std::vector<DeviceTerm> terms) {
  for (DeviceTerm& term : terms) to.push_back(std::move(term));
}

HostLine ParseLine(std::string_view text) {
  HostLine line;
  std::string_view rest = text;
  line.host = NextWord(rest);
  if (line.host.find_first_of(":=*,\"") != std::string::npos) {
    throw UsageError("'" + line.host + "' is no name of a host; a line is HOST [slots=N] DEVICES...");
  }
  if (LooksLikeSlots(PeekWord(rest))) line.slots = ReadSlots(NextWord(rest));
  rest = Trim(rest);
  std::string_view mode = "served";
  bool any = false;
  while (!rest.empty()) {
    const std::string_view word = PeekWord(rest);
    const bool names_mode = word == "direct" || word == "served";
    if (names_mode) mode = NextWord(rest);
    rest = Trim(rest);
    const std::string_view terms = Trim(TermsBeforeMode(rest));
    if (terms.empty()) throw UsageError("after '" + std::string(mode) + "' belong devices");
    Append(mode == "direct" ? line.direct : line.served, ParseDeviceSpec(terms));
    any = true;
  }
  if (!any) line.served = ParseDeviceSpec("all");
  return line;
}

// "GGC" as terms: so many of each.
std::vector<DeviceTerm> ParseComboGroup(const std::string& group) {
  std::vector<DeviceTerm> terms;
  std::string left = group;
  while (!left.empty()) {
    const char letter = left.front();
    const char upper = static_cast<char>(letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter);
    const char* kind = upper == 'G' ? "gpu" : upper == 'C' ? "cpu" : upper == 'A' ? "accelerator" : nullptr;
    if (kind == nullptr) {
      throw UsageError("'" + std::string(1, letter) + "' in the combination '" + group +
                       "' is none of G (a GPU), C (the CPU) and A (an accelerator)");
    }
    const auto count = std::count(left.begin(), left.end(), letter);
    Append(terms, ParseDeviceSpec(std::string(kind) + "*" + std::to_string(count)));
    std::erase(left, letter);
  }
  return terms;
}

}  // namespace

std::vector<HostLine> ParseHostfile(const std::string& name, const std::string& text) {
  std::vector<HostLine> lines;
  std::istringstream stream(text);
  int number = 0;
  for (std::string row; std::getline(stream, row);) {
    ++number;
    const std::string_view meaning = Trim(std::string_view(row).substr(0, row.find('#')));
    if (meaning.empty()) continue;
    const std::string where = name + ", line " + std::to_string(number);
    try {
      HostLine line = ParseLine(meaning);
      line.where = where;
      const auto earlier = std::find_if(lines.begin(), lines.end(),
                                        [&line](const HostLine& l) { return l.host == line.host; });
      if (earlier == lines.end()) {
        lines.push_back(std::move(line));
        continue;
      }
      Append(earlier->served, std::move(line.served));
      Append(earlier->direct, std::move(line.direct));
      if (line.slots) earlier->slots = earlier->slots.value_or(0) + *line.slots;
    } catch (const UsageError& error) {
      throw UsageError(where + ": " + error.what());
    }
  }
  if (lines.empty()) throw UsageError("the hostfile " + name + " names no host");
  return lines;
}

std::vector<HostLine> ReadHostfile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UsageError("the hostfile " + path + " can't be read");
  std::ostringstream text;
  text << file.rdbuf();
  return ParseHostfile(path, text.str());
}

std::vector<HostLine> ApplyCombo(std::vector<HostLine> hosts, const std::string& combo) {
  std::vector<std::string> groups;
  std::istringstream stream(combo);
  for (std::string group; std::getline(stream, group, ',');) groups.emplace_back(Trim(group));
  if (groups.empty() || std::find(groups.begin(), groups.end(), "") != groups.end()) {
    throw UsageError("the combination '" + combo + "' is not of the form GGC,G,C: letters for each host");
  }
  if (groups.size() > hosts.size()) {
    throw UsageError("the combination " + combo + " is for " + Count(groups.size(), "host") + ", but there " +
                     (hosts.size() == 1 ? "is " : "are ") + std::to_string(hosts.size()) +
                     " (of --hostfile, --hosts or the allocation)");
  }
  hosts.resize(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    hosts[i].direct.clear();
    hosts[i].slots.reset();
    hosts[i].served = ParseComboGroup(groups[i]);
    hosts[i].where = "--combo, group " + std::to_string(i + 1);
  }
  return hosts;
}

std::vector<HostLine> LinesForHosts(const std::vector<std::string>& hosts,
                                    const std::vector<DeviceTerm>& terms) {
  std::vector<HostLine> lines;
  for (const std::string& host : hosts) lines.push_back({.host = host, .where = host, .served = terms});
  return lines;
}

std::vector<ServerRequest> RequestsOf(const HostLine& line, const Node& node) {
  try {
    std::vector<ServerRequest> requests = SelectDevices(node, line.served);
    if (line.slots && requests.size() > static_cast<size_t>(*line.slots)) {
      requests = SpreadRequests(node, std::move(requests), *line.slots);
    }
    return requests;
  } catch (const UsageError& error) {
    throw UsageError(line.where + ": " + error.what());
  }
}

}  // namespace clopencl::launch
