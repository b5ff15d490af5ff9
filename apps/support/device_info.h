// Every OpenCL device that the ICD loader shows, with what the programs need to know of it.
#pragma once

#include <CL/cl.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clopencl::apps {

struct DeviceInfo {
  int index = 0;  // position over all platforms, in the order the loader shows them
  cl_platform_id platform = nullptr;
  cl_device_id id = nullptr;
  std::string host;  // where the platform says it is, else this machine
  std::string platform_name;
  std::string name;
  cl_device_type type = 0;
  std::uint32_t compute_units = 0;
  std::uint64_t global_memory = 0;   // bytes
  std::uint64_t max_allocation = 0;  // bytes
  bool unified_memory = false;
  bool profiling = false;
  bool images = false;
  bool usable = false;  // available, with a compiler
};

/// "CPU", "GPU", "accelerator" or "other".
std::string TypeName(cl_device_type type);

/// All devices of all platforms; empty where there is none. Throws ClError when the loader itself fails.
std::vector<DeviceInfo> ListDevices();

/// Whether `host` is the machine that the program runs on; names are compared up to their first dot.
bool IsThisHost(std::string_view host);

/// A table of `devices`, one line each, for people.
std::string FormatDevices(const std::vector<DeviceInfo>& devices);

/// "3.3 GiB", "512 MiB", "12 KiB".
std::string FormatBytes(std::uint64_t bytes);

}  // namespace clopencl::apps
