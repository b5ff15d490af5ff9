#include <CL/cl_ext.h>

#include "info_dump/world.h"

namespace clopencl::programs {

void DumpPlatform(World& world) {
  Dump("platform",
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetPlatformInfo(world.device.platform, token, size, value, size_ret);
       },
       world.handles,
       {
           INFO(CL_PLATFORM_PROFILE, kText),
           INFO(CL_PLATFORM_VERSION, kText),
           INFO(CL_PLATFORM_NAME, kText),
           INFO(CL_PLATFORM_VENDOR, kText),
           INFO(CL_PLATFORM_EXTENSIONS, kTextWords),
           INFO(CL_PLATFORM_HOST_TIMER_RESOLUTION, kUlong),
           INFO(CL_PLATFORM_NUMERIC_VERSION, kVersion),
           INFO(CL_PLATFORM_EXTENSIONS_WITH_VERSION, kNameVersions),
           INFO(CL_PLATFORM_ICD_SUFFIX_KHR, kText),
       });
}

}  // namespace clopencl::programs
