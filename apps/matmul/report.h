// What the program tells: tables for people, JSON for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "matmul/schedule.h"
#include "matmul/verify.h"

namespace clopencl::matmul {

struct Outcome {
  std::int64_t n = 0;
  std::int64_t slice = 0;
  std::string schedule;
  std::uint64_t seed = 0;
  double setup_seconds = 0;  // contexts, programs, buffers, warm-up
  double seconds = 0;        // from the first tile taken to the last one in the host's memory
  bool complete = false;     // every tile was computed
  std::vector<DeviceReport> devices;
  std::optional<Verification> verification;

  [[nodiscard]] double gflop() const {
    return 2e-9 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
  }
};

std::string FormatOutcome(const Outcome& outcome);
nlohmann::json OutcomeToJson(const Outcome& outcome);
nlohmann::json DevicesToJson(const std::vector<apps::DeviceInfo>& devices);

/// The wrong entries, each with the device that computed it; empty where there are none.
std::string FormatMismatches(const Outcome& outcome);

/// Writes results to the file of --json. Opened early, so that a path that cannot be written is known before
/// the work.
class JsonFile {
 public:
  /// `path` may be "-" (stdout) or empty (nothing is written). Throws Failure(kOutput).
  explicit JsonFile(std::string path);
  void Write(const nlohmann::json& value) const;

 private:
  std::string path_;
};

}  // namespace clopencl::matmul
