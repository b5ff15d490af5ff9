#include "support/device_info.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "support/cl_error.h"
#include "support/text_table.h"
#if __has_include(<CL/cl_ext_clopencl.h>)
#include <CL/cl_ext_clopencl.h>
#endif

namespace clopencl::apps {
namespace {

constexpr cl_int kPlatformNotFoundKhr = -1001;

std::string LocalHost() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

std::string PlatformString(cl_platform_id platform, cl_platform_info what) {
  std::size_t size = 0;
  if (clGetPlatformInfo(platform, what, 0, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  if (clGetPlatformInfo(platform, what, size, text.data(), nullptr) != CL_SUCCESS) return {};
  text.resize(std::string_view(text.c_str()).size());
  return text;
}

std::string DeviceString(cl_device_id device, cl_device_info what) {
  std::size_t size = 0;
  Check(clGetDeviceInfo(device, what, 0, nullptr, &size), "clGetDeviceInfo");
  std::string text(size, '\0');
  Check(clGetDeviceInfo(device, what, size, text.data(), nullptr), "clGetDeviceInfo");
  text.resize(std::string_view(text.c_str()).size());
  return text;
}

template <typename T>
T DeviceValue(cl_device_id device, cl_device_info what) {
  T value{};
  Check(clGetDeviceInfo(device, what, sizeof(value), &value, nullptr), "clGetDeviceInfo");
  return value;
}

std::string PlatformHost(cl_platform_id platform, const std::string& local_host) {
#ifdef CL_PLATFORM_HOSTNAME
  if (std::string host = PlatformString(platform, CL_PLATFORM_HOSTNAME); !host.empty()) return host;
#else
  static_cast<void>(platform);
#endif
  return local_host;
}

// Devices of a merged platform live on several hosts.
std::string DeviceHost(cl_device_id device, const std::string& platform_host) {
#ifdef CL_DEVICE_HOSTNAME_CLOPENCL
  std::array<char, 256> name{};
  if (clGetDeviceInfo(device, CL_DEVICE_HOSTNAME_CLOPENCL, name.size() - 1, name.data(), nullptr) ==
      CL_SUCCESS)
    return name.data();
#else
  static_cast<void>(device);
#endif
  return platform_host;
}

DeviceInfo Describe(cl_device_id id) {
  DeviceInfo device;
  device.id = id;
  device.name = DeviceString(id, CL_DEVICE_NAME);
  device.type = DeviceValue<cl_device_type>(id, CL_DEVICE_TYPE);
  device.compute_units = DeviceValue<cl_uint>(id, CL_DEVICE_MAX_COMPUTE_UNITS);
  device.global_memory = DeviceValue<cl_ulong>(id, CL_DEVICE_GLOBAL_MEM_SIZE);
  device.max_allocation = DeviceValue<cl_ulong>(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  device.unified_memory = DeviceValue<cl_bool>(id, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0;
  device.images = DeviceValue<cl_bool>(id, CL_DEVICE_IMAGE_SUPPORT) != 0;
  const auto queue = DeviceValue<cl_command_queue_properties>(id, CL_DEVICE_QUEUE_PROPERTIES);
  device.profiling = (queue & CL_QUEUE_PROFILING_ENABLE) != 0;
  device.usable = DeviceValue<cl_bool>(id, CL_DEVICE_AVAILABLE) != 0 &&
                  DeviceValue<cl_bool>(id, CL_DEVICE_COMPILER_AVAILABLE) != 0;
  return device;
}

std::vector<cl_platform_id> Platforms() {
  cl_uint count = 0;
  const cl_int code = clGetPlatformIDs(0, nullptr, &count);
  if (code == kPlatformNotFoundKhr || (code == CL_SUCCESS && count == 0)) return {};
  Check(code, "clGetPlatformIDs");
  std::vector<cl_platform_id> platforms(count);
  Check(clGetPlatformIDs(count, platforms.data(), nullptr), "clGetPlatformIDs");
  return platforms;
}

std::vector<cl_device_id> DevicesOf(cl_platform_id platform) {
  cl_uint count = 0;
  const cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count);
  if (code == CL_DEVICE_NOT_FOUND || (code == CL_SUCCESS && count == 0)) return {};
  Check(code, "clGetDeviceIDs");
  std::vector<cl_device_id> ids(count);
  Check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids.data(), nullptr), "clGetDeviceIDs");
  return ids;
}

}  // namespace

std::string TypeName(cl_device_type type) {
  if ((type & CL_DEVICE_TYPE_GPU) != 0) return "GPU";
  if ((type & CL_DEVICE_TYPE_CPU) != 0) return "CPU";
  if ((type & CL_DEVICE_TYPE_ACCELERATOR) != 0) return "accelerator";
  return "other";
}

std::vector<DeviceInfo> ListDevices() {
  const std::string local_host = LocalHost();
  std::vector<DeviceInfo> devices;
  for (cl_platform_id platform : Platforms()) {
    const std::string name = PlatformString(platform, CL_PLATFORM_NAME);
    const std::string host = PlatformHost(platform, local_host);
    for (cl_device_id id : DevicesOf(platform)) {
      DeviceInfo device = Describe(id);
      device.index = static_cast<int>(devices.size());
      device.platform = platform;
      device.platform_name = name;
      device.host = DeviceHost(id, host);
      devices.push_back(std::move(device));
    }
  }
  return devices;
}

bool IsThisHost(std::string_view host) {
  const std::string local = LocalHost();
  const auto first = [](std::string_view name) { return name.substr(0, name.find('.')); };
  return first(host) == first(local);
}

std::string FormatDevices(const std::vector<DeviceInfo>& devices) {
  TextTable table({{"#", TextTable::kRight},
                   {"host"},
                   {"platform", TextTable::kLeft, 32},
                   {"device", TextTable::kLeft, 40},
                   {"type"},
                   {"units", TextTable::kRight},
                   {"memory", TextTable::kRight},
                   {"largest buffer", TextTable::kRight},
                   {"usable"}});
  for (const DeviceInfo& device : devices) {
    table.AddRow({std::to_string(device.index), device.host, device.platform_name, device.name,
                  TypeName(device.type), std::to_string(device.compute_units),
                  FormatBytes(device.global_memory), FormatBytes(device.max_allocation),
                  device.usable ? "yes" : "no"});
  }
  return table.Format();
}

std::string FormatBytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const bool whole = value == static_cast<double>(static_cast<std::uint64_t>(value)) || value >= 100;
  return whole ? fmt::format("{:.0f} {}", value, kUnits[unit])
               : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace clopencl::apps
