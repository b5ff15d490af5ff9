#include <CL/cl_ext.h>
#include <CL/cl_ext_clopencl.h>

#include <algorithm>

#include "frontend/api/api.h"
#include "frontend/core/context.h"
#include "frontend/core/device.h"
#include "frontend/core/extensions.h"
#include "frontend/core/platform.h"
#include "frontend/core/queue.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {
namespace {

// What the device's server has sent. Asks it.
std::vector<transport::Traffic> Traffic(Session& session) {
  std::vector<transport::Traffic> traffic;
  TheRuntime().CallAndWait<wire::InfoAnswered>(
      session, wire::QueryInfo{0, wire::Query::kTraffic, 0, 0, {}, {}}, [&](const wire::InfoAnswered& reply) {
        traffic.resize(reply.value.size() / sizeof(transport::Traffic));
        std::memcpy(traffic.data(), reply.value.data(), traffic.size() * sizeof(transport::Traffic));
      });
  return traffic;
}

// A fact of the native device that comes through changed.
bool PutChanged(const Device& device, cl_device_info param, const InfoSink& sink) {
  const OwnedFacts& facts = device.facts();
  switch (param) {
    case CL_DEVICE_PLATFORM:
      sink.Put(device.platform().handle());
      return true;
    case CL_DEVICE_EXTENSIONS:
      sink.PutText(device.extensions());
      return true;
    case CL_DEVICE_EXTENSIONS_WITH_VERSION: {
      const OwnedFact* fact = FindFact(facts, param);
      if (fact == nullptr) return false;
      std::vector<cl_name_version> native(fact->value.size() / sizeof(cl_name_version));
      std::memcpy(native.data(), fact->value.data(), native.size() * sizeof(cl_name_version));
      auto forwarded = FilterExtensions(native);
      for (std::string_view own : SplitWords(kOwnExtensions)) {
        cl_name_version& entry = forwarded.emplace_back();
        entry.version = CL_MAKE_VERSION(1, 0, 0);
        own.copy(entry.name, sizeof entry.name - 1);
      }
      sink.PutArray(forwarded);
      return true;
    }
    case CL_DEVICE_SVM_CAPABILITIES:
      if (FindFact(facts, param) == nullptr) return false;
      sink.Put(device.svm());
      return true;
    case CL_DEVICE_EXECUTION_CAPABILITIES:
      // A native kernel is a function in rank 0's address space.
      sink.Put(FactOr<cl_device_exec_capabilities>(facts, param, CL_EXEC_KERNEL) &
               ~cl_bitfield{CL_EXEC_NATIVE_KERNEL});
      return true;
    case CL_DEVICE_PARENT_DEVICE:
      sink.Put(device.parent() == nullptr ? nullptr : device.parent()->handle());
      return true;
    case CL_DEVICE_PARTITION_TYPE:
      if (device.is_root()) return false;
      sink.PutArray(device.partition());
      return true;
    case CL_DEVICE_REFERENCE_COUNT:
      sink.Put<cl_uint>(device.is_root() ? 1 : device.api_references.load());
      return true;
    case CL_DEVICE_HOSTNAME_CLOPENCL:
      sink.PutText(device.session().host());
      return true;
    case CL_DEVICE_RANK_CLOPENCL:
      sink.Put(static_cast<cl_uint>(device.session().peer()));
      return true;
    case CL_DEVICE_TRAFFIC_CLOPENCL:
      sink.PutArray(Traffic(device.session()));
      return true;
    default:
      return false;
  }
}

bool Matches(const Device& device, cl_device_type type, bool first) {
  if (type == CL_DEVICE_TYPE_ALL) return (device.type() & CL_DEVICE_TYPE_CUSTOM) == 0;
  return (device.type() & type & ~cl_device_type{CL_DEVICE_TYPE_DEFAULT}) != 0 ||
         ((type & CL_DEVICE_TYPE_DEFAULT) != 0 && first);
}

}  // namespace

void GetDeviceIDs(cl_platform_id handle, cl_device_type type, cl_uint num_entries, cl_device_id* devices,
                  cl_uint* num_devices) {
  const Platform& platform = Get<Platform>(handle, CL_INVALID_PLATFORM);
  Require(!(num_entries == 0 && devices != nullptr), CL_INVALID_VALUE);
  Require(devices != nullptr || num_devices != nullptr, CL_INVALID_VALUE);
  constexpr cl_device_type kKnown = CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR |
                                    CL_DEVICE_TYPE_CUSTOM | CL_DEVICE_TYPE_DEFAULT;
  Require(type == CL_DEVICE_TYPE_ALL || (type != 0 && (type & ~kKnown) == 0), CL_INVALID_DEVICE_TYPE);
  cl_uint found = 0;
  for (const auto& device : platform.devices()) {
    if (!Matches(*device, type, device == platform.devices().front())) continue;
    if (devices != nullptr && found < num_entries) devices[found] = device->handle();
    ++found;
  }
  if (num_devices != nullptr) *num_devices = found;
  Require(found > 0, CL_DEVICE_NOT_FOUND);
}

void GetDeviceInfo(cl_device_id handle, cl_device_info param, size_t size, void* value, size_t* size_ret) {
  Device& device = Get<Device>(handle, CL_INVALID_DEVICE);
  const InfoSink sink(size, value, size_ret);
  if (PutChanged(device, param, sink)) return;
  const OwnedFact* fact = FindFact(device.facts(), param);
  Require(fact != nullptr, CL_INVALID_VALUE);
  sink.PutBytes(fact->value.data(), fact->value.size());
}

