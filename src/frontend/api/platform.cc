#include <CL/cl_ext.h>
#include <CL/cl_ext_clopencl.h>

#include "frontend/api/api.h"
#include "frontend/core/device.h"
#include "frontend/core/platform.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {

void GetPlatformIDs(cl_uint num_entries, cl_platform_id* platforms, cl_uint* num_platforms) {
  Require(!(num_entries == 0 && platforms != nullptr), CL_INVALID_VALUE);
  Require(platforms != nullptr || num_platforms != nullptr, CL_INVALID_VALUE);
  const Runtime* runtime = Runtime::Instance();
  Require(runtime != nullptr && !runtime->platforms().empty(), CL_PLATFORM_NOT_FOUND_KHR);
  const auto& all = runtime->platforms();
  if (platforms != nullptr)
    for (cl_uint i = 0; i < num_entries && i < all.size(); ++i) platforms[i] = all[i]->handle();
  if (num_platforms != nullptr) *num_platforms = static_cast<cl_uint>(all.size());
}

void GetPlatformInfo(cl_platform_id handle, cl_platform_info param, size_t size, void* value,
                     size_t* size_ret) {
  const Platform& platform = Get<Platform>(handle, CL_INVALID_PLATFORM);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_PLATFORM_PROFILE:
      return sink.PutText(platform.profile());
    case CL_PLATFORM_VERSION:
      return sink.PutText(platform.version());
    case CL_PLATFORM_NUMERIC_VERSION:
      return sink.Put(platform.numeric_version());
    case CL_PLATFORM_NAME:
      return sink.PutText(platform.name());
    case CL_PLATFORM_VENDOR:
      return sink.PutText(platform.vendor());
    case CL_PLATFORM_EXTENSIONS:
      return sink.PutText(platform.extensions());
    case CL_PLATFORM_EXTENSIONS_WITH_VERSION:
      return sink.PutArray(platform.extension_versions());
    case CL_PLATFORM_HOST_TIMER_RESOLUTION:
      return sink.Put(platform.timer_resolution());
    case CL_PLATFORM_ICD_SUFFIX_KHR:
      return sink.PutText("CLOPENCL");
    case CL_PLATFORM_HOSTNAME:
      return sink.PutText(platform.host());
    case CL_PLATFORM_TRAFFIC_CLOPENCL:
      return sink.PutArray(TheRuntime().transport().traffic());
    default:
      Fail(CL_INVALID_VALUE);
  }
}

void UnloadPlatformCompiler(cl_platform_id handle) {
  const Platform& platform = Get<Platform>(handle, CL_INVALID_PLATFORM);
  std::lock_guard lock(TheRuntime().command_mutex());
  for (Session* session : platform.sessions()) session->Post(wire::UnloadCompiler{});
}

// Names no platform, so it has nobody to tell.
void UnloadCompiler() {}

}  // namespace clopencl::frontend::api
