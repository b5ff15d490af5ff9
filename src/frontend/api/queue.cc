#include "frontend/core/queue.h"

#include "frontend/api/api.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {
namespace {

constexpr cl_command_queue_properties kHostProperties =
    CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE;
constexpr cl_command_queue_properties kDeviceProperties = CL_QUEUE_ON_DEVICE | CL_QUEUE_ON_DEVICE_DEFAULT;

// What the device supports (OpenCL 3.0, clCreateCommandQueueWithProperties).
void CheckSupported(const Device& device, cl_command_queue_properties properties) {
  Require((properties & ~(kHostProperties | kDeviceProperties)) == 0, CL_INVALID_VALUE);
  const cl_device_info param = (properties & CL_QUEUE_ON_DEVICE) != 0 ? CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES
                                                                      : CL_DEVICE_QUEUE_ON_HOST_PROPERTIES;
  const auto supported = FactOr<cl_command_queue_properties>(device.facts(), param, 0);
  Require((properties & kHostProperties & ~supported) == 0, CL_INVALID_QUEUE_PROPERTIES);
  if ((properties & CL_QUEUE_ON_DEVICE_DEFAULT) != 0)
    Require((properties & CL_QUEUE_ON_DEVICE) != 0, CL_INVALID_VALUE);
  if ((properties & CL_QUEUE_ON_DEVICE) != 0) {
    Require((properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0, CL_INVALID_VALUE);
    Require(supported != 0, CL_INVALID_QUEUE_PROPERTIES);
  }
}

}  // namespace

cl_command_queue CreateCommandQueue(cl_context context_handle, cl_device_id device_handle,
                                    cl_command_queue_properties properties) {
  Context& context = Get<Context>(context_handle, CL_INVALID_CONTEXT);
  Device& device = Get<Device>(device_handle, CL_INVALID_DEVICE);
  Require(context.HasDevice(device), CL_INVALID_DEVICE);
  Require((properties & ~kHostProperties) == 0, CL_INVALID_VALUE);
  CheckSupported(device, properties);
  return (new Queue(context, device, properties, 0, {}))->handle();
}

cl_command_queue CreateCommandQueueWithProperties(cl_context context_handle, cl_device_id device_handle,
                                                  const cl_queue_properties* properties) {
  Context& context = Get<Context>(context_handle, CL_INVALID_CONTEXT);
  Device& device = Get<Device>(device_handle, CL_INVALID_DEVICE);
  Require(context.HasDevice(device), CL_INVALID_DEVICE);
  cl_command_queue_properties flags = 0;
  cl_uint size = 0;
  std::vector<cl_queue_properties> given;
  if (properties != nullptr) {
    size_t i = 0;
    for (; properties[i] != 0; i += 2) {
      for (size_t earlier = 0; earlier < i; earlier += 2)
        Require(properties[earlier] != properties[i], CL_INVALID_VALUE);
      if (properties[i] == CL_QUEUE_PROPERTIES) {
        flags = properties[i + 1];
      } else if (properties[i] == CL_QUEUE_SIZE) {
        size = static_cast<cl_uint>(properties[i + 1]);
      } else {
        Fail(CL_INVALID_VALUE);
      }
    }
    given.assign(properties, properties + i + 1);
  }
  CheckSupported(device, flags);
  if (size != 0) {
    Require((flags & CL_QUEUE_ON_DEVICE) != 0, CL_INVALID_VALUE);
    Require(size <= FactOr<cl_uint>(device.facts(), CL_DEVICE_QUEUE_ON_DEVICE_MAX_SIZE, 0),
            CL_INVALID_QUEUE_PROPERTIES);
  }
  return (new Queue(context, device, flags, size, std::move(given)))->handle();
}

void RetainCommandQueue(cl_command_queue queue) { Get<Queue>(queue, CL_INVALID_COMMAND_QUEUE).Retain(); }

void ReleaseCommandQueue(cl_command_queue handle) {
  Queue& queue = Get<Queue>(handle, CL_INVALID_COMMAND_QUEUE);
  // Performs an implicit flush (OpenCL 3.0, clReleaseCommandQueue).
  if (queue.api_references.load() == 1) queue.Flush();
  queue.Release();
}

void GetCommandQueueInfo(cl_command_queue handle, cl_command_queue_info param, size_t size, void* value,
                         size_t* size_ret) {
  const Queue& queue = Get<Queue>(handle, CL_INVALID_COMMAND_QUEUE);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_QUEUE_CONTEXT:
      return sink.Put(queue.context().handle());
    case CL_QUEUE_DEVICE:
      return sink.Put(queue.device().handle());
    case CL_QUEUE_REFERENCE_COUNT:
      return sink.Put<cl_uint>(queue.api_references.load());
    case CL_QUEUE_PROPERTIES:
      return sink.Put(queue.properties());
    case CL_QUEUE_PROPERTIES_ARRAY:
      return sink.PutArray(queue.given());
    case CL_QUEUE_SIZE:
      Require(queue.on_device(), CL_INVALID_COMMAND_QUEUE);
      return sink.Put(queue.size());
    case CL_QUEUE_DEVICE_DEFAULT: {
      std::lock_guard lock(TheRuntime().command_mutex());
      const auto& defaults = queue.context().default_queues();
      const auto at = defaults.find(&queue.device());
      return sink.Put(at == defaults.end() ? nullptr : at->second->handle());
    }
    default:
      Fail(CL_INVALID_VALUE);
  }
}

// Of OpenCL 1.0. Later ones may refuse it, and do where it crashes; here it needs nothing of the native
// runtime.
void SetCommandQueueProperty(cl_command_queue handle, cl_command_queue_properties properties, cl_bool enable,
                             cl_command_queue_properties* old_properties) {
  Queue& queue = Get<Queue>(handle, CL_INVALID_COMMAND_QUEUE);
  Require(!queue.on_device(), CL_INVALID_OPERATION);
  Require((properties & ~kHostProperties) == 0, CL_INVALID_VALUE);
  CheckSupported(queue.device(), properties);
  const cl_command_queue_properties old = queue.properties();
  const cl_int status = queue.Change(enable != CL_FALSE ? old | properties : old & ~properties);
  Require(status == CL_SUCCESS, status);
  if (old_properties != nullptr) *old_properties = old;
}

void Flush(cl_command_queue queue) { Get<Queue>(queue, CL_INVALID_COMMAND_QUEUE).Flush(); }

void Finish(cl_command_queue queue) {
  const cl_int status = Get<Queue>(queue, CL_INVALID_COMMAND_QUEUE).Finish();
  Require(status == CL_SUCCESS, status);
}

}  // namespace clopencl::frontend::api
