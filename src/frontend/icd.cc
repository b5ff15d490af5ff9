// The functions that the library exports: what ICD loaders look up (cl_khr_icd).
#include <CL/cl_ext.h>

#include <cstring>

#include "frontend/api/api.h"
#include "frontend/dispatch_table.h"
#include "frontend/entry.h"
#include "frontend/job.h"
#include "frontend/object.h"

#define CLOPENCL_EXPORT extern "C" __attribute__((visibility("default")))

using namespace clopencl::frontend;

CLOPENCL_EXPORT cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint num_entries, cl_platform_id* platforms,
                                                          cl_uint* num_platforms) {
  bool joined = false;
  internal::Fenced([&] { joined = JoinOnce(); });
  if (!joined) {
    if (num_platforms != nullptr) *num_platforms = 0;
    return CL_PLATFORM_NOT_FOUND_KHR;
  }
  return dispatch_table->clGetPlatformIDs(num_entries, platforms, num_platforms);
}

CLOPENCL_EXPORT void* CL_API_CALL clGetExtensionFunctionAddress(const char* name) {
  if (name != nullptr && std::strcmp(name, "clIcdGetPlatformIDsKHR") == 0)
    return reinterpret_cast<void*>(&clIcdGetPlatformIDsKHR);
  return FindExtensionFunction(name);
}

CLOPENCL_EXPORT cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id platform, cl_platform_info param,
                                                     size_t size, void* value, size_t* size_ret) {
  return dispatch_table->clGetPlatformInfo(platform, param, size, value, size_ret);
}
