#include "api_errors/fixture.h"

#include "support/report.h"

namespace clopencl::programs {
namespace {

constexpr char kSource[] = R"(
kernel void scale(global float* data, float factor, local float* scratch) {
  scratch[get_local_id(0)] = data[get_global_id(0)];
  data[get_global_id(0)] = scratch[get_local_id(0)] * factor;
}
kernel void nothing() {}
__attribute__((reqd_work_group_size(4, 2, 1))) kernel void shaped() {}
kernel void every(global int* a, constant int* b, local int* c, int d, float4 e, char f) {
  a[0] = b[0] + d + (int)e.x + f;
  c[0] = 0;
}
#ifndef NO_IMAGES
kernel void look(read_only image2d_t image, sampler_t sampler, write_only image2d_t target) {
  int2 at = (int2)(get_global_id(0), get_global_id(1));
  write_imageui(target, at, read_imageui(image, sampler, at));
}
#endif
)";

Mem MakeImage(cl_context context, const cl_image_desc& shape, cl_channel_type type) {
  const cl_image_format format = {CL_RGBA, type};
  cl_int code = CL_SUCCESS;
  Mem image(clCreateImage(context, CL_MEM_READ_WRITE, &format, &shape, nullptr, &code));
  Must(code);
  return image;
}

cl_image_desc Shape(cl_mem_object_type type, size_t width, size_t height = 0, size_t depth = 0) {
  cl_image_desc shape = {};
  shape.image_type = type;
  shape.image_width = width;
  shape.image_height = height;
  shape.image_depth = depth;
  return shape;
}

Program MakeProgram(cl_context context, const char* source) {
  cl_int code = CL_SUCCESS;
  Program program(clCreateProgramWithSource(context, 1, &source, nullptr, &code));
  Must(code);
  return program;
}

Event MarkerEvent(cl_command_queue queue) {
  Event event;
  Must(clEnqueueMarkerWithWaitList(queue, 0, nullptr, event.Out()));
  Must(clFinish(queue));
  return event;
}

void MakeImages(Fixture& f) {
  const cl_image_desc flat = Shape(CL_MEM_OBJECT_IMAGE2D, Fixture::kImageWidth, Fixture::kImageHeight);
  f.image = MakeImage(f.context, flat, CL_UNSIGNED_INT8);
  f.other_image = MakeImage(f.context, flat, CL_UNSIGNED_INT8);
  f.float_image = MakeImage(f.context, flat, CL_FLOAT);
  f.image1d = MakeImage(f.context, Shape(CL_MEM_OBJECT_IMAGE1D, Fixture::kImageWidth), CL_UNSIGNED_INT8);
  f.image3d =
      MakeImage(f.context, Shape(CL_MEM_OBJECT_IMAGE3D, Fixture::kImageWidth, Fixture::kImageHeight, 4),
                CL_UNSIGNED_INT8);
  f.foreign_image = MakeImage(f.foreign_context, flat, CL_UNSIGNED_INT8);
  cl_int code = CL_SUCCESS;
  f.sampler = Sampler(clCreateSampler(f.context, CL_FALSE, CL_ADDRESS_CLAMP, CL_FILTER_NEAREST, &code));
  Must(code);
  f.foreign_sampler =
      Sampler(clCreateSampler(f.foreign_context, CL_FALSE, CL_ADDRESS_CLAMP, CL_FILTER_NEAREST, &code));
  Must(code);
}

void MakePrograms(Fixture& f) {
  const std::string options = std::string("-cl-kernel-arg-info") + (f.has_images ? "" : " -DNO_IMAGES");
  f.program = BuildProgram(f.context, f.device, kSource, options);
  f.foreign_program = BuildProgram(f.foreign_context, f.device, kSource, options);
  f.unbuilt_program = MakeProgram(f.context, kSource);
  f.broken_program = MakeProgram(f.context, "kernel void broken() { this is no OpenCL C; }");
  if (clBuildProgram(f.broken_program, 1, &f.device.id, "", nullptr, nullptr) == CL_SUCCESS) {
    Die("a program with a syntax error was built");
  }
  f.kernel = MakeKernel(f.program, "scale");
  SetArgs(f.kernel, f.buffer, 1.0f);
  MustSetArg(f.kernel, 2, 64, nullptr);
  f.empty_kernel = MakeKernel(f.program, "nothing");
  f.shaped_kernel = MakeKernel(f.program, "shaped");
  f.foreign_kernel = MakeKernel(f.foreign_program, "nothing");
}

}  // namespace

Fixture::Fixture()
    : device(ChooseDevice()),
      context(MakeContext(device)),
      queue(MakeQueue(context, device)),
      unordered_queue(MakeQueue(context, device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)),
      buffer(MakeBuffer(context, kBufferSize)),
      other_buffer(MakeBuffer(context, kBufferSize)),
      no_host_access(MakeBuffer(context, kBufferSize, CL_MEM_READ_WRITE | CL_MEM_HOST_NO_ACCESS)),
      host_write_only(MakeBuffer(context, kBufferSize, CL_MEM_READ_WRITE | CL_MEM_HOST_WRITE_ONLY)),
      host_read_only(MakeBuffer(context, kBufferSize, CL_MEM_READ_WRITE | CL_MEM_HOST_READ_ONLY)),
      foreign_context(MakeContext(device)),
      foreign_queue(MakeQueue(foreign_context, device)),
      foreign_buffer(MakeBuffer(foreign_context, kBufferSize)),
      has_images(device.HasImages()) {
  if (has_images) MakeImages(*this);
  MakePrograms(*this);
  event = MarkerEvent(queue);
  foreign_event = MarkerEvent(foreign_queue);
  cl_int code = CL_SUCCESS;
  user_event = Event(clCreateUserEvent(context, &code));
  Must(code);
  Must(clSetUserEventStatus(user_event, CL_COMPLETE));
  const cl_device_partition_property halves[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
  cl_uint count = 0;
  if (clCreateSubDevices(device.id, halves, 0, nullptr, &count) == CL_SUCCESS && count > 0) {
    std::vector<cl_device_id> parts(count);
    Must(clCreateSubDevices(device.id, halves, count, parts.data(), nullptr));
    sub_device = SubDevice(parts[0]);
    for (size_t i = 1; i < parts.size(); ++i) Must(clReleaseDevice(parts[i]));
  }
}

}  // namespace clopencl::programs
