// Platforms, device queries and extension functions.
#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

void PlatformQueries(Suite& s, Fixture& f) {
  s.Group("clGetPlatformIDs");
  s.Returns("nothing asked", CL_INVALID_VALUE, [&] { return clGetPlatformIDs(0, nullptr, nullptr); });
  s.Returns("no entries", CL_INVALID_VALUE, [&] {
    cl_platform_id platform = nullptr;
    return clGetPlatformIDs(0, &platform, nullptr);
  });
  s.Returns("count only", CL_SUCCESS, [&] {
    cl_uint count = 0;
    return clGetPlatformIDs(0, nullptr, &count);
  });

  s.Group("clGetPlatformInfo");
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return clGetPlatformInfo(f.device.platform, 0x1234, sizeof f.host, f.host, nullptr); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return clGetPlatformInfo(f.device.platform, CL_PLATFORM_NAME, 1, f.host, nullptr); });
  s.Returns("size zero", CL_INVALID_VALUE,
            [&] { return clGetPlatformInfo(f.device.platform, CL_PLATFORM_NAME, 0, f.host, nullptr); });
  s.Returns("nothing asked", CL_SUCCESS,
            [&] { return clGetPlatformInfo(f.device.platform, CL_PLATFORM_NAME, 0, nullptr, nullptr); });
  s.Returns("a device's token", CL_INVALID_VALUE, [&] {
    return clGetPlatformInfo(f.device.platform, CL_DEVICE_NAME, sizeof f.host, f.host, nullptr);
  });

  s.Group("clUnloadPlatformCompiler");
  s.Returns("null platform", CL_INVALID_PLATFORM, [&] { return clUnloadPlatformCompiler(nullptr); });
  s.Returns("valid", CL_SUCCESS, [&] { return clUnloadPlatformCompiler(f.device.platform); });
}

void DeviceLists(Suite& s, Fixture& f) {
  const cl_platform_id platform = f.device.platform;
  cl_device_id devices[64];
  cl_uint count = 0;

  s.Group("clGetDeviceIDs");
  s.Returns("type zero", CL_INVALID_DEVICE_TYPE,
            [&] { return clGetDeviceIDs(platform, 0, 64, devices, &count); });
  s.Returns("unknown type", CL_INVALID_DEVICE_TYPE,
            [&] { return clGetDeviceIDs(platform, cl_device_type{1} << 20, 64, devices, &count); });
  s.Returns("no entries", CL_INVALID_VALUE,
            [&] { return clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, devices, &count); });
  s.Returns("nothing asked", CL_INVALID_VALUE,
            [&] { return clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, nullptr); });
  s.Returns("entries without a list", {CL_SUCCESS, CL_INVALID_VALUE},
            [&] { return clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, nullptr, &count); });
  s.Returns("no count", CL_SUCCESS,
            [&] { return clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 64, devices, nullptr); });
  const cl_device_type own_type = f.device.Get<cl_device_type>(CL_DEVICE_TYPE);
  const struct {
    const char* name;
    cl_device_type type;
  } types[] = {{"CPU", CL_DEVICE_TYPE_CPU},
               {"GPU", CL_DEVICE_TYPE_GPU},
               {"accelerator", CL_DEVICE_TYPE_ACCELERATOR},
               {"custom", CL_DEVICE_TYPE_CUSTOM},
               {"default", CL_DEVICE_TYPE_DEFAULT},
               {"all", CL_DEVICE_TYPE_ALL},
               {"CPU or GPU", CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_GPU}};
  for (const auto& [name, type] : types) {
    const bool wanted = (type & own_type) != 0 || type == CL_DEVICE_TYPE_DEFAULT;
    s.Returns(name, wanted ? Codes(CL_SUCCESS) : Codes{CL_DEVICE_NOT_FOUND, CL_SUCCESS},
              [&, wanted_type = type] { return clGetDeviceIDs(platform, wanted_type, 64, devices, &count); });
  }

  s.Group("clGetDeviceInfo");
  s.Returns("null device", CL_INVALID_DEVICE,
            [&] { return clGetDeviceInfo(nullptr, CL_DEVICE_NAME, sizeof f.host, f.host, nullptr); });
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return clGetDeviceInfo(f.device.id, 0x1234, sizeof f.host, f.host, nullptr); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return clGetDeviceInfo(f.device.id, CL_DEVICE_NAME, 1, f.host, nullptr); });
  s.Returns("size zero", CL_INVALID_VALUE,
            [&] { return clGetDeviceInfo(f.device.id, CL_DEVICE_TYPE, 0, f.host, nullptr); });
  s.Returns("one byte short", CL_INVALID_VALUE,
            [&] { return clGetDeviceInfo(f.device.id, CL_DEVICE_TYPE, 7, f.host, nullptr); });
  s.Returns("larger than needed", CL_SUCCESS,
            [&] { return clGetDeviceInfo(f.device.id, CL_DEVICE_TYPE, sizeof f.host, f.host, nullptr); });
  s.Returns("nothing asked", CL_SUCCESS,
            [&] { return clGetDeviceInfo(f.device.id, CL_DEVICE_TYPE, 0, nullptr, nullptr); });
  s.Returns("a context's token", CL_INVALID_VALUE,
            [&] { return clGetDeviceInfo(f.device.id, CL_CONTEXT_DEVICES, sizeof f.host, f.host, nullptr); });
}

void ExtensionFunctions(Suite& s, Fixture& f) {
  s.Group("clGetExtensionFunctionAddressForPlatform");
  const auto address = [&](cl_platform_id platform, const char* name) {
    return clGetExtensionFunctionAddressForPlatform(platform, name) != nullptr;
  };
  s.Yields("unknown name", false, [&] { return address(f.device.platform, "clNoSuchFunctionKHR"); });
  s.Yields("empty name", false, [&] { return address(f.device.platform, ""); });
  s.Yields("null platform", false, [&] { return address(nullptr, "clIcdGetPlatformIDsKHR"); });
}

}  // namespace

void PlatformCases(Suite& s, Fixture& f) {
  PlatformQueries(s, f);
  DeviceLists(s, f);
  ExtensionFunctions(s, f);
}

}  // namespace clopencl::programs
