// Sub-devices, device reference counts and timers.
#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

using Property = cl_device_partition_property;

void SubDevices(Suite& s, Fixture& f) {
  cl_device_id devices[64];
  cl_uint count = 0;
  const auto create = [&](cl_device_id device, std::initializer_list<Property> properties, cl_uint entries,
                          cl_device_id* list) {
    count = 0;
    const cl_int code = clCreateSubDevices(device, properties.begin(), entries, list, &count);
    for (cl_uint i = 0; code == CL_SUCCESS && list != nullptr && i < count; ++i) clReleaseDevice(list[i]);
    return code;
  };
  const cl_device_id device = f.device.id;
  const Property units = f.device.Get<cl_uint>(CL_DEVICE_MAX_COMPUTE_UNITS);
  const bool equally = f.sub_device != nullptr;

  s.Group("clCreateSubDevices");
  s.Returns("null device", CL_INVALID_DEVICE, [&] {
    return create(nullptr, {CL_DEVICE_PARTITION_EQUALLY, 1, 0}, 64, devices);
  });
  s.Returns("null properties", CL_INVALID_VALUE,
            [&] { return clCreateSubDevices(device, nullptr, 64, devices, &count); });
  s.Returns("empty properties", CL_INVALID_VALUE, [&] { return create(device, {0}, 64, devices); });
  s.Returns("unknown property", CL_INVALID_VALUE, [&] {
    return create(device, {0x7777, 1, 0}, 64, devices);
  });
  s.Returns("equally by zero",
            {CL_INVALID_VALUE, CL_DEVICE_PARTITION_FAILED, CL_INVALID_DEVICE_PARTITION_COUNT}, [&] {
              return create(device, {CL_DEVICE_PARTITION_EQUALLY, 0, 0}, 64, devices);
            });
  s.Returns("equally, more units than there are", {CL_DEVICE_PARTITION_FAILED, CL_INVALID_VALUE}, [&] {
    return create(device, {CL_DEVICE_PARTITION_EQUALLY, units + 1, 0}, 64, devices);
  });
  s.Returns("by counts, more units than there are",
            {CL_INVALID_DEVICE_PARTITION_COUNT, CL_DEVICE_PARTITION_FAILED, CL_INVALID_VALUE}, [&] {
              return create(device, {CL_DEVICE_PARTITION_BY_COUNTS, units + 1, 0, 0}, 64, devices);
            });
  s.Returns("by counts, more parts than there are",
            {CL_INVALID_DEVICE_PARTITION_COUNT, CL_DEVICE_PARTITION_FAILED, CL_INVALID_VALUE}, [&] {
              return create(device, {CL_DEVICE_PARTITION_BY_COUNTS, units, 1, 0, 0}, 64, devices);
            });
  s.Returns("by affinity", {CL_INVALID_VALUE, CL_DEVICE_PARTITION_FAILED, CL_SUCCESS}, [&] {
    return create(device, {CL_DEVICE_PARTITION_BY_AFFINITY_DOMAIN, CL_DEVICE_AFFINITY_DOMAIN_NUMA, 0}, 64,
                  devices);
  });
  if (!equally) return;
  s.Returns("too small a list", CL_INVALID_VALUE, [&] {
    return create(device, {CL_DEVICE_PARTITION_EQUALLY, 1, 0}, 0, devices);
  });
  s.Returns("nothing asked", {CL_SUCCESS, CL_INVALID_VALUE}, [&] {
    const Property properties[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
    return clCreateSubDevices(device, properties, 0, nullptr, nullptr);
  });
  s.Returns("count only", CL_SUCCESS, [&] {
    return create(device, {CL_DEVICE_PARTITION_EQUALLY, 1, 0}, 0, nullptr);
  });
  s.Returns("equally by one", CL_SUCCESS, [&] {
    return create(device, {CL_DEVICE_PARTITION_EQUALLY, 1, 0}, 64, devices);
  });
  s.Returns("of a sub-device, more units than it has", {CL_DEVICE_PARTITION_FAILED, CL_INVALID_VALUE}, [&] {
    return create(f.sub_device, {CL_DEVICE_PARTITION_EQUALLY, 2, 0}, 64, devices);
  });
}

void ReferenceCounts(Suite& s, Fixture& f) {
  s.Group("clRetainDevice");
  s.Returns("null device", CL_INVALID_DEVICE, [&] { return clRetainDevice(nullptr); });
  s.Returns("root device", CL_SUCCESS, [&] { return clRetainDevice(f.device.id); });
  s.Group("clReleaseDevice");
  s.Returns("null device", CL_INVALID_DEVICE, [&] { return clReleaseDevice(nullptr); });
  s.Returns("root device", CL_SUCCESS, [&] { return clReleaseDevice(f.device.id); });
  s.Returns("root device once more", CL_SUCCESS, [&] { return clReleaseDevice(f.device.id); });
  if (f.sub_device == nullptr) return;
  s.Returns("sub-device retained and released", CL_SUCCESS, [&] {
    const cl_int code = clRetainDevice(f.sub_device);
    return code == CL_SUCCESS ? clReleaseDevice(f.sub_device) : code;
  });
}

void TimersAndDeviceQueues(Suite& s, Fixture& f) {
  cl_ulong device_time = 0;
  cl_ulong host_time = 0;
  const cl_ulong resolution = [&] {
    cl_ulong value = 0;
    clGetPlatformInfo(f.device.platform, CL_PLATFORM_HOST_TIMER_RESOLUTION, sizeof value, &value, nullptr);
    return value;
  }();
  const Codes valid = resolution != 0 ? Codes(CL_SUCCESS) : Codes(CL_INVALID_OPERATION);

  s.Group("clGetDeviceAndHostTimer");
  s.Returns("null device", CL_INVALID_DEVICE,
            [&] { return clGetDeviceAndHostTimer(nullptr, &device_time, &host_time); });
  s.Returns("null device timestamp", CL_INVALID_VALUE,
            [&] { return clGetDeviceAndHostTimer(f.device.id, nullptr, &host_time); });
  s.Returns("null host timestamp", CL_INVALID_VALUE,
            [&] { return clGetDeviceAndHostTimer(f.device.id, &device_time, nullptr); });
  s.Returns("valid", valid, [&] { return clGetDeviceAndHostTimer(f.device.id, &device_time, &host_time); });
  s.Group("clGetHostTimer");
  s.Returns("null device", CL_INVALID_DEVICE, [&] { return clGetHostTimer(nullptr, &host_time); });
  s.Returns("null timestamp", CL_INVALID_VALUE, [&] { return clGetHostTimer(f.device.id, nullptr); });
  s.Returns("valid", valid, [&] { return clGetHostTimer(f.device.id, &host_time); });

  const Codes unsupported = {CL_INVALID_OPERATION, CL_INVALID_COMMAND_QUEUE};
  s.Group("clSetDefaultDeviceCommandQueue");
  s.Returns("null context", CL_INVALID_CONTEXT,
            [&] { return clSetDefaultDeviceCommandQueue(nullptr, f.device.id, f.queue); });
  s.Returns("null device", CL_INVALID_DEVICE,
            [&] { return clSetDefaultDeviceCommandQueue(f.context, nullptr, f.queue); });
  s.Returns("null queue", {CL_INVALID_COMMAND_QUEUE, CL_INVALID_OPERATION},
            [&] { return clSetDefaultDeviceCommandQueue(f.context, f.device.id, nullptr); });
  s.Returns("host queue", unsupported,
            [&] { return clSetDefaultDeviceCommandQueue(f.context, f.device.id, f.queue); });
}

}  // namespace

void DeviceCases(Suite& s, Fixture& f) {
  SubDevices(s, f);
  ReferenceCounts(s, f);
  TimersAndDeviceQueues(s, f);
}

}  // namespace clopencl::programs
