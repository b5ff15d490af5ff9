#include "rankserver/model/device_model.h"

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "common/log.h"
#include "rankserver/model/sbmp.h"

namespace clopencl::rankserver {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// A device's transfers in both directions beside its kernel, and one that has just ended.
constexpr unsigned kThreadsPerDevice = 4;

// A launch may be late by one part in so many before anybody is told.
constexpr uint64_t kTolerance = 20;

uint64_t Now() { return static_cast<uint64_t>(steady_clock::now().time_since_epoch() / nanoseconds(1)); }

std::string ShortName(const std::string& host) { return host.substr(0, host.find('.')); }

// "1GiB", "512MiB", "8192" (bytes); 0 when it is none.
uint64_t ParseMemory(const std::string& text) {
  constexpr std::array kUnits = {std::pair("", 0), std::pair("KiB", 10), std::pair("MiB", 20),
                                 std::pair("GiB", 30)};
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return 0;
  const std::string unit(end, text.data() + text.size());
  const auto* const found =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& entry) { return unit == entry.first; });
  return found == kUnits.end() || number > (UINT64_MAX >> found->second) ? 0 : number << found->second;
}

cl_device_type ParseType(const std::string& text) {
  if (text == "gpu") return CL_DEVICE_TYPE_GPU;
  if (text == "cpu") return CL_DEVICE_TYPE_CPU;
  return text == "accelerator" ? CL_DEVICE_TYPE_ACCELERATOR : 0;
}

// What is wrong with the kind, or nothing.
std::string ParseKind(const toml::table& table, ModelledDevice& device) {
  device.name = table["name"].value_or(std::string());
  device.type = ParseType(table["type"].value_or(std::string()));
  device.memory = ParseMemory(table["memory"].value_or(std::string()));
  device.gflops = table["gflops"].value_or(0.0);
  if (device.name.empty()) return "has no name";
  if (device.type == 0) return "has no type \"gpu\", \"cpu\" or \"accelerator\"";
  if (device.memory == 0) return "has no memory, such as \"1GiB\"";
  if (!(device.gflops > 0) || !std::isfinite(device.gflops)) return "has no gflops above 0";
  return {};
}

}  // namespace

bool ParseModel(const std::string& text, const std::string& path, const std::string& host,
                std::vector<ModelledDevice>& devices, std::string& error) {
  toml::table model;
  try {
    model = toml::parse(text, path);
  } catch (const toml::parse_error& failure) {
    error = path + ", line " + std::to_string(failure.source().begin.line) + ": " +
            std::string(failure.description());
    return false;
  }
  std::map<std::string, ModelledDevice> kinds;
  if (const toml::table* table = model["device"].as_table(); table != nullptr) {
    for (const auto& [key, value] : *table) {
      const std::string kind(key.str());
      const std::string wrong =
          value.is_table() ? ParseKind(*value.as_table(), kinds[kind]) : std::string("is no table");
      if (wrong.empty()) continue;
      error = path + ": the device " + kind + " " + wrong;
      return false;
    }
  }
  const toml::array* nodes = model["node"].as_array();
  for (size_t i = 0; nodes != nullptr && i < nodes->size(); ++i) {
    const toml::table* node = nodes->get_as<toml::table>(i);
    if (node == nullptr || ShortName((*node)["name"].value_or(std::string())) != ShortName(host)) continue;
    const toml::array* names = (*node)["devices"].as_array();
    for (size_t j = 0; names != nullptr && j < names->size(); ++j) {
      const std::string kind = names->get(j)->value_or(std::string());
      if (!kinds.contains(kind)) {
        error = path + ": the node " + host + " has a device \"" + kind + "\", but there is no [device." +
                kind + "]";
        return false;
      }
      devices.push_back(kinds[kind]);
    }
  }
  return true;
}

// When a device is free for the next kernel, and what came too late.
struct DeviceModel::Timeline {
  ModelledDevice device;
  uint64_t free = 0;  // Only the device's kernels touch it, one at a time.
  std::atomic<bool> warned = false;
};

DeviceModel::DeviceModel(const std::vector<ModelledDevice>& devices) {
  MemoryOpenCl::Settings settings;
  settings.devices.clear();
  settings.platform = "clOpenCL device model";
  settings.version = "OpenCL 1.2 model";
  settings.one_kernel_a_device = true;
  settings.only_known_kernels = true;
  settings.threads = kThreadsPerDevice * static_cast<unsigned>(std::max<size_t>(devices.size(), 1));
  for (const ModelledDevice& device : devices) {
    settings.largest_buffer = std::max<size_t>(settings.largest_buffer, device.memory);
    settings.devices.push_back({.name = device.name,
                                .type = device.type,
                                .unified = device.type == CL_DEVICE_TYPE_CPU,
                                .memory = device.memory,
                                .max_allocation = device.memory,
                                .units = 1});
    timelines_.push_back(std::make_unique<Timeline>());
    timelines_.back()->device = device;
  }
  opencl_ = std::make_unique<MemoryOpenCl>(settings);
  opencl_->RemoveKernels();
  opencl_->AddKernel("sbmp", [this](KernelCall& call) { return Run(call, *timelines_[call.device]); });
}

DeviceModel::~DeviceModel() = default;

cl_int DeviceModel::Run(KernelCall& call, Timeline& timeline) const {
  SbmpLaunch launch;
  if (const cl_int error = ParseSbmp(call, launch); error != CL_SUCCESS) return error;
  // What the host needs to notice that the kernel before has ended is not the device's time.
  call.began = std::max(call.ready, timeline.free);
  call.ended = call.began + static_cast<uint64_t>(launch.flop() / timeline.device.gflops);
  ComputeSbmp(launch);
  const uint64_t now = Now();
  if (now > call.ended) {
    // The launch with rows of one element that warms up is too short for anybody.
    const bool matters = now - call.ended > (call.ended - call.began) / kTolerance;
    if (launch.n > 1 && matters && !timeline.warned.exchange(true)) {
      Log().warn(
          "{} should take {:.1f} ms for a kernel, but this host needs {:.1f} ms to compute it: times are not "
          "the model's",
          timeline.device.name, static_cast<double>(call.ended - call.began) * 1e-6,
          static_cast<double>(now - call.began) * 1e-6);
    }
    call.ended = now;
  }
  timeline.free = call.ended;
  std::this_thread::sleep_until(steady_clock::time_point(nanoseconds(call.ended)));
  return CL_COMPLETE;
}

bool LoadModel(const std::string& path, const std::string& host, NativeApi& api, std::string& error) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open()) {
    error = "CLOPENCL_MODEL: " + path + " can't be read on " + host;
    return false;
  }
  std::vector<ModelledDevice> devices;
  if (!ParseModel(text, path, host, devices, error)) return false;
  static std::unique_ptr<DeviceModel> model;
  model = std::make_unique<DeviceModel>(devices);
  api = DeviceModel::Api();
  return true;
}

}  // namespace clopencl::rankserver
