#include "bench/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "support/text_table.h"

namespace clopencl::bench {
namespace {

// Of sorted samples, between neighbours where it falls there.
double Quantile(const std::vector<double>& sorted, double fraction) {
  const double position = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = position - static_cast<double>(below);
  return sorted[below] * (1 - part) + sorted[above] * part;
}

std::string Number(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, value >= 10 ? 1 : 3);
}

}  // namespace

Summary Summarize(std::vector<double> samples, const Unit& unit) {
  std::ranges::sort(samples);
  return {.median = Quantile(samples, 0.5),
          .min = samples.front(),
          .max = samples.back(),
          .p90 = Quantile(samples, unit.less_is_better ? 0.9 : 0.1)};
}

void Metrics::Add(const std::string& name, const Unit& unit, const std::vector<double>& samples) {
  if (!metrics_.contains(name)) order_.push_back(name);
  Metric& metric = metrics_[name];
  metric.unit = unit;
  metric.samples.insert(metric.samples.end(), samples.begin(), samples.end());
  metric.round_medians.push_back(Summarize(samples, unit).median);
}

std::string Metrics::Format() const {
  using apps::TextTable;
  TextTable table({{"metric"},
                   {"median", TextTable::kRight},
                   {"min", TextTable::kRight},
                   {"p90", TextTable::kRight},
                   {"unit"},
                   {"samples", TextTable::kRight}});
  for (const std::string& name : order_) {
    const Metric& metric = metrics_.at(name);
    const Summary summary = Summarize(metric.samples, metric.unit);
    table.AddRow({name, Number(summary.median), Number(summary.min), Number(summary.p90), metric.unit.name,
                  std::to_string(metric.samples.size())});
  }
  std::string text = table.Format();
  for (const auto& [name, reason] : skipped_) text += fmt::format("{}: skipped, {}\n", name, reason);
  for (const auto& [name, error] : failed_) text += fmt::format("{}: FAILED, {}\n", name, error);
  return text;
}

nlohmann::ordered_json Metrics::ToJson() const {
  nlohmann::ordered_json results = nlohmann::ordered_json::object();
  for (const std::string& name : order_) {
    const Metric& metric = metrics_.at(name);
    const Summary summary = Summarize(metric.samples, metric.unit);
    results[name] = {{"unit", metric.unit.name},
                     {"less_is_better", metric.unit.less_is_better},
                     {"median", summary.median},
                     {"min", summary.min},
                     {"max", summary.max},
                     {"p90", summary.p90},
                     {"samples", metric.samples.size()},
                     {"rounds", metric.round_medians}};
  }
  return {{"results", results}, {"skipped", skipped_}, {"failed", failed_}};
}

}  // namespace clopencl::bench
