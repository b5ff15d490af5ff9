// The command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace clopencl::matmul {

struct Options {
  std::int64_t n = 2048;
  std::optional<std::int64_t> slice;  // none: by the paper's rule
  std::string devices = "all";
  std::string schedule;
  bool list = false;
  bool verify = true;
  std::string json;                // file, "-" for stdout, empty for none
  std::string progress = "auto";   // or "on", "off"
  std::string operands = "dense";  // or "sparse"
  std::uint64_t seed = 1;
};

/// Reads the command line. Returns nothing where the program is to end now, with `exit_code`: after --help,
/// or after a message about what was wrong with an option (ExitCode::kUsage).
std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code);

}  // namespace clopencl::matmul
