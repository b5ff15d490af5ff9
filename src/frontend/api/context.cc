#include "frontend/core/context.h"

#include <algorithm>

#include "frontend/api/api.h"
#include "frontend/core/own_programs.h"
#include "frontend/core/platform.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {
namespace {

struct ContextProperties {
  std::vector<cl_context_properties> given;  // With the final 0; empty: none.
  const Platform* platform = nullptr;
};

// OpenCL 3.0, "Table 6: Properties supported by clCreateContext".
ContextProperties ReadProperties(const cl_context_properties* properties) {
  ContextProperties result;
  if (properties == nullptr) return result;
  bool sync_seen = false;
  size_t i = 0;
  for (; properties[i] != 0; i += 2) {
    if (properties[i] == CL_CONTEXT_PLATFORM) {
      Require(result.platform == nullptr, CL_INVALID_PROPERTY);
      result.platform =
          &Get<Platform>(reinterpret_cast<cl_platform_id>(properties[i + 1]), CL_INVALID_PLATFORM);
    } else if (properties[i] == CL_CONTEXT_INTEROP_USER_SYNC) {
      Require(!sync_seen && (properties[i + 1] == CL_TRUE || properties[i + 1] == CL_FALSE),
              CL_INVALID_PROPERTY);
      sync_seen = true;
    } else {
      Fail(CL_INVALID_PROPERTY);
    }
  }
  result.given.assign(properties, properties + i + 1);
  return result;
}

}  // namespace

cl_context CreateContext(const cl_context_properties* properties, cl_uint num_devices,
                         const cl_device_id* devices, NotifyContext notify, void* user_data) {
  ContextProperties read = ReadProperties(properties);
  Require(devices != nullptr && num_devices > 0, CL_INVALID_VALUE);
  Require(!(notify == nullptr && user_data != nullptr), CL_INVALID_VALUE);
  std::vector<Ref<Device>> list;
  for (cl_uint i = 0; i < num_devices; ++i) {
    Device& device = Get<Device>(devices[i], CL_INVALID_DEVICE);
    if (read.platform == nullptr) read.platform = &device.platform();
    Require(&device.platform() == read.platform, CL_INVALID_DEVICE);
    if (std::none_of(list.begin(), list.end(), [&](const auto& seen) { return seen.get() == &device; }))
      list.emplace_back(device);
  }
  return (new Context(std::move(list), std::move(read.given)))->handle();
}

cl_context CreateContextFromType(const cl_context_properties* properties, cl_device_type type,
                                 NotifyContext notify, void* user_data) {
  ContextProperties read = ReadProperties(properties);
  Require(!(notify == nullptr && user_data != nullptr), CL_INVALID_VALUE);
  // Which platform is meant without a name is up to the implementation (OpenCL 3.0, clCreateContextFromType).
  if (read.platform == nullptr) read.platform = TheRuntime().platforms().front().get();
  cl_uint count = 0;
  const cl_platform_id platform = const_cast<Platform*>(read.platform)->handle();
  GetDeviceIDs(platform, type, 0, nullptr, &count);
  std::vector<cl_device_id> devices(count);
  GetDeviceIDs(platform, type, count, devices.data(), nullptr);
  return CreateContext(properties, count, devices.data(), notify, user_data);
}

void RetainContext(cl_context context) { Get<Context>(context, CL_INVALID_CONTEXT).Retain(); }
void ReleaseContext(cl_context handle) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  if (context.api_references.load() == 1) OwnPrograms::Drop(context);
  context.Release();
}

void GetContextInfo(cl_context handle, cl_context_info param, size_t size, void* value, size_t* size_ret) {
  const Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_CONTEXT_REFERENCE_COUNT:
      return sink.Put<cl_uint>(context.api_references.load());
    case CL_CONTEXT_NUM_DEVICES:
      return sink.Put(static_cast<cl_uint>(context.devices().size()));
    case CL_CONTEXT_DEVICES: {
      std::vector<cl_device_id> devices;
      for (const auto& device : context.devices()) devices.push_back(device->handle());
      return sink.PutArray(devices);
    }
    case CL_CONTEXT_PROPERTIES:
      return sink.PutArray(context.properties());
    default:
      Fail(CL_INVALID_VALUE);
  }
}

void SetContextDestructorCallback(cl_context handle, NotifyContextDestroyed notify, void* user_data) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  Require(notify != nullptr, CL_INVALID_VALUE);
  context.AddDestructorCallback([=] { notify(handle, user_data); });
}

}  // namespace clopencl::frontend::api
