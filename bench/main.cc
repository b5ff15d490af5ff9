// clopencl-bench: what OpenCL calls cost. Plain OpenCL, so the same program measures any driver.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "bench/benchmarks.h"

namespace clopencl::bench {

std::vector<Benchmark> AllBenchmarks() {
  std::vector<Benchmark> all;
  for (const auto* group : {&LatencyBenchmarks(), &CommandBenchmarks(), &ObjectBenchmarks(),
                            &TransferBenchmarks(), &TwoDeviceBenchmarks()}) {
    all.insert(all.end(), group->begin(), group->end());
  }
  return all;
}

namespace {

using apps::DeviceInfo;

struct Options {
  std::string platform;
  int device = 0;
  std::vector<std::string> only;
  int rounds = 3;
  bool quick = false;
  bool list = false;
  std::string json;
};

bool ContainsIgnoringCase(const std::string& text, const std::string& part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return part.empty() || std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

// The usable devices of the first platform whose name contains the text.
std::vector<DeviceInfo> DevicesOfPlatform(const std::string& text) {
  const std::vector<DeviceInfo> all = apps::ListDevices();
  std::vector<DeviceInfo> chosen;
  for (const DeviceInfo& device : all) {
    if (!device.usable || !ContainsIgnoringCase(device.platform_name, text)) continue;
    if (chosen.empty() || chosen.front().platform == device.platform) chosen.push_back(device);
  }
  if (!chosen.empty()) return chosen;
  if (all.empty()) throw std::runtime_error("no OpenCL device found");
  throw std::runtime_error(
      fmt::format("no usable device on a platform whose name contains '{}'; there are:\n{}", text,
                  apps::FormatDevices(all)));
}

std::string DriverVersion(const DeviceInfo& device) {
  std::string text(256, '\0');
  std::size_t size = 0;
  if (clGetDeviceInfo(device.id, CL_DRIVER_VERSION, text.size(), text.data(), &size) != CL_SUCCESS ||
      size == 0)
    return {};
  text.resize(size - 1);
  return text;
}

std::vector<Benchmark> Chosen(const std::vector<std::string>& only) {
  std::vector<Benchmark> all = AllBenchmarks();
  if (only.empty()) return all;
  for (const std::string& name : only) {
    if (std::ranges::none_of(all, [&](const Benchmark& b) { return name == b.name; })) {
      throw std::runtime_error(fmt::format("--only: no benchmark is called '{}'; --list shows them", name));
    }
  }
  std::erase_if(all, [&](const Benchmark& b) { return std::ranges::find(only, b.name) == only.end(); });
  return all;
}

void Measure(const Options& options, const std::vector<Benchmark>& benchmarks, const Bench& bench) {
  // Rounds outside: what disturbs the machine for a moment then disturbs one round of each, not all of one.
  for (int round = 0; round < options.rounds; ++round) {
    for (const Benchmark& benchmark : benchmarks) {
      try {
        benchmark.run(bench);
      } catch (const std::exception& error) {
        bench.metrics.Fail(benchmark.name, error.what());
      }
    }
  }
}

int Run(const Options& options) {
  if (options.list) {
    for (const Benchmark& benchmark : AllBenchmarks())
      fmt::print("{:20} {}\n", benchmark.name, benchmark.summary);
    fmt::print("\n{}", apps::FormatDevices(apps::ListDevices()));
    return 0;
  }
  const std::vector<Benchmark> benchmarks = Chosen(options.only);
  const std::vector<DeviceInfo> devices = DevicesOfPlatform(options.platform);
  if (options.device < 0 || options.device >= static_cast<int>(devices.size())) {
    throw std::runtime_error(fmt::format("--device {}: the platform {} has {} usable device{}",
                                         options.device, devices.front().platform_name, devices.size(),
                                         devices.size() == 1 ? "" : "s"));
  }
  const DeviceInfo& device = devices[static_cast<std::size_t>(options.device)];
  const Target target({device});
  std::optional<Target> pair;
  std::string why_no_pair = "the platform has one usable device";
  if (devices.size() > 1) {
    const std::size_t second = options.device == 0 ? 1 : 0;
    try {
      pair.emplace(std::vector<DeviceInfo>{device, devices[second]});
    } catch (const std::exception& error) {
      why_no_pair = fmt::format("no context over two devices: {}", error.what());
    }
  }
  Metrics metrics;
  Measure(options, benchmarks,
          {target, pair ? &*pair : nullptr, why_no_pair.c_str(), {.quick = options.quick}, metrics});

  FILE* const human = options.json == "-" ? stderr : stdout;
  fmt::print(human, "{} of {} on {}\n\n{}", device.name, device.platform_name, device.host, metrics.Format());
  nlohmann::ordered_json result = metrics.ToJson();
  result["device"] = {{"name", device.name},
                      {"platform", device.platform_name},
                      {"driver", DriverVersion(device)},
                      {"type", apps::TypeName(device.type)},
                      {"compute_units", device.compute_units},
                      {"unified_memory", device.unified_memory}};
  result["rounds"] = options.rounds;
  result["quick"] = options.quick;
  const std::string text =
      result.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (options.json == "-") {
    fmt::print("{}", text);
  } else if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << text << std::flush;
    if (!file) throw std::runtime_error(fmt::format("--json: cannot write '{}'", options.json));
  }
  return metrics.any_failed() ? 1 : 0;
}

}  // namespace
}  // namespace clopencl::bench

int main(int argc, char** argv) {
  clopencl::bench::Options options;
  CLI::App app("Measures what OpenCL calls cost: latencies, bandwidths, rates.", "clopencl-bench");
  app.add_option("--platform", options.platform, "The first platform whose name contains this text")
      ->type_name("TEXT");
  app.add_option("--device", options.device, "Which of its usable devices")
      ->type_name("I")
      ->capture_default_str();
  app.add_option("--only", options.only, "Only these benchmarks, separated by commas")
      ->delimiter(',')
      ->type_name("NAME");
  app.add_option("--rounds", options.rounds, "Times that all benchmarks are run in turn")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--quick", options.quick, "A tenth of the repetitions, and nothing of 256 MiB");
  app.add_flag("--list", options.list, "Show the benchmarks and the devices, and end");
  app.add_option("--json", options.json, "Write the result to this file, too; '-' is standard output")
      ->type_name("FILE");
  app.footer(
      "Exit codes: 0 measured, 1 a benchmark failed, 2 an option is wrong or there is no such device.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return clopencl::bench::Run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "clopencl-bench: {}\n", error.what());
    return 2;
  }
}
