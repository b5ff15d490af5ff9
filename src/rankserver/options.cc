#include "rankserver/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "common/wire/protocol.h"

namespace clopencl::rankserver {
namespace {

constexpr unsigned kMaxCpu = 1 << 16;

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Calls take(part) for the parts between commas; false as soon as it says so.
template <typename Take>
bool ForEachPart(std::string_view text, Take take) {
  while (true) {
    const size_t comma = text.find(',');
    if (!take(text.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<ServeRequest> ParseServe(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto platform = ParseNumber<uint32_t>(std::string_view(text).substr(0, colon));
  if (!platform) return std::nullopt;
  ServeRequest request{*platform, {}};
  const bool good = ForEachPart(std::string_view(text).substr(colon + 1), [&](std::string_view part) {
    const auto device = ParseNumber<uint32_t>(part);
    if (device) request.devices.push_back(*device);
    return device.has_value();
  });
  if (!good) return std::nullopt;
  return request;
}

std::optional<std::vector<unsigned>> ParseCpus(const std::string& text) {
  std::vector<unsigned> cpus;
  const bool good = ForEachPart(text, [&](std::string_view part) {
    const size_t dash = part.find('-');
    const auto first = ParseNumber<unsigned>(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : ParseNumber<unsigned>(part.substr(dash + 1));
    if (!first || !last || *last < *first || *last > kMaxCpu) return false;
    for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    return true;
  });
  if (!good) return std::nullopt;
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

Options ParseOptions(int argc, char** argv, std::optional<int>& exit_code) {
  Options options;
  std::vector<std::string> serve;
  std::string cpus;
  CLI::App app{
      "Serves native OpenCL devices of this node to the program of rank 0. mpirun starts it as the ranks 1 "
      "to N;\n"
      "clrun writes that command. Without --serve it serves every native device; several such servers on a "
      "node\n"
      "divide the devices between them, and the cores of a CPU device when there are more servers than "
      "devices."};
  app.add_option("--serve", serve,
                 "Native platform and devices by their indices, for example 0:0,1; repeatable")
      ->type_name("PLATFORM:DEVICE[,DEVICE...]")
      ->check([](const std::string& text) {
        return ParseServe(text) ? std::string()
                                : "'" + text + "' is not PLATFORM:DEVICE[,DEVICE...], for example 0:0,1";
      });
  app.add_option("--cpus", cpus, "Pin to these CPUs; a CPU device gets as many compute units")
      ->type_name("LIST")
      ->check([](const std::string& text) {
        return ParseCpus(text) ? std::string() : "'" + text + "' is not a list of CPUs, for example 0-3,6";
      });
  app.add_flag("--list", options.list, "Print what would be served, and end");
  app.add_flag("--json", options.json, "With --list: as JSON");
  // The version of clOpenCL may stay while that of the protocol changes.
  app.set_version_flag("--version", fmt::format("clopencl-rankserver " CLOPENCL_VERSION ", protocol {:016x}",
                                                wire::kProtocolHash));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return options;
  }
  for (const std::string& text : serve) options.serve.push_back(*ParseServe(text));
  if (!cpus.empty()) options.cpus = *ParseCpus(cpus);
  return options;
}

}  // namespace clopencl::rankserver
