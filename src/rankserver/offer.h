// Which native platforms and devices there are, and which of them this rank server serves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rankserver/native_api.h"

namespace clopencl::rankserver {

// Devices by their place in the native runtime's lists.
struct ServeRequest {
  uint32_t platform = 0;
  std::vector<uint32_t> devices;
};

struct OfferedDevice {
  uint32_t index = 0;  // In its platform.
  cl_device_id native = nullptr;
};

// One channel of a rank server.
struct OfferedPlatform {
  uint32_t index = 0;
  cl_platform_id native = nullptr;
  NativeApi api;  // Without the functions that the platform does not have.
  std::vector<OfferedDevice> devices;
};

// Every native platform that can be served, with all its devices. Our own driver is left out, should the
// loader know it here.
std::vector<OfferedPlatform> FindPlatforms(const NativeApi& api);

// What `requests` name (empty: everything). A wish that can't be met is described in `error`, and nothing is
// offered.
std::vector<OfferedPlatform> Choose(const std::vector<OfferedPlatform>& found,
                                    const std::vector<ServeRequest>& requests, std::string& error);

// One of several rank servers on a node that were told nothing.
struct Share {
  uint32_t server = 0;  // Of `servers`.
  uint32_t servers = 1;
};
// The devices of one of them: whole devices as long as there are enough, else each device for several
// servers.
std::vector<OfferedPlatform> TakeShare(const std::vector<OfferedPlatform>& found, Share share);

// Whether the device is the node's processor.
bool IsCpu(const NativeApi& api, cl_device_id device);
// Whether one of them is.
bool AnyCpu(const std::vector<OfferedPlatform>& platforms);

// An answer of a native info query; empty when the query fails.
std::string PlatformText(const NativeApi& api, cl_platform_id platform, cl_platform_info param);
std::string DeviceText(const NativeApi& api, cl_device_id device, cl_device_info param);

// "0000:65:00.0", or empty where the device does not tell.
std::string PciAddress(const NativeApi& api, cl_device_id device);

}  // namespace clopencl::rankserver
