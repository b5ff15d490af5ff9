#include <vector>

#include "info_dump/world.h"
#include "support/report.h"

namespace clopencl::programs {
namespace {

// `type` is the command's type where a native platform may say another.
void DumpEvent(const std::string& object, cl_event event, const Handles& handles,
               const char* type = nullptr) {
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetEventInfo(event, token, size, value, size_ret);
       },
       handles,
       {
           INFO(CL_EVENT_COMMAND_QUEUE, kHandle),
           INFO(CL_EVENT_CONTEXT, kHandle),
           INFO_SPECIFIED(CL_EVENT_COMMAND_TYPE, kCommand, type),
           INFO(CL_EVENT_COMMAND_EXECUTION_STATUS, kStatus),
           INFO(CL_EVENT_REFERENCE_COUNT, kSizeOnly),
       });
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetEventProfilingInfo(event, token, size, value, size_ret);
       },
       handles,
       {
           INFO(CL_PROFILING_COMMAND_QUEUED, kTime),
           INFO(CL_PROFILING_COMMAND_SUBMIT, kTime),
           INFO(CL_PROFILING_COMMAND_START, kTime),
           INFO(CL_PROFILING_COMMAND_END, kTime),
           INFO(CL_PROFILING_COMMAND_COMPLETE, kTime),
       });
}

// Enqueues with `enqueue(event)`, waits, and dumps the event.
template <typename Enqueue>
void DumpCommand(const std::string& name, World& world, Enqueue enqueue, const char* type = nullptr) {
  Event event;
  const cl_int code = enqueue(event.Out());
  if (code != CL_SUCCESS) return PrintError("event of " + name, code);
  Must(clFinish(world.queue));
  DumpEvent("event of " + name, event, world.handles, type);
}

void DumpBufferCommands(World& world) {
  const cl_command_queue queue = world.queue;
  const Mem buffer = MakeBuffer(world.context, 1024);
  const Mem other = MakeBuffer(world.context, 1024);
  const cl_mem mem = buffer;
  const size_t origin[] = {0, 0, 0};
  const size_t region[] = {8, 4, 2};
  std::vector<char> host(1024);
  char* const data = host.data();
  DumpCommand("write", world, [&](cl_event* e) {
    return clEnqueueWriteBuffer(queue, mem, CL_FALSE, 0, 64, data, 0, nullptr, e);
  });
  DumpCommand("read", world, [&](cl_event* e) {
    return clEnqueueReadBuffer(queue, mem, CL_FALSE, 0, 64, data, 0, nullptr, e);
  });
  DumpCommand("blocking read", world, [&](cl_event* e) {
    return clEnqueueReadBuffer(queue, mem, CL_TRUE, 0, 64, data, 0, nullptr, e);
  });
  DumpCommand("copy", world,
              [&](cl_event* e) { return clEnqueueCopyBuffer(queue, mem, other, 0, 0, 64, 0, nullptr, e); });
  DumpCommand("fill", world,
              [&](cl_event* e) { return clEnqueueFillBuffer(queue, mem, data, 4, 0, 64, 0, nullptr, e); });
  DumpCommand("rectangular write", world, [&](cl_event* e) {
    return clEnqueueWriteBufferRect(queue, mem, CL_FALSE, origin, origin, region, 16, 128, 0, 0, data, 0,
                                    nullptr, e);
  });
  DumpCommand("rectangular read", world, [&](cl_event* e) {
    return clEnqueueReadBufferRect(queue, mem, CL_FALSE, origin, origin, region, 16, 128, 0, 0, data, 0,
                                   nullptr, e);
  });
  DumpCommand("rectangular copy", world, [&](cl_event* e) {
    return clEnqueueCopyBufferRect(queue, mem, other, origin, origin, region, 16, 128, 16, 128, 0, nullptr,
                                   e);
  });
  DumpCommand("migration", world,
              [&](cl_event* e) { return clEnqueueMigrateMemObjects(queue, 1, &mem, 0, 0, nullptr, e); });
  void* mapped = nullptr;
  DumpCommand("mapping", world, [&](cl_event* e) {
    cl_int code = CL_SUCCESS;
    mapped = clEnqueueMapBuffer(queue, mem, CL_FALSE, CL_MAP_READ, 0, 64, 0, nullptr, e, &code);
    return code;
  });
  DumpCommand("unmapping", world,
              [&](cl_event* e) { return clEnqueueUnmapMemObject(queue, mem, mapped, 0, nullptr, e); });
}

