#include "rankserver/native_api.h"

#include <dlfcn.h>

#include <cstdio>

namespace clopencl::rankserver {
namespace {

constexpr char kLoader[] = "libOpenCL.so.1";

}  // namespace

bool LoadNativeApi(NativeApi& api, std::string& error) {
  void* library = dlopen(kLoader, RTLD_NOW | RTLD_LOCAL);  // Stays loaded: drivers leave threads behind.
  if (library == nullptr) {
    const char* reason = dlerror();
    error = std::string("the OpenCL ICD loader can't be loaded (") + (reason != nullptr ? reason : kLoader) +
            "); install it, on Debian the package ocl-icd-libopencl1";
    return false;
  }
  const char* missing = nullptr;
#define CLOPENCL_LOAD(name)                                                    \
  api.name = reinterpret_cast<decltype(api.name)>(dlsym(library, "cl" #name)); \
  if (api.name == nullptr) missing = "cl" #name;
#define CLOPENCL_LOAD_OPTIONAL(name, since) \
  api.name = reinterpret_cast<decltype(api.name)>(dlsym(library, "cl" #name));
  CLOPENCL_REQUIRED_NATIVES(CLOPENCL_LOAD)
  CLOPENCL_OPTIONAL_NATIVES(CLOPENCL_LOAD_OPTIONAL)
  CLOPENCL_LOAD_OPTIONAL(GetExtensionFunctionAddressForPlatform, 12)
#undef CLOPENCL_LOAD
#undef CLOPENCL_LOAD_OPTIONAL
  if (missing != nullptr) {
    error =
        std::string(kLoader) + " has no " + missing + "; OpenCL 1.2 is the least that a rank server needs";
    return false;
  }
  return true;
}

NativeApi ForVersion(const NativeApi& api, int version) {
  NativeApi result = api;
#define CLOPENCL_LIMIT(name, since) \
  if (version < (since)) result.name = nullptr;
  CLOPENCL_OPTIONAL_NATIVES(CLOPENCL_LIMIT)
#undef CLOPENCL_LIMIT
  return result;
}

void LoadExtensions(NativeApi& api, cl_platform_id platform) {
  if (api.GetExtensionFunctionAddressForPlatform == nullptr) return;
#define CLOPENCL_LOAD_EXTENSION(name, type)        \
  api.name = reinterpret_cast<decltype(api.name)>( \
      api.GetExtensionFunctionAddressForPlatform(platform, "cl" #name "KHR"));
  CLOPENCL_COMMAND_BUFFER_NATIVES(CLOPENCL_LOAD_EXTENSION)
#undef CLOPENCL_LOAD_EXTENSION
}

cl_int ExecutionStatus(const NativeApi& api, cl_event event) {
  cl_int status = CL_QUEUED;
  const cl_int error =
      api.GetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr);
  return error == CL_SUCCESS ? status : error;
}

int ParseVersion(const std::string& text) {
  int major = 0, minor = 0;
  if (std::sscanf(text.c_str(), "OpenCL %d.%d", &major, &minor) != 2) return 10;
  return major * 10 + minor;
}

}  // namespace clopencl::rankserver