void CreateSubDevices(cl_device_id handle, const cl_device_partition_property* properties,
                      cl_uint num_devices, cl_device_id* out_devices, cl_uint* num_devices_ret) {
  Device& parent = Get<Device>(handle, CL_INVALID_DEVICE);
  Require(properties != nullptr, CL_INVALID_VALUE);
  Require(out_devices == nullptr || num_devices > 0, CL_INVALID_VALUE);
  std::vector<cl_device_partition_property> given;
  // A list by counts holds a 0 of its own: CL_DEVICE_PARTITION_BY_COUNTS, n, m, …, 0, 0.
  size_t length = 0;
  if (properties[0] == CL_DEVICE_PARTITION_BY_COUNTS) {
    while (properties[length] != CL_DEVICE_PARTITION_BY_COUNTS_LIST_END) ++length;
    ++length;
  } else {
    while (properties[length] != 0) length += 2;
  }
  given.assign(properties, properties + length);

  Runtime& runtime = TheRuntime();
  const auto units = std::max<cl_uint>(FactOr<cl_uint>(parent.facts(), CL_DEVICE_MAX_COMPUTE_UNITS, 1), 1);
  std::vector<DeviceId> ids;
  {
    std::lock_guard lock(runtime.command_mutex());
    for (cl_uint i = 0; i < units; ++i) ids.push_back(runtime.ids().devices.Insert(&parent));
  }
  cl_int status = CL_SUCCESS;
  std::vector<OwnedFacts> facts;
  const std::vector<int64_t> wire_properties(given.begin(), given.end());
  runtime.CallAndWait<wire::SubDevicesCreated>(parent.session(),
                                               wire::CreateSubDevices{0, parent.id(), wire_properties, ids},
                                               [&](const wire::SubDevicesCreated& reply) {
                                                 status = reply.status;
                                                 for (const auto& device : reply.devices)
                                                   facts.push_back(OwnFacts(device.facts));
                                               });
  const bool fits = out_devices == nullptr || num_devices >= facts.size();
  std::lock_guard lock(runtime.command_mutex());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i < facts.size() && fits && out_devices != nullptr) {
      given.push_back(0);
      out_devices[i] = (new Device(parent, ids[i], std::move(facts[i]), given))->handle();
      given.pop_back();
      continue;
    }
    if (i < facts.size()) parent.session().Post(wire::Release{wire::ObjectKind::kDevice, ids[i].Pack()});
    runtime.ids().devices.Erase(ids[i]);
  }
  if (num_devices_ret != nullptr) *num_devices_ret = static_cast<cl_uint>(facts.size());
  Require(status == CL_SUCCESS, status);
  Require(fits, CL_INVALID_VALUE);
}

void RetainDevice(cl_device_id handle) {
  Device& device = Get<Device>(handle, CL_INVALID_DEVICE);
  if (!device.is_root()) device.Retain();
}

void ReleaseDevice(cl_device_id handle) {
  Device& device = Get<Device>(handle, CL_INVALID_DEVICE);
  if (!device.is_root()) device.Release();
}

namespace {

void QueryTimer(Device& device, wire::Query query, std::span<cl_ulong> values) {
  cl_int status = CL_SUCCESS;
  TheRuntime().CallAndWait<wire::InfoAnswered>(
      device.session(), wire::QueryInfo{0, query, 0, device.id().Pack(), device.id(), {}},
      [&](const wire::InfoAnswered& reply) {
        status = reply.status;
        if (reply.value.size() == values.size_bytes())
          std::memcpy(values.data(), reply.value.data(), values.size_bytes());
      });
  Require(status == CL_SUCCESS, status);
}

}  // namespace

void GetDeviceAndHostTimer(cl_device_id handle, cl_ulong* device_timestamp, cl_ulong* host_timestamp) {
  Device& device = Get<Device>(handle, CL_INVALID_DEVICE);
  Require(device.platform().timer_resolution() != 0, CL_INVALID_OPERATION);
  Require(device_timestamp != nullptr && host_timestamp != nullptr, CL_INVALID_VALUE);
  cl_ulong values[2]{};
  QueryTimer(device, wire::Query::kDeviceAndHostTimer, values);
  *device_timestamp = values[0];
  *host_timestamp = values[1];
}

void GetHostTimer(cl_device_id handle, cl_ulong* host_timestamp) {
  Device& device = Get<Device>(handle, CL_INVALID_DEVICE);
  Require(device.platform().timer_resolution() != 0, CL_INVALID_OPERATION);
  Require(host_timestamp != nullptr, CL_INVALID_VALUE);
  cl_ulong value[1]{};
  QueryTimer(device, wire::Query::kHostTimer, value);
  *host_timestamp = value[0];
}

void SetDefaultDeviceCommandQueue(cl_context context_handle, cl_device_id device_handle,
                                  cl_command_queue queue_handle) {
  Context& context = Get<Context>(context_handle, CL_INVALID_CONTEXT);
  const Device& device = Get<Device>(device_handle, CL_INVALID_DEVICE);
  Require(context.HasDevice(device), CL_INVALID_DEVICE);
  // Devices without device-side enqueue refuse this call (OpenCL 3.0, clSetDefaultDeviceCommandQueue).
  Require(FactOr<cl_command_queue_properties>(device.facts(), CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES, 0) != 0,
          CL_INVALID_OPERATION);
  Queue& queue = Get<Queue>(queue_handle, CL_INVALID_COMMAND_QUEUE);
  Require(queue.on_device() && &queue.device() == &device && &queue.context() == &context,
          CL_INVALID_COMMAND_QUEUE);
  {
    std::lock_guard lock(TheRuntime().command_mutex());
    queue.EnsureKnown();
    queue.session().Post(wire::SetDefaultDeviceQueue{context.id(), device.id(), queue.id()});
    context.default_queues()[&device] = &queue;
  }
  TheRuntime().Posted(queue.session());
}

}  // namespace clopencl::frontend::api
