#include "api_errors/fixture.h"
#include "api_errors/wait_list.h"

namespace clopencl::programs {
namespace {

using Property = cl_queue_properties;

void Creation(Suite& s, Fixture& f) {
  const cl_device_id device = f.device.id;
  s.Group("clCreateCommandQueue");
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateCommandQueue(nullptr, device, 0, e); });
  s.Creates("null device", CL_INVALID_DEVICE,
            [&](cl_int* e) { return clCreateCommandQueue(f.context, nullptr, 0, e); });
  s.Creates("unknown property", {CL_INVALID_VALUE, CL_INVALID_QUEUE_PROPERTIES},
            [&](cl_int* e) { return clCreateCommandQueue(f.context, device, 1 << 12, e); });
  s.Creates("all properties", {CL_INVALID_VALUE, CL_INVALID_QUEUE_PROPERTIES},
            [&](cl_int* e) { return clCreateCommandQueue(f.context, device, ~Property{0}, e); });
  s.Creates("on device", {CL_INVALID_VALUE, CL_INVALID_QUEUE_PROPERTIES},
            [&](cl_int* e) { return clCreateCommandQueue(f.context, device, CL_QUEUE_ON_DEVICE, e); });
  s.Creates("out of order", CL_SUCCESS, [&](cl_int* e) {
    return clCreateCommandQueue(f.context, device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, e);
  });
  if (f.sub_device != nullptr) {
    s.Creates("device of no context", CL_INVALID_DEVICE,
              [&](cl_int* e) { return clCreateCommandQueue(f.context, f.sub_device, 0, e); });
  }
}

void CreationWithProperties(Suite& s, Fixture& f) {
  const cl_device_id device = f.device.id;
  const auto create = [&](std::initializer_list<Property> properties, cl_int* e) {
    return clCreateCommandQueueWithProperties(f.context, device, properties.begin(), e);
  };
  const Codes refused = {CL_INVALID_VALUE, CL_INVALID_QUEUE_PROPERTIES};

  s.Group("clCreateCommandQueueWithProperties");
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateCommandQueueWithProperties(nullptr, device, nullptr, e); });
  s.Creates("null device", CL_INVALID_DEVICE,
            [&](cl_int* e) { return clCreateCommandQueueWithProperties(f.context, nullptr, nullptr, e); });
  s.Creates("null properties", CL_SUCCESS,
            [&](cl_int* e) { return clCreateCommandQueueWithProperties(f.context, device, nullptr, e); });
  s.Creates("empty properties", CL_SUCCESS, [&](cl_int* e) { return create({0}, e); });
  s.Creates("unknown property", CL_INVALID_VALUE, [&](cl_int* e) { return create({0x7777, 1, 0}, e); });
  s.Creates("unknown value", refused, [&](cl_int* e) {
    return create({CL_QUEUE_PROPERTIES, 1 << 12, 0}, e);
  });
  s.Creates("value zero", CL_SUCCESS, [&](cl_int* e) { return create({CL_QUEUE_PROPERTIES, 0, 0}, e); });
  s.Creates("profiling and out of order", CL_SUCCESS, [&](cl_int* e) {
    return create(
        {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE | CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0}, e);
  });
  s.Creates("on device, in order", refused, [&](cl_int* e) {
    return create({CL_QUEUE_PROPERTIES, CL_QUEUE_ON_DEVICE, 0}, e);
  });
  s.Creates("default, not on device", refused, [&](cl_int* e) {
    return create({CL_QUEUE_PROPERTIES, CL_QUEUE_ON_DEVICE_DEFAULT, 0}, e);
  });
  s.Creates("size, not on device", CL_INVALID_VALUE, [&](cl_int* e) {
    return create({CL_QUEUE_SIZE, 4096, 0}, e);
  });
  s.Creates("on device", {CL_INVALID_VALUE, CL_INVALID_QUEUE_PROPERTIES, CL_SUCCESS}, [&](cl_int* e) {
    return create({CL_QUEUE_PROPERTIES, CL_QUEUE_ON_DEVICE | CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0}, e);
  });
  s.Creates("property twice", {CL_INVALID_VALUE, CL_SUCCESS}, [&](cl_int* e) {
    return create({CL_QUEUE_PROPERTIES, 0, CL_QUEUE_PROPERTIES, 0, 0}, e);
  });
  if (f.sub_device != nullptr) {
    s.Creates("device of no context", CL_INVALID_DEVICE, [&](cl_int* e) {
      return clCreateCommandQueueWithProperties(f.context, f.sub_device, nullptr, e);
    });
  }
}

