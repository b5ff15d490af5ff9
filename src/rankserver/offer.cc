#include "rankserver/offer.h"

#include <CL/cl_ext.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "common/log.h"

namespace clopencl::rankserver {
namespace {

// What our own driver calls itself in CL_PLATFORM_EXTENSIONS.
constexpr char kOurExtension[] = "cl_clopencl_host_name";

template <typename Query>
std::string AskText(Query query) {
  size_t size = 0;
  if (query(size_t{0}, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  if (query(size, text.data(), nullptr) != CL_SUCCESS) return {};
  text.resize(std::char_traits<char>::length(text.c_str()));
  return text;
}

std::vector<OfferedDevice> FindDevices(const NativeApi& api, cl_platform_id platform) {
  cl_uint count = 0;
  if (api.GetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS || count == 0)
    return {};
  std::vector<cl_device_id> natives(count);
  if (api.GetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, natives.data(), nullptr) != CL_SUCCESS) return {};
  std::vector<OfferedDevice> devices;
  for (uint32_t i = 0; i < count; ++i) devices.push_back({i, natives[i]});
  return devices;
}

size_t CountDevices(const std::vector<OfferedPlatform>& platforms) {
  size_t count = 0;
  for (const OfferedPlatform& platform : platforms) count += platform.devices.size();
  return count;
}

}  // namespace

bool IsCpu(const NativeApi& api, cl_device_id device) {
  cl_device_type type = 0;
  api.GetDeviceInfo(device, CL_DEVICE_TYPE, sizeof type, &type, nullptr);
  return (type & CL_DEVICE_TYPE_CPU) != 0;
}

bool AnyCpu(const std::vector<OfferedPlatform>& platforms) {
  return std::any_of(platforms.begin(), platforms.end(), [&](const OfferedPlatform& platform) {
    return std::any_of(platform.devices.begin(), platform.devices.end(),
                       [&](const OfferedDevice& device) { return IsCpu(platform.api, device.native); });
  });
}

std::string PlatformText(const NativeApi& api, cl_platform_id platform, cl_platform_info param) {
  return AskText([&](size_t size, void* value, size_t* size_ret) {
    return api.GetPlatformInfo(platform, param, size, value, size_ret);
  });
}

std::string DeviceText(const NativeApi& api, cl_device_id device, cl_device_info param) {
  return AskText([&](size_t size, void* value, size_t* size_ret) {
    return api.GetDeviceInfo(device, param, size, value, size_ret);
  });
}

std::string PciAddress(const NativeApi& api, cl_device_id device) {
  std::array<char, 32> text{};
  cl_device_pci_bus_info_khr info{};
  if (api.GetDeviceInfo(device, CL_DEVICE_PCI_BUS_INFO_KHR, sizeof info, &info, nullptr) == CL_SUCCESS) {
    std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", info.pci_domain, info.pci_bus,
                  info.pci_device, info.pci_function);
    return text.data();
  }
  // cl_nv_device_attribute_query: bus and slot.
  constexpr cl_device_info kBusNv = 0x4008, kSlotNv = 0x4009;
  cl_uint bus = 0, slot = 0;
  if (api.GetDeviceInfo(device, kBusNv, sizeof bus, &bus, nullptr) == CL_SUCCESS &&
      api.GetDeviceInfo(device, kSlotNv, sizeof slot, &slot, nullptr) == CL_SUCCESS) {
    std::snprintf(text.data(), text.size(), "0000:%02x:%02x.%x", bus & 0xffu, (slot >> 3) & 0x1fu, slot & 7u);
    return text.data();
  }
  cl_device_topology_amd topology{};
  constexpr cl_uint kPcie = 1;
  if (api.GetDeviceInfo(device, CL_DEVICE_TOPOLOGY_AMD, sizeof topology, &topology, nullptr) == CL_SUCCESS &&
      topology.raw.type == kPcie) {
    std::snprintf(
        text.data(), text.size(), "0000:%02x:%02x.%x", static_cast<unsigned char>(topology.pcie.bus),
        static_cast<unsigned char>(topology.pcie.device), static_cast<unsigned char>(topology.pcie.function));
    return text.data();
  }
  return {};
}

std::vector<OfferedPlatform> FindPlatforms(const NativeApi& api) {
  cl_uint count = 0;
  if (api.GetPlatformIDs(0, nullptr, &count) != CL_SUCCESS || count == 0) return {};
  std::vector<cl_platform_id> natives(count);
  if (api.GetPlatformIDs(count, natives.data(), nullptr) != CL_SUCCESS) return {};
  std::vector<OfferedPlatform> platforms;
  for (uint32_t i = 0; i < count; ++i) {
    const std::string extensions = PlatformText(api, natives[i], CL_PLATFORM_EXTENSIONS);
    if (extensions.find(kOurExtension) != std::string::npos) continue;
    const int version = ParseVersion(PlatformText(api, natives[i], CL_PLATFORM_VERSION));
    if (version < kLeastVersion) {
      Log().warn("platform {} ({}) is older than OpenCL 1.2 and is not served", i,
                 PlatformText(api, natives[i], CL_PLATFORM_NAME));
      continue;
    }
    OfferedPlatform platform{i, natives[i], ForVersion(api, version), FindDevices(api, natives[i])};
    LoadExtensions(platform.api, natives[i]);
    if (!platform.devices.empty()) platforms.push_back(std::move(platform));
  }
  return platforms;
}

std::vector<OfferedPlatform> Choose(const std::vector<OfferedPlatform>& found,
                                    const std::vector<ServeRequest>& requests, std::string& error) {
  if (requests.empty()) return found;
  std::vector<OfferedPlatform> chosen;
  for (const ServeRequest& request : requests) {
    const auto platform =
        std::find_if(found.begin(), found.end(), [&](const auto& p) { return p.index == request.platform; });
    if (platform == found.end()) {
      error = "there is no native platform " + std::to_string(request.platform) +
              " to serve here; clopencl-rankserver --list shows what there is";
      return {};
    }
    auto channel = std::find_if(chosen.begin(), chosen.end(),
                                [&](const auto& p) { return p.index == request.platform; });
    if (channel == chosen.end()) {
      chosen.push_back({platform->index, platform->native, platform->api, {}});
      channel = chosen.end() - 1;
    }
    for (const uint32_t index : request.devices) {
      const auto same = [&](const OfferedDevice& device) { return device.index == index; };
      const auto device = std::find_if(platform->devices.begin(), platform->devices.end(), same);
      if (device == platform->devices.end()) {
        error = "native platform " + std::to_string(request.platform) + " has no device " +
                std::to_string(index) + "; clopencl-rankserver --list shows what there is";
        return {};
      }
      if (std::none_of(channel->devices.begin(), channel->devices.end(), same))
        channel->devices.push_back(*device);
    }
  }
  return chosen;
}

std::vector<OfferedPlatform> TakeShare(const std::vector<OfferedPlatform>& found, Share share) {
  const size_t devices = CountDevices(found);
  if (share.servers <= 1 || devices == 0) return found;
  std::vector<OfferedPlatform> mine;
  size_t index = 0;
  for (const OfferedPlatform& platform : found) {
    OfferedPlatform part{platform.index, platform.native, platform.api, {}};
    for (const OfferedDevice& device : platform.devices) {
      // With fewer devices than servers, each device goes to every server that comes round to it.
      const bool is_mine =
          devices >= share.servers ? index % share.servers == share.server : share.server % devices == index;
      if (is_mine) part.devices.push_back(device);
      ++index;
    }
    if (!part.devices.empty()) mine.push_back(std::move(part));
  }
  return mine;
}

}  // namespace clopencl::rankserver
