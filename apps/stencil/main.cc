// clopencl-stencil: heat on a plate, on all devices of one platform in one context.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <stdexcept>

#include "stencil/heat.h"
#include "support/cl_error.h"

namespace clopencl::stencil {
namespace {

using apps::DeviceInfo;

enum ExitCode { kCorrect = 0, kWrong = 1, kUsage = 2, kNoDevice = 4, kDeviceFailed = 7 };

struct Options {
  std::size_t n = 1024;
  std::size_t steps = 200;
  std::size_t parts = 0;  // 0: as many as devices.
  std::string platform;
  unsigned seed = 1;
  bool verify = true;
  bool list = false;
};

// The usable devices of the platform whose name holds the text; without one, of that with the most devices.
std::vector<DeviceInfo> ChooseDevices(const std::string& platform) {
  std::map<cl_platform_id, std::vector<DeviceInfo>> by_platform;
  for (const DeviceInfo& device : apps::ListDevices()) {
    if (device.usable && device.platform_name.find(platform) != std::string::npos)
      by_platform[device.platform].push_back(device);
  }
  const auto most =
      std::max_element(by_platform.begin(), by_platform.end(),
                       [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  return most == by_platform.end() ? std::vector<DeviceInfo>{} : most->second;
}

double Run(Heat& heat, std::size_t steps) {
  heat.Run(0);  // Whatever is still on its way to the devices.
  const auto start = std::chrono::steady_clock::now();
  heat.Run(steps);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void PrintSpeed(const char* who, std::size_t cells, std::size_t steps, double seconds) {
  fmt::print("{:<14} {:8.3f} s  {:10.1f} million cells/s\n", who, seconds,
             static_cast<double>(cells) * static_cast<double>(steps) / seconds / 1e6);
}

ExitCode Compute(const Options& options) {
  const std::vector<DeviceInfo> devices = ChooseDevices(options.platform);
  if (devices.empty()) {
    fmt::print(stderr, "clopencl-stencil: there is no OpenCL device{}\n",
               options.platform.empty() ? "" : " on a platform with that name");
    return kNoDevice;
  }
  fmt::print("{}", apps::FormatDevices(devices));
  if (options.list) return kCorrect;
  const std::size_t parts = std::min(options.parts != 0 ? options.parts : devices.size(), options.n / 2);
  const std::vector<float> plate = InitialPlate(options.n, options.seed);
  Heat together(devices, parts, plate, options.n);
  const double seconds = Run(together, options.steps);
  const std::vector<float> result = together.Read();
  fmt::print("{} x {} cells, {} steps, {} parts on {} devices\n", options.n, options.n, options.steps, parts,
             devices.size());
  PrintSpeed("all devices", plate.size(), options.steps, seconds);
  if (!options.verify) {
    fmt::print("not verified\n");
    return kCorrect;
  }
  Heat alone({devices.front()}, 1, plate, options.n);
  PrintSpeed("one device", plate.size(), options.steps, Run(alone, options.steps));
  const std::vector<float> expected = alone.Read();
  const auto [wrong, right] = std::mismatch(result.begin(), result.end(), expected.begin());
  if (wrong == result.end()) {
    fmt::print("correct: all {} cells are what one device computes\n", result.size());
    return kCorrect;
  }
  const auto at = static_cast<std::size_t>(wrong - result.begin());
  fmt::print(stderr, "clopencl-stencil: row {}, column {} is {}, expected {}\n", at / options.n,
             at % options.n, *wrong, *right);
  return kWrong;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Spreads heat over a plate, step by step, on all devices of one OpenCL platform in one context. Each "
      "has "
      "some rows,\nand after each step neighbours get copies of the outermost ones.",
      "clopencl-stencil");
  app.footer(
      "Exit codes: 0 correct, 1 not what one device computes, 2 an option is wrong, 4 no device, 7 a call "
      "failed.");
  app.add_option("--n", options.n, "Rows and columns of the plate")
      ->check(CLI::Range(4, 32768))
      ->capture_default_str();
  app.add_option("--steps", options.steps, "Steps")->check(CLI::Range(1, 1000000))->capture_default_str();
  app.add_option("--parts", options.parts, "Parts of the plate; default: one for each device")
      ->check(CLI::Range(1, 16384));
  app.add_option("--platform", options.platform,
                 "Part of the platform's name; default: that with most devices");
  app.add_option("--seed", options.seed, "Chooses the plate's first state")->capture_default_str();
  app.add_flag("--list", options.list, "List the devices and end");
  app.add_flag_callback(
      "--no-verify", [&] { options.verify = false; }, "Do not compare with one device");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kCorrect : kUsage;
  }
  try {
    return Compute(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "clopencl-stencil: {}\n", error.what());
    return kDeviceFailed;
  }
}

}  // namespace
}  // namespace clopencl::stencil

int main(int argc, char** argv) { return clopencl::stencil::Main(argc, argv); }