void DumpImageCommands(World& world) {
  if (!world.device.HasImages()) return;
  const cl_command_queue queue = world.queue;
  const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
  cl_image_desc shape = {};
  shape.image_type = CL_MEM_OBJECT_IMAGE2D;
  shape.image_width = shape.image_height = 8;
  const auto make = [&] {
    cl_int code = CL_SUCCESS;
    Mem image(clCreateImage(world.context, CL_MEM_READ_WRITE, &format, &shape, nullptr, &code));
    Must(code);
    return image;
  };
  const Mem image = make();
  const Mem other = make();
  const Mem buffer = MakeBuffer(world.context, 1024);
  const size_t origin[] = {0, 0, 0};
  const size_t region[] = {8, 8, 1};
  const cl_uint color[] = {1, 2, 3, 4};
  std::vector<char> host(1024);
  DumpCommand("image write", world, [&](cl_event* e) {
    return clEnqueueWriteImage(queue, image, CL_FALSE, origin, region, 0, 0, host.data(), 0, nullptr, e);
  });
  DumpCommand("image read", world, [&](cl_event* e) {
    return clEnqueueReadImage(queue, image, CL_FALSE, origin, region, 0, 0, host.data(), 0, nullptr, e);
  });
  DumpCommand("image fill", world, [&](cl_event* e) {
    return clEnqueueFillImage(queue, image, color, origin, region, 0, nullptr, e);
  });
  DumpCommand("image copy", world, [&](cl_event* e) {
    return clEnqueueCopyImage(queue, image, other, origin, origin, region, 0, nullptr, e);
  });
  DumpCommand("image to buffer", world, [&](cl_event* e) {
    return clEnqueueCopyImageToBuffer(queue, image, buffer, origin, region, 0, 0, nullptr, e);
  });
  DumpCommand("buffer to image", world, [&](cl_event* e) {
    return clEnqueueCopyBufferToImage(queue, buffer, image, 0, origin, region, 0, nullptr, e);
  });
  void* mapped = nullptr;
  DumpCommand("image mapping", world, [&](cl_event* e) {
    cl_int code = CL_SUCCESS;
    size_t pitch = 0;
    mapped = clEnqueueMapImage(queue, image, CL_FALSE, CL_MAP_READ, origin, region, &pitch, nullptr, 0,
                               nullptr, e, &code);
    return code;
  });
  DumpCommand("image unmapping", world,
              [&](cl_event* e) { return clEnqueueUnmapMemObject(queue, image, mapped, 0, nullptr, e); });
}

void DumpOtherCommands(World& world) {
  const cl_command_queue queue = world.queue;
  const Kernel kernel = MakeKernel(world.program, "nothing");
  const size_t size = 16;
  DumpCommand("kernel", world, [&](cl_event* e) {
    return clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &size, nullptr, 0, nullptr, e);
  });
  DumpCommand(
      "task", world, [&](cl_event* e) { return clEnqueueTask(queue, kernel, 0, nullptr, e); },
      "CL_COMMAND_TASK");
  DumpCommand("marker", world,
              [&](cl_event* e) { return clEnqueueMarkerWithWaitList(queue, 0, nullptr, e); });
  DumpCommand("barrier", world,
              [&](cl_event* e) { return clEnqueueBarrierWithWaitList(queue, 0, nullptr, e); });
  DumpCommand("old marker", world, [&](cl_event* e) { return clEnqueueMarker(queue, e); });
}

void DumpSvmCommands(World& world) {
  if ((world.device.Get<cl_device_svm_capabilities>(CL_DEVICE_SVM_CAPABILITIES) &
       CL_DEVICE_SVM_COARSE_GRAIN_BUFFER) == 0) {
    return;
  }
  const cl_command_queue queue = world.queue;
  auto* memory = static_cast<char*>(clSVMAlloc(world.context, CL_MEM_READ_WRITE, 1024, 0));
  const int pattern = 7;
  const void* list[] = {memory};
  DumpCommand("SVM copy", world, [&](cl_event* e) {
    return clEnqueueSVMMemcpy(queue, CL_FALSE, memory, memory + 512, 64, 0, nullptr, e);
  });
  DumpCommand("SVM fill", world, [&](cl_event* e) {
    return clEnqueueSVMMemFill(queue, memory, &pattern, sizeof pattern, 64, 0, nullptr, e);
  });
  DumpCommand("SVM mapping", world, [&](cl_event* e) {
    return clEnqueueSVMMap(queue, CL_FALSE, CL_MAP_READ, memory, 64, 0, nullptr, e);
  });
  DumpCommand("SVM unmapping", world,
              [&](cl_event* e) { return clEnqueueSVMUnmap(queue, memory, 0, nullptr, e); });
  DumpCommand("SVM migration", world,
              [&](cl_event* e) { return clEnqueueSVMMigrateMem(queue, 1, list, nullptr, 0, 0, nullptr, e); });
  DumpCommand("SVM free", world, [&](cl_event* e) {
    void* pointers[] = {memory};
    return clEnqueueSVMFree(queue, 1, pointers, nullptr, nullptr, 0, nullptr, e);
  });
}

void DumpUserEvents(World& world) {
  cl_int code = CL_SUCCESS;
  const Event event(clCreateUserEvent(world.context, &code));
  Must(code);
  DumpEvent("user event", event, world.handles);
  const cl_event list[] = {event};
  Event held;
  Must(clEnqueueMarkerWithWaitList(world.queue, 1, list, held.Out()));
  DumpCommand("nothing, but the user event is set", world, [&](cl_event* e) {
    Must(clSetUserEventStatus(event, CL_COMPLETE));
    return clEnqueueMarkerWithWaitList(world.queue, 0, nullptr, e);
  });
  DumpEvent("user event complete", event, world.handles);
  DumpEvent("event that waited for it", held, world.handles);
  const Event failed(clCreateUserEvent(world.context, &code));
  Must(code);
  Must(clSetUserEventStatus(failed, -1234));
  DumpEvent("user event failed", failed, world.handles);
}

}  // namespace

void DumpEvents(World& world) {
  DumpBufferCommands(world);
  DumpImageCommands(world);
  DumpOtherCommands(world);
  DumpSvmCommands(world);
  DumpUserEvents(world);
}

}  // namespace clopencl::programs
