// Contexts and command queues.
#include "info_dump/world.h"
#include "support/report.h"

namespace clopencl::programs {
namespace {

void DumpContext(const std::string& object, cl_context context, const Handles& handles) {
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetContextInfo(context, token, size, value, size_ret);
       },
       handles,
       {
           INFO(CL_CONTEXT_REFERENCE_COUNT, kUint),
           INFO(CL_CONTEXT_NUM_DEVICES, kUint),
           INFO(CL_CONTEXT_DEVICES, kHandles),
           INFO(CL_CONTEXT_PROPERTIES, kProperties),
       });
}

void DumpQueue(const std::string& object, cl_command_queue queue, const Handles& handles) {
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetCommandQueueInfo(queue, token, size, value, size_ret);
       },
       handles,
       {
           INFO(CL_QUEUE_CONTEXT, kHandle),
           INFO(CL_QUEUE_DEVICE, kHandle),
           INFO(CL_QUEUE_REFERENCE_COUNT, kUint),
           INFO(CL_QUEUE_PROPERTIES, kHex),
           INFO(CL_QUEUE_PROPERTIES_ARRAY, kProperties),
           INFO(CL_QUEUE_SIZE, kUint),
           INFO(CL_QUEUE_DEVICE_DEFAULT, kHandle),
       });
}

void CL_CALLBACK Ignore(const char*, const void*, size_t, void*) {}

}  // namespace

void DumpContexts(World& world) {
  const cl_device_id device = world.device.id;
  const auto platform = reinterpret_cast<cl_context_properties>(world.device.platform);
  cl_int code = CL_SUCCESS;
  DumpContext("context of the platform", world.context, world.handles);
  const Context plain(clCreateContext(nullptr, 1, &device, nullptr, nullptr, &code));
  Must(code);
  DumpContext("context without properties", plain, world.handles);
  const cl_context_properties none[] = {0};
  const Context empty(clCreateContext(none, 1, &device, Ignore, nullptr, &code));
  Must(code);
  DumpContext("context with empty properties", empty, world.handles);
  const cl_context_properties two[] = {CL_CONTEXT_INTEROP_USER_SYNC, CL_TRUE, CL_CONTEXT_PLATFORM, platform,
                                       0};
  const Context synced(clCreateContext(two, 1, &device, nullptr, nullptr, &code));
  Must(code);
  DumpContext("context with two properties", synced, world.handles);
  const cl_device_id twice[] = {device, device};
  const Context doubled(clCreateContext(nullptr, 2, twice, nullptr, nullptr, &code));
  Must(code);
  DumpContext("context of a device named twice", doubled, world.handles);
  Must(clRetainContext(plain));
  DumpContext("context retained", plain, world.handles);
  Must(clReleaseContext(plain));
  DumpContext("context released once", plain, world.handles);
  {
    const Queue queue = MakeQueue(plain, world.device);
    const Mem buffer = MakeBuffer(plain, 64);
    DumpContext("context with a queue and a buffer", plain, world.handles);
  }
  DumpContext("context without them again", plain, world.handles);
}

void DumpQueues(World& world) {
  const cl_device_id device = world.device.id;
  cl_int code = CL_SUCCESS;
  const struct {
    const char* name;
    cl_command_queue_properties properties;
  } old_style[] = {
      {"queue", 0},
      {"queue with profiling", CL_QUEUE_PROFILING_ENABLE},
      {"queue out of order", CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE},
      {"queue with both", CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE},
  };
  for (const auto& [name, properties] : old_style) {
    const Queue queue = MakeQueue(world.context, world.device, properties);
    DumpQueue(name, queue, world.handles);
  }
  const cl_queue_properties none[] = {0};
  const cl_queue_properties profiling[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0};
  const struct {
    const char* name;
    const cl_queue_properties* properties;
  } new_style[] = {
      {"queue with null properties", nullptr},
      {"queue with empty properties", none},
      {"queue with properties", profiling},
  };
  for (const auto& [name, properties] : new_style) {
    const Queue queue(clCreateCommandQueueWithProperties(world.context, device, properties, &code));
    Must(code);
    DumpQueue(name, queue, world.handles);
  }
  Must(clRetainCommandQueue(world.queue));
  DumpQueue("queue retained", world.queue, world.handles);
  Must(clReleaseCommandQueue(world.queue));
}

}  // namespace clopencl::programs
