// What was measured, and how it is summed up.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace clopencl::bench {

/// A unit, and whether less of it is better.
struct Unit {
  std::string name;
  bool less_is_better = true;
};

inline const Unit kMicroseconds{"us"};
inline const Unit kMilliseconds{"ms"};
inline const Unit kNanoseconds{"ns"};
inline const Unit kGigabytesPerSecond{"GB/s", false};
inline const Unit kPerSecond{"1/s", false};

struct Summary {
  double median = 0;
  double min = 0;
  double max = 0;
  double p90 =
      0;  // nine of ten samples are at least as good: the 90th percentile of times, the 10th of rates
};

/// Of at least one sample.
Summary Summarize(std::vector<double> samples, const Unit& unit);

/// Collects the samples of all rounds. One name is one metric, always in the same unit.
class Metrics {
 public:
  void Add(const std::string& name, const Unit& unit, const std::vector<double>& samples);
  /// A metric that cannot be measured here.
  void Skip(const std::string& name, const std::string& reason) { skipped_[name] = reason; }
  /// A benchmark that ended with an error.
  void Fail(const std::string& benchmark, const std::string& error) { failed_[benchmark] = error; }

  [[nodiscard]] bool any_failed() const { return !failed_.empty(); }

  [[nodiscard]] std::string Format() const;

  /// Metrics in the order in which they were first measured:
  /// {"results": {NAME: {"unit", "less_is_better", "median", "min", "max", "p90", "samples": how many,
  ///   "rounds": [median of each round]}}, "skipped": {NAME: reason}, "failed": {NAME: error}}
  [[nodiscard]] nlohmann::ordered_json ToJson() const;

 private:
  struct Metric {
    Unit unit;
    std::vector<double> samples;
    std::vector<double> round_medians;
  };

  std::map<std::string, Metric> metrics_;
  std::vector<std::string> order_;  // as first measured
  std::map<std::string, std::string> skipped_;
  std::map<std::string, std::string> failed_;
};

}  // namespace clopencl::bench
