#include "frontend/observe/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace clopencl::frontend {
namespace {

constexpr size_t kCallsShown = 5;

std::string Bytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string Time(int64_t ns) {
  if (ns < 1'000'000) return fmt::format("{:.1f} us", static_cast<double>(ns) * 1e-3);
  if (ns < 1'000'000'000) return fmt::format("{:.1f} ms", static_cast<double>(ns) * 1e-6);
  return fmt::format("{:.2f} s", static_cast<double>(ns) * 1e-9);
}

SessionCounts::Waits AllWaits(const SessionCounts::ByCall& by_call) {
  SessionCounts::Waits all;
  for (const auto& [call, waits] : by_call) {
    all.count += waits.count;
    all.total_ns += waits.total_ns;
    all.longest_ns = std::max(all.longest_ns, waits.longest_ns);
  }
  return all;
}

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i)
      text += i == 0 ? fmt::format("{:<{}}", row[i], widths[i]) : fmt::format("  {:>{}}", row[i], widths[i]);
    text += "\n";
  }
  return text;
}

// The calls that waited longest in all; empty when none did.
std::string WaitsTable(const std::string& whom, const SessionCounts::ByCall& by_call) {
  std::vector<std::pair<std::string_view, SessionCounts::Waits>> calls(by_call.begin(), by_call.end());
  if (calls.empty()) return {};
  std::stable_sort(calls.begin(), calls.end(),
                   [](const auto& a, const auto& b) { return a.second.total_ns > b.second.total_ns; });
  if (calls.size() > kCallsShown) calls.resize(kCallsShown);
  std::vector<std::vector<std::string>> rows{
      {"waited most for " + whom, "waits", "in all", "mean", "longest"}};
  for (const auto& [call, waits] : calls)
    rows.push_back({call.empty() ? "(joining and leaving)" : fmt::format("cl{}", call),
                    fmt::to_string(waits.count), Time(waits.total_ns),
                    Time(waits.total_ns / static_cast<int64_t>(waits.count)), Time(waits.longest_ns)});
  return "\n" + Table(rows);
}

}  // namespace

std::string StatisticsText(const std::vector<SessionReport>& reports, const SessionCounts::ByCall& several,
                           int64_t elapsed_ns) {
  std::vector<std::vector<std::string>> rows{{"server", "commands", "messages", "packets", "sent", "received",
                                              "to servers", "round trips", "waited"}};
  for (const SessionReport& report : reports) {
    const SessionCounts& counts = report.counts;
    const SessionCounts::Waits waits = AllWaits(counts.waits);
    rows.push_back({report.server + ", " + report.platform, fmt::to_string(counts.commands),
                    fmt::to_string(counts.requests),
                    fmt::to_string(counts.packets_sent + counts.packets_received), Bytes(counts.bytes_sent),
                    Bytes(counts.bytes_received), Bytes(report.moved_bytes), fmt::to_string(waits.count),
                    Time(waits.total_ns)});
  }
  std::string text =
      fmt::format("clOpenCL statistics: {} from joining the job to leaving it\n\n", Time(elapsed_ns)) +
      Table(rows);
  for (const SessionReport& report : reports) text += WaitsTable(report.server, report.counts.waits);
  return text + WaitsTable("several servers at once", several);
}

}  // namespace clopencl::frontend
