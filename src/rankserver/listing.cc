#include "rankserver/listing.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace clopencl::rankserver {
namespace {

struct Line {
  uint32_t platform_index = 0;
  uint32_t device_index = 0;
  std::string platform;
  std::string name;
  std::string type;
  cl_uint compute_units = 0;
  cl_ulong global_memory = 0;
  std::string pci_address;
  bool cpu = false;
};

std::string TypeName(cl_device_type type) {
  if ((type & CL_DEVICE_TYPE_CPU) != 0) return "cpu";
  if ((type & CL_DEVICE_TYPE_GPU) != 0) return "gpu";
  if ((type & CL_DEVICE_TYPE_ACCELERATOR) != 0) return "accelerator";
  return "custom";
}

std::vector<Line> Lines(const std::vector<OfferedPlatform>& platforms) {
  std::vector<Line> lines;
  for (const OfferedPlatform& platform : platforms) {
    for (const OfferedDevice& device : platform.devices) {
      const auto ask = [&](cl_device_info param, auto& value) {
        platform.api.GetDeviceInfo(device.native, param, sizeof value, &value, nullptr);
      };
      Line line;
      line.platform_index = platform.index;
      line.device_index = device.index;
      line.platform = PlatformText(platform.api, platform.native, CL_PLATFORM_NAME);
      line.name = DeviceText(platform.api, device.native, CL_DEVICE_NAME);
      cl_device_type type = 0;
      ask(CL_DEVICE_TYPE, type);
      line.type = TypeName(type);
      line.cpu = (type & CL_DEVICE_TYPE_CPU) != 0;
      ask(CL_DEVICE_MAX_COMPUTE_UNITS, line.compute_units);
      ask(CL_DEVICE_GLOBAL_MEM_SIZE, line.global_memory);
      line.pci_address = PciAddress(platform.api, device.native);
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::string Bytes(uint64_t bytes) {
  constexpr uint64_t kGib = uint64_t{1} << 30, kMib = uint64_t{1} << 20;
  return bytes >= kGib ? fmt::format("{:.1f} GiB", static_cast<double>(bytes) / kGib)
                       : fmt::format("{} MiB", bytes / kMib);
}

}  // namespace

std::string ListingTable(const std::vector<OfferedPlatform>& platforms, const std::vector<unsigned>& cpus) {
  const std::vector<Line> lines = Lines(platforms);
  if (lines.empty()) return "no native OpenCL device to serve\n";
  size_t platform_width = 8, name_width = 6;
  for (const Line& line : lines) {
    platform_width = std::max(platform_width, line.platform.size());
    name_width = std::max(name_width, line.name.size());
  }
  std::string text =
      fmt::format("{:<7} {:<{}}  {:<{}}  {:<11} {:>5} {:>10}  {:<12} {}\n", "serve", "platform",
                  platform_width, "device", name_width, "type", "units", "memory", "PCI", "CPUs");
  for (const Line& line : lines) {
    text += fmt::format("{:<7} {:<{}}  {:<{}}  {:<11} {:>5} {:>10}  {:<12} {}\n",
                        fmt::format("{}:{}", line.platform_index, line.device_index), line.platform,
                        platform_width, line.name, name_width, line.type, line.compute_units,
                        Bytes(line.global_memory), line.pci_address.empty() ? "-" : line.pci_address,
                        cpus.empty() ? "any" : fmt::format("{}", fmt::join(cpus, ",")));
  }
  return text;
}

std::string ListingJson(const std::vector<OfferedPlatform>& platforms, const std::vector<unsigned>& cpus) {
  nlohmann::json devices = nlohmann::json::array();
  for (const Line& line : Lines(platforms)) {
    nlohmann::json entry = {{"platform_index", line.platform_index},
                            {"device_index", line.device_index},
                            {"platform", line.platform},
                            {"name", line.name},
                            {"type", line.type},
                            {"compute_units", line.compute_units},
                            {"global_memory", line.global_memory}};
    if (!line.pci_address.empty()) entry["pci_address"] = line.pci_address;
    if (!cpus.empty()) entry["cpus"] = cpus;
    devices.push_back(std::move(entry));
  }
  // Names come from drivers; what is no UTF-8 is replaced.
  return nlohmann::json{{"devices", devices}}.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace clopencl::rankserver
