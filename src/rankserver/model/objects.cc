// The platform, devices, contexts, queues, samplers and events.
#include <array>
#include <cstring>

#include "rankserver/model/engine.h"

namespace clopencl::rankserver::memory_opencl {
namespace {

int platform_object = 0;
cl_platform_id ThePlatform() { return reinterpret_cast<cl_platform_id>(&platform_object); }

cl_int GetPlatformIDs(cl_uint, cl_platform_id* platforms, cl_uint* count) {
  if (const cl_int error = Current().Enter("GetPlatformIDs")) return error;
  if (platforms != nullptr) *platforms = ThePlatform();
  if (count != nullptr) *count = 1;
  return CL_SUCCESS;
}

cl_int GetPlatformInfo(cl_platform_id, cl_platform_info param, size_t room, void* into, size_t* size_ret) {
  switch (param) {
    case CL_PLATFORM_NAME:
      return AnswerText(Current().settings.platform, room, into, size_ret);
    case CL_PLATFORM_VENDOR:
      return AnswerText("clOpenCL", room, into, size_ret);
    case CL_PLATFORM_VERSION:
      return AnswerText(Current().settings.version, room, into, size_ret);
    case CL_PLATFORM_PROFILE:
      return AnswerText("FULL_PROFILE", room, into, size_ret);
    case CL_PLATFORM_EXTENSIONS:
      return AnswerText("cl_khr_icd", room, into, size_ret);
    default:
      return CL_INVALID_VALUE;
  }
}

cl_int GetDeviceIDs(cl_platform_id, cl_device_type, cl_uint room, cl_device_id* devices, cl_uint* count) {
  Engine& engine = Current();
  if (const cl_int error = engine.Enter("GetDeviceIDs")) return error;
  for (cl_uint i = 0; devices != nullptr && i < room && i < engine.devices.size(); ++i) {
    devices[i] = reinterpret_cast<cl_device_id>(engine.devices[i].get());
  }
  if (count != nullptr) *count = static_cast<cl_uint>(engine.devices.size());
  return CL_SUCCESS;
}

DeviceObject& Device(cl_device_id device) { return *reinterpret_cast<DeviceObject*>(device); }

// What every device says alike.
cl_int GetCommonDeviceInfo(cl_device_info param, size_t room, void* into, size_t* size_ret) {
  switch (param) {
    case CL_DEVICE_AVAILABLE:
    case CL_DEVICE_COMPILER_AVAILABLE:
    case CL_DEVICE_LINKER_AVAILABLE:
    case CL_DEVICE_ENDIAN_LITTLE:
      return AnswerValue<cl_bool>(CL_TRUE, room, into, size_ret);
    case CL_DEVICE_IMAGE_SUPPORT:
    case CL_DEVICE_ERROR_CORRECTION_SUPPORT:
      return AnswerValue<cl_bool>(CL_FALSE, room, into, size_ret);
    case CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS:
      return AnswerValue<cl_uint>(3, room, into, size_ret);
    case CL_DEVICE_MAX_WORK_ITEM_SIZES:
      return AnswerValue(std::array<size_t, 3>{1024, 1024, 1024}, room, into, size_ret);
    case CL_DEVICE_MAX_WORK_GROUP_SIZE:
    case CL_DEVICE_MAX_PARAMETER_SIZE:
      return AnswerValue<size_t>(1024, room, into, size_ret);
    case CL_DEVICE_ADDRESS_BITS:
      return AnswerValue<cl_uint>(64, room, into, size_ret);
    case CL_DEVICE_MEM_BASE_ADDR_ALIGN:
      return AnswerValue<cl_uint>(1024, room, into, size_ret);
    case CL_DEVICE_EXECUTION_CAPABILITIES:
      return AnswerValue<cl_device_exec_capabilities>(CL_EXEC_KERNEL, room, into, size_ret);
    case CL_DEVICE_PROFILING_TIMER_RESOLUTION:
      return AnswerValue<size_t>(1, room, into, size_ret);
    case CL_DEVICE_QUEUE_ON_HOST_PROPERTIES:
      return AnswerValue<cl_command_queue_properties>(
          CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE, room, into, size_ret);
    case CL_DRIVER_VERSION:
    case CL_DEVICE_VERSION:
      return AnswerText(Current().settings.version, room, into, size_ret);
    case CL_DEVICE_OPENCL_C_VERSION:
      return AnswerText("OpenCL C 1.2 memory", room, into, size_ret);
    case CL_DEVICE_PROFILE:
      return AnswerText("FULL_PROFILE", room, into, size_ret);
    case CL_DEVICE_BUILT_IN_KERNELS:
    case CL_DEVICE_EXTENSIONS:
      return AnswerText("", room, into, size_ret);
    case CL_DEVICE_PLATFORM:
      return AnswerValue(ThePlatform(), room, into, size_ret);
    default:
      return CL_INVALID_VALUE;
  }
}

cl_int GetDeviceInfo(cl_device_id handle, cl_device_info param, size_t room, void* into, size_t* size_ret) {
  const DeviceObject& device = Device(handle);
  switch (param) {
    case CL_DEVICE_NAME:
      return AnswerText(device.settings.name, room, into, size_ret);
    case CL_DEVICE_VENDOR:
      return AnswerText(device.settings.vendor, room, into, size_ret);
    case CL_DEVICE_TYPE:
      return AnswerValue(device.settings.type, room, into, size_ret);
    case CL_DEVICE_HOST_UNIFIED_MEMORY:
      return AnswerValue<cl_bool>(device.settings.unified ? CL_TRUE : CL_FALSE, room, into, size_ret);
    case CL_DEVICE_MAX_COMPUTE_UNITS:
      return AnswerValue(device.settings.units, room, into, size_ret);
    case CL_DEVICE_GLOBAL_MEM_SIZE:
      return AnswerValue<cl_ulong>(device.settings.memory, room, into, size_ret);
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
      return AnswerValue<cl_ulong>(device.settings.max_allocation, room, into, size_ret);
    default:
      return GetCommonDeviceInfo(param, room, into, size_ret);
  }
}

cl_int CreateSubDevices(cl_device_id parent, const cl_device_partition_property* properties, cl_uint room,
                        cl_device_id* devices, cl_uint* count) {
  Engine& engine = Current();
  if (const cl_int error = engine.Enter("CreateSubDevices")) return error;
  if (properties[0] != CL_DEVICE_PARTITION_EQUALLY || properties[1] <= 0) return CL_INVALID_VALUE;
  const cl_uint parts = Device(parent).settings.units / static_cast<cl_uint>(properties[1]);
  if (parts == 0) return CL_DEVICE_PARTITION_FAILED;
  if (count != nullptr) *count = parts;
  if (devices == nullptr) return CL_SUCCESS;
  if (room < parts) return CL_INVALID_VALUE;
  std::lock_guard lock(engine.mutex);
  for (cl_uint i = 0; i < parts; ++i) {
    auto part = std::make_shared<DeviceObject>();
    part->settings = Device(parent).settings;
    part->settings.units = static_cast<cl_uint>(properties[1]);
    part->parent = &Device(parent);
    devices[i] = reinterpret_cast<cl_device_id>(engine.Add(std::move(part)));
  }
  return CL_SUCCESS;
}

cl_int ReleaseDevice(cl_device_id device) { return Current().Release(device, Kind::kDevice); }

cl_int GetDeviceAndHostTimer(cl_device_id, cl_ulong* device, cl_ulong* host) {
  *device = *host = Now();
  return CL_SUCCESS;
}

cl_int GetHostTimer(cl_device_id, cl_ulong* host) {
  *host = Now();
  return CL_SUCCESS;
}

// --- contexts and queues

cl_context CreateContext(const cl_context_properties*, cl_uint count, const cl_device_id* devices,
                         void(CL_CALLBACK*)(const char*, const void*, size_t, void*), void*, cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateContext");
  if (*status != CL_SUCCESS) return nullptr;
  auto context = std::make_shared<ContextObject>();
  for (cl_uint i = 0; i < count; ++i) context->devices.push_back(&Device(devices[i]));
  std::lock_guard lock(engine.mutex);
  return reinterpret_cast<cl_context>(engine.Add(std::move(context)));
}

cl_int ReleaseContext(cl_context context) { return Current().Release(context, Kind::kContext); }

cl_command_queue CreateCommandQueue(cl_context context, cl_device_id device,
                                    cl_command_queue_properties properties, cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateCommandQueue");
  if (*status != CL_SUCCESS) return nullptr;
  std::lock_guard lock(engine.mutex);
  const auto parent = engine.Find<ContextObject>(context, Kind::kContext);
  if (parent == nullptr) {
    *status = CL_INVALID_CONTEXT;
    return nullptr;
  }
  auto queue = std::make_shared<QueueObject>();
  queue->context = parent.get();
  queue->keeps.push_back(parent);
  queue->device = &Device(device);
  queue->properties = properties;
  return reinterpret_cast<cl_command_queue>(engine.Add(std::move(queue)));
}

cl_command_queue CreateCommandQueueWithProperties(cl_context context, cl_device_id device,
                                                  const cl_queue_properties* properties, cl_int* status) {
  cl_command_queue_properties bits = 0;
  for (; properties != nullptr && *properties != 0; properties += 2) {
    if (*properties == CL_QUEUE_PROPERTIES) bits = properties[1];
  }
  return CreateCommandQueue(context, device, bits, status);
}

cl_int ReleaseCommandQueue(cl_command_queue queue) { return Current().Release(queue, Kind::kQueue); }

cl_int Flush(cl_command_queue) { return Current().Enter("Flush"); }

cl_int SetDefaultDeviceCommandQueue(cl_context context, cl_device_id, cl_command_queue queue) {
  Engine& engine = Current();
  if (const cl_int error = engine.Enter("SetDefaultDeviceCommandQueue")) return error;
  std::lock_guard lock(engine.mutex);
  if (engine.Find<ContextObject>(context, Kind::kContext) == nullptr) return CL_INVALID_CONTEXT;
  return engine.Find<QueueObject>(queue, Kind::kQueue) == nullptr ? CL_INVALID_COMMAND_QUEUE : CL_SUCCESS;
}

cl_int Finish(cl_command_queue handle) {
  Engine& engine = Current();
  if (const cl_int error = engine.Enter("Finish")) return error;
  std::shared_ptr<QueueObject> queue;
  {
    std::lock_guard lock(engine.mutex);
    queue = engine.Find<QueueObject>(handle, Kind::kQueue);
  }
  if (queue == nullptr) return CL_INVALID_COMMAND_QUEUE;
  engine.WaitForQueue(queue);
  return CL_SUCCESS;
}

// --- samplers

cl_sampler CreateSampler(cl_context context, cl_bool, cl_addressing_mode, cl_filter_mode, cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateSampler");
  if (*status != CL_SUCCESS) return nullptr;
  std::lock_guard lock(engine.mutex);
  auto sampler = std::make_shared<SamplerObject>();
  sampler->keeps.push_back(engine.Find<ContextObject>(context, Kind::kContext));
  return reinterpret_cast<cl_sampler>(engine.Add(std::move(sampler)));
}

cl_sampler CreateSamplerWithProperties(cl_context context, const cl_sampler_properties*, cl_int* status) {
  return CreateSampler(context, CL_TRUE, CL_ADDRESS_CLAMP, CL_FILTER_NEAREST, status);
}

cl_int ReleaseSampler(cl_sampler sampler) { return Current().Release(sampler, Kind::kSampler); }

// --- events

cl_event CreateUserEvent(cl_context context, cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateUserEvent");
  if (*status != CL_SUCCESS) return nullptr;
  std::lock_guard lock(engine.mutex);
  auto event = std::make_shared<EventObject>();
  event->user = true;
  event->status = CL_SUBMITTED;
  event->keeps.push_back(engine.Find<ContextObject>(context, Kind::kContext));
  return reinterpret_cast<cl_event>(engine.Add(std::move(event)));
}

cl_int SetUserEventStatus(cl_event handle, cl_int status) {
  Engine& engine = Current();
  if (const cl_int error = engine.Enter("SetUserEventStatus")) return error;
  std::vector<std::function<void()>> calls;
  {
    std::lock_guard lock(engine.mutex);
    const auto event = engine.Find<EventObject>(handle, Kind::kEvent);
    if (event == nullptr || !event->user) return CL_INVALID_EVENT;
    if (event->status <= CL_COMPLETE) {
      engine.faults.push_back("the status of a user event was set twice");
      return CL_INVALID_OPERATION;
    }
    engine.Complete(event, status, Now(), calls);
  }
  for (const auto& call : calls) call();
  return CL_SUCCESS;
}

cl_int SetEventCallback(cl_event handle, cl_int type, void(CL_CALLBACK* function)(cl_event, cl_int, void*),
                        void* data) {
  Engine& engine = Current();
  if (const cl_int error = engine.Enter("SetEventCallback")) return error;
  cl_int status = CL_QUEUED;
  {
    std::lock_guard lock(engine.mutex);
    const auto event = engine.Find<EventObject>(handle, Kind::kEvent);
    if (event == nullptr) return CL_INVALID_EVENT;
    status = event->status;
    const bool reached = status <= type;
    if (!reached) {
      event->callbacks.push_back({type, function, data});
      return CL_SUCCESS;
    }
  }
  const bool tells = status < 0 && !engine.settings.silent_failures;
  function(handle, tells ? status : type, data);
  return CL_SUCCESS;
}

cl_int GetEventInfo(cl_event handle, cl_event_info param, size_t room, void* into, size_t* size_ret) {
  Engine& engine = Current();
  std::lock_guard lock(engine.mutex);
  const auto event = engine.Find<EventObject>(handle, Kind::kEvent);
  if (event == nullptr) return CL_INVALID_EVENT;
  if (param != CL_EVENT_COMMAND_EXECUTION_STATUS) return CL_INVALID_VALUE;
  return AnswerValue(event->status, room, into, size_ret);
}

cl_int GetEventProfilingInfo(cl_event handle, cl_profiling_info param, size_t room, void* into,
                             size_t* size_ret) {
  Engine& engine = Current();
  std::lock_guard lock(engine.mutex);
  const auto event = engine.Find<EventObject>(handle, Kind::kEvent);
  if (event == nullptr) return CL_INVALID_EVENT;
  if (!event->profiled || event->status != CL_COMPLETE) return CL_PROFILING_INFO_NOT_AVAILABLE;
  if (param < CL_PROFILING_COMMAND_QUEUED || param > CL_PROFILING_COMMAND_END) return CL_INVALID_VALUE;
  return AnswerValue(event->times[param - CL_PROFILING_COMMAND_QUEUED], room, into, size_ret);
}

cl_int RetainEvent(cl_event event) { return Current().Retain(event, Kind::kEvent); }
cl_int ReleaseEvent(cl_event event) { return Current().Release(event, Kind::kEvent); }

}  // namespace

void FillObjects(NativeApi& api) {
  api.GetPlatformIDs = &GetPlatformIDs;
  api.GetPlatformInfo = &GetPlatformInfo;
  api.GetDeviceIDs = &GetDeviceIDs;
  api.GetDeviceInfo = &GetDeviceInfo;
  api.CreateSubDevices = &CreateSubDevices;
  api.ReleaseDevice = &ReleaseDevice;
  api.GetDeviceAndHostTimer = &GetDeviceAndHostTimer;
  api.GetHostTimer = &GetHostTimer;
  api.CreateContext = &CreateContext;
  api.ReleaseContext = &ReleaseContext;
  api.CreateCommandQueue = &CreateCommandQueue;
  api.CreateCommandQueueWithProperties = &CreateCommandQueueWithProperties;
  api.ReleaseCommandQueue = &ReleaseCommandQueue;
  api.SetDefaultDeviceCommandQueue = &SetDefaultDeviceCommandQueue;
  api.Flush = &Flush;
  api.Finish = &Finish;
  api.CreateSampler = &CreateSampler;
  api.CreateSamplerWithProperties = &CreateSamplerWithProperties;
  api.ReleaseSampler = &ReleaseSampler;
  api.CreateUserEvent = &CreateUserEvent;
  api.SetUserEventStatus = &SetUserEventStatus;
  api.SetEventCallback = &SetEventCallback;
  api.GetEventInfo = &GetEventInfo;
  api.GetEventProfilingInfo = &GetEventProfilingInfo;
  api.RetainEvent = &RetainEvent;
  api.ReleaseEvent = &ReleaseEvent;
}

}  // namespace clopencl::rankserver::memory_opencl
