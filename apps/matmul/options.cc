#include "matmul/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <string_view>
#include <vector>

#include "matmul/device_selection.h"
#include "matmul/failure.h"
#include "matmul/matrix.h"
#include "matmul/schedule.h"

namespace clopencl::matmul {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 the product is correct, 1 it is wrong, 2 an option is wrong, 3 --devices names "
    "nothing,\n"
    "4 no OpenCL device, 5 --n and --slice do not go together, 6 too little memory, 7 a device failed (the\n"
    "others have finished its tiles where they could), 8 the result file cannot be written.";

std::string ScheduleHelp() {
  std::string help = "How tiles reach devices:";
  for (const ScheduleKind& kind : ScheduleKinds()) {
    help += "\n  ";
    help += kind.name;
    help += ": ";
    help += kind.summary;
  }
  return help;
}

std::vector<std::string> ScheduleNames() {
  std::vector<std::string> names;
  for (const ScheduleKind& kind : ScheduleKinds()) names.emplace_back(kind.name);
  return names;
}

// "8192" stays, "8K" becomes "8192": the paper's way to write orders.
std::string ExpandCount(std::string& text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const bool kilo =
      error == std::errc() && (std::string_view(stop, end) == "K" || std::string_view(stop, end) == "k");
  if (error != std::errc() || (stop != end && !kilo) || value < 1 || value > kMaxOrder ||
      (kilo && value * 1024 > kMaxOrder)) {
    return "'" + text + "' is not a whole number from 1 to " + std::to_string(kMaxOrder) + " (8K is 8192)";
  }
  if (kilo) text = std::to_string(value * 1024);
  return {};
}

void AddOptions(CLI::App& app, Options& options) {
  const CLI::Validator count(ExpandCount, "", "count");
  app.add_option("--n", options.n, "Order of the matrices; 8K is 8192")
      ->transform(count)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--slice", options.slice,
                 "Rows of a block; divides n. Default: the largest that gives every CPU at\n"
                 "least two tiles and every GPU four, and that the devices can hold")
      ->transform(count)
      ->type_name("N");
  app.add_option("--devices", options.devices, kDeviceSelectionHelp)
      ->type_name("SPEC")
      ->capture_default_str();
  app.add_option("--schedule", options.schedule, ScheduleHelp())
      ->check(CLI::IsMember(ScheduleNames()))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_flag("--list", options.list, "List the devices and end; with --json, for programs");
  app.add_flag("--verify", options.verify,
               "Compare the product with double precision; this is the default. Every entry up\n"
               "to n = 1024; beyond, every row by a random combination of its entries, and\n"
               "random entries one by one");
  app.add_flag_callback(
      "--no-verify", [&options] { options.verify = false; }, "Do not");
  app.add_option("--json", options.json, "Write the result to this file, too; '-' is standard output")
      ->type_name("FILE");
  app.add_option("--progress", options.progress, "Progress bar on stderr; auto: where stderr is a terminal")
      ->check(CLI::IsMember(std::vector<std::string>{"auto", "on", "off"}))
      ->type_name("WHEN")
      ->capture_default_str();
  app.add_option("--operands", options.operands,
                 "sparse: A is mostly zero, for devices that are modelled and skip zeros; every element\n"
                 "of a block still counts in its tile")
      ->check(CLI::IsMember(std::vector<std::string>{"dense", "sparse"}))
      ->type_name("KIND")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Chooses the matrices' elements")
      ->type_name("N")
      ->capture_default_str();
}

}  // namespace

std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code) {
  Options options;
  options.schedule = ScheduleKinds().front().name;
  CLI::App app(
      "Multiplies two square matrices of floats on several OpenCL devices at once, as the clOpenCL paper of "
      "2012 did:\n"
      "A and B are cut into blocks of --slice rows, and each device takes the next pair of blocks and "
      "computes a tile "
      "of C.",
      "clopencl-matmul");
  app.footer(kFooter);
  AddOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help = app.exit(error) == 0;
    exit_code = static_cast<int>(asked_for_help ? ExitCode::kCorrect : ExitCode::kUsage);
    return std::nullopt;
  }
  return options;
}

}  // namespace clopencl::matmul
