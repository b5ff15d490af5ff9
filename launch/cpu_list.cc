#include "launch/cpu_list.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "launch/error.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

// Far above any machine; a mistyped range must not fill the memory.
constexpr int kMaxCpu = 65535;

}  // namespace

CpuSet ParseCpuList(std::string_view text) {
  CpuSet cpus;
  const auto fail = [&text]() {
    throw Error("'" + std::string(text) + "' is not a list of CPU numbers such as 0-3,6");
  };
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const size_t dash = part.find('-');
    const std::optional<int> first = ParseNumber(part.substr(0, dash));
    const std::optional<int> last =
        dash == std::string_view::npos ? first : ParseNumber(part.substr(dash + 1));
    if (!first || !last || *first > *last || *last > kMaxCpu) fail();
    for (int cpu = *first; cpu <= *last; ++cpu) cpus.insert(cpu);
    if (comma == std::string_view::npos) return cpus;
    rest.remove_prefix(comma + 1);
  }
}

std::string FormatCpuList(const CpuSet& cpus) {
  std::string text;
  for (auto it = cpus.begin(); it != cpus.end();) {
    const int first = *it;
    int last = first;
    for (++it; it != cpus.end() && *it == last + 1; ++it) last = *it;
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (last > first) text += "-" + std::to_string(last);
  }
  return text;
}

CpuSet Intersection(const CpuSet& a, const CpuSet& b) {
  CpuSet result;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(result, result.end()));
  return result;
}

CpuSet Difference(const CpuSet& a, const CpuSet& b) {
  CpuSet result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(result, result.end()));
  return result;
}

CpuSet Union(const CpuSet& a, const CpuSet& b) {
  CpuSet result = a;
  result.insert(b.begin(), b.end());
  return result;
}

}  // namespace clopencl::launch