void Others(Suite& s, Fixture& f) {
  s.Group("clGetCommandQueueInfo");
  s.Returns("null queue", CL_INVALID_COMMAND_QUEUE,
            [&] { return clGetCommandQueueInfo(nullptr, CL_QUEUE_CONTEXT, sizeof f.host, f.host, nullptr); });
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return clGetCommandQueueInfo(f.queue, 0x1234, sizeof f.host, f.host, nullptr); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return clGetCommandQueueInfo(f.queue, CL_QUEUE_PROPERTIES, 7, f.host, nullptr); });
  s.Returns("size zero", CL_INVALID_VALUE,
            [&] { return clGetCommandQueueInfo(f.queue, CL_QUEUE_PROPERTIES, 0, f.host, nullptr); });
  s.Returns("size of a host queue", CL_INVALID_COMMAND_QUEUE,
            [&] { return clGetCommandQueueInfo(f.queue, CL_QUEUE_SIZE, sizeof f.host, f.host, nullptr); });
  s.Returns("nothing asked", CL_SUCCESS,
            [&] { return clGetCommandQueueInfo(f.queue, CL_QUEUE_CONTEXT, 0, nullptr, nullptr); });

  s.Group("clRetainCommandQueue");
  s.Returns("null queue", CL_INVALID_COMMAND_QUEUE, [&] { return clRetainCommandQueue(nullptr); });
  s.Group("clReleaseCommandQueue");
  s.Returns("null queue", CL_INVALID_COMMAND_QUEUE, [&] { return clReleaseCommandQueue(nullptr); });
  s.Group("clFlush");
  s.Returns("null queue", CL_INVALID_COMMAND_QUEUE, [&] { return clFlush(nullptr); });
  s.Returns("idle queue", CL_SUCCESS, [&] { return clFlush(f.queue); });
  s.Group("clFinish");
  s.Returns("null queue", CL_INVALID_COMMAND_QUEUE, [&] { return clFinish(nullptr); });
  s.Returns("idle queue", CL_SUCCESS, [&] { return clFinish(f.queue); });
}

void MarkersAndBarriers(Suite& s, Fixture& f) {
  const cl_event own = f.event;
  const cl_event foreign = f.foreign_event;
  const cl_event with_null[] = {own, nullptr};
  s.Group("clEnqueueMarkerWithWaitList");
  WaitListCases(s, f, clEnqueueMarkerWithWaitList, Works::kOnNothing);
  s.Group("clEnqueueBarrierWithWaitList");
  WaitListCases(s, f, clEnqueueBarrierWithWaitList, Works::kOnNothing);

  s.Group("clEnqueueMarker");
  s.Enqueues("null queue", CL_INVALID_COMMAND_QUEUE,
             [&](cl_event* v) { return clEnqueueMarker(nullptr, v); });
  s.Returns("null event", CL_INVALID_VALUE, [&] { return clEnqueueMarker(f.queue, nullptr); });
  s.Enqueues("valid", CL_SUCCESS, [&](cl_event* v) { return clEnqueueMarker(f.queue, v); });
  s.Group("clEnqueueBarrier");
  s.Returns("null queue", CL_INVALID_COMMAND_QUEUE, [&] { return clEnqueueBarrier(nullptr); });
  s.Returns("valid", CL_SUCCESS, [&] { return clEnqueueBarrier(f.queue); });
  s.Group("clEnqueueWaitForEvents");
  s.Returns("null queue", CL_INVALID_COMMAND_QUEUE, [&] { return clEnqueueWaitForEvents(nullptr, 1, &own); });
  s.Returns("no event", CL_INVALID_VALUE, [&] { return clEnqueueWaitForEvents(f.queue, 0, &own); });
  s.Returns("null list", CL_INVALID_VALUE, [&] { return clEnqueueWaitForEvents(f.queue, 1, nullptr); });
  s.Returns("null event in list", CL_INVALID_EVENT,
            [&] { return clEnqueueWaitForEvents(f.queue, 2, with_null); });
  s.Returns("foreign event", CL_INVALID_CONTEXT,
            [&] { return clEnqueueWaitForEvents(f.queue, 1, &foreign); });
  s.Returns("valid", CL_SUCCESS, [&] { return clEnqueueWaitForEvents(f.queue, 1, &own); });
}

}  // namespace

void QueueCases(Suite& s, Fixture& f) {
  Creation(s, f);
  CreationWithProperties(s, f);
  Others(s, f);
  MarkersAndBarriers(s, f);
}

}  // namespace clopencl::programs
