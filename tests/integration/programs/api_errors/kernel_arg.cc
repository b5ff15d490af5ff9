// clSetKernelArg, clSetKernelArgSVMPointer and clSetKernelExecInfo.
#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

// Of every(global int* a, constant int* b, local int* c, int d, float4 e, char f).
enum EveryArg : cl_uint { kGlobal, kConstant, kLocal, kInt, kFloat4, kChar, kEveryArgs };
// Of look(image2d_t, sampler_t, image2d_t).
enum LookArg : cl_uint { kReadImage, kSampler, kWriteImage };

void Values(Suite& s, Fixture& f, cl_kernel kernel) {
  const cl_int value = 1;
  const cl_float4 vector = {{1, 2, 3, 4}};
  const char letter = 'a';
  s.Returns("null kernel", CL_INVALID_KERNEL,
            [&] { return clSetKernelArg(nullptr, 0, sizeof value, &value); });
  s.Returns("index beyond", CL_INVALID_ARG_INDEX,
            [&] { return clSetKernelArg(kernel, kEveryArgs, sizeof value, &value); });
  s.Returns("index far beyond", CL_INVALID_ARG_INDEX,
            [&] { return clSetKernelArg(kernel, ~cl_uint{0}, sizeof value, &value); });
  s.Returns("of a kernel without arguments", CL_INVALID_ARG_INDEX,
            [&] { return clSetKernelArg(f.empty_kernel, 0, sizeof value, &value); });
  s.Returns("int", CL_SUCCESS, [&] { return clSetKernelArg(kernel, kInt, sizeof value, &value); });
  s.Returns("int by null", CL_INVALID_ARG_VALUE,
            [&] { return clSetKernelArg(kernel, kInt, sizeof value, nullptr); });
  s.Returns("int of size zero", CL_INVALID_ARG_SIZE, [&] { return clSetKernelArg(kernel, kInt, 0, &value); });
  s.Returns("int of size one", CL_INVALID_ARG_SIZE, [&] { return clSetKernelArg(kernel, kInt, 1, &letter); });
  s.Returns("int of size sixteen", CL_INVALID_ARG_SIZE,
            [&] { return clSetKernelArg(kernel, kInt, sizeof vector, &vector); });
  s.Returns("float4", CL_SUCCESS, [&] { return clSetKernelArg(kernel, kFloat4, sizeof vector, &vector); });
  s.Returns("float4 of size twelve", CL_INVALID_ARG_SIZE,
            [&] { return clSetKernelArg(kernel, kFloat4, 12, &vector); });
  s.Returns("char", CL_SUCCESS, [&] { return clSetKernelArg(kernel, kChar, 1, &letter); });
  s.Returns("char of size four", CL_INVALID_ARG_SIZE,
            [&] { return clSetKernelArg(kernel, kChar, 4, &value); });
}

void Pointers(Suite& s, Fixture& f, cl_kernel kernel) {
  const cl_mem buffer = f.buffer;
  const cl_mem foreign = f.foreign_buffer;
  const cl_mem null_mem = nullptr;
  const Codes refused = {CL_INVALID_ARG_VALUE, CL_INVALID_MEM_OBJECT};
  s.Returns("global", CL_SUCCESS, [&] { return clSetKernelArg(kernel, kGlobal, sizeof buffer, &buffer); });
  s.Returns("global by null", CL_SUCCESS,
            [&] { return clSetKernelArg(kernel, kGlobal, sizeof buffer, nullptr); });
  s.Returns("global by null object", CL_SUCCESS,
            [&] { return clSetKernelArg(kernel, kGlobal, sizeof buffer, &null_mem); });
  s.Returns("global of size four", CL_INVALID_ARG_SIZE,
            [&] { return clSetKernelArg(kernel, kGlobal, 4, &buffer); });
  s.Returns("global of size zero", CL_INVALID_ARG_SIZE,
            [&] { return clSetKernelArg(kernel, kGlobal, 0, &buffer); });
  s.Returns("global of a foreign context",
            {CL_INVALID_MEM_OBJECT, CL_INVALID_CONTEXT, CL_INVALID_ARG_VALUE, CL_SUCCESS},
            [&] { return clSetKernelArg(kernel, kGlobal, sizeof foreign, &foreign); });
  s.Returns("constant", CL_SUCCESS,
            [&] { return clSetKernelArg(kernel, kConstant, sizeof buffer, &buffer); });
  s.Returns("constant by null", CL_SUCCESS,
            [&] { return clSetKernelArg(kernel, kConstant, sizeof buffer, nullptr); });
  s.Returns("constant of size four", CL_INVALID_ARG_SIZE,
            [&] { return clSetKernelArg(kernel, kConstant, 4, &buffer); });
  s.Returns("local", CL_SUCCESS, [&] { return clSetKernelArg(kernel, kLocal, 64, nullptr); });
  s.Returns("local of size zero", CL_INVALID_ARG_SIZE,
            [&] { return clSetKernelArg(kernel, kLocal, 0, nullptr); });
  s.Returns("local with a value", CL_INVALID_ARG_VALUE,
            [&] { return clSetKernelArg(kernel, kLocal, 64, f.host); });
  s.Returns(
      "local larger than there is", {CL_SUCCESS, CL_INVALID_ARG_SIZE, CL_MAX_SIZE_RESTRICTION_EXCEEDED}, [&] {
        return clSetKernelArg(kernel, kLocal, f.device.Get<cl_ulong>(CL_DEVICE_LOCAL_MEM_SIZE) + 1, nullptr);
      });
  if (!f.has_images) return;
  const cl_mem image = f.image;
  s.Returns("global by an image", refused,
            [&] { return clSetKernelArg(kernel, kGlobal, sizeof image, &image); });
}

void ImagesAndSamplers(Suite& s, Fixture& f) {
  if (!f.has_images) return;
  const Kernel kernel = MakeKernel(f.program, "look");
  const cl_mem image = f.image;
  const cl_mem buffer = f.buffer;
  const cl_mem null_mem = nullptr;
  const cl_sampler sampler = f.sampler;
  const cl_sampler null_sampler = nullptr;
  const cl_sampler foreign_sampler = f.foreign_sampler;
  const Mem write_only = [&] {
    const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
    cl_image_desc shape = {};
    shape.image_type = CL_MEM_OBJECT_IMAGE2D;
    shape.image_width = shape.image_height = 4;
    return Mem(clCreateImage(f.context, CL_MEM_WRITE_ONLY, &format, &shape, nullptr, nullptr));
  }();
  const cl_mem write_only_image = write_only;
  const Codes bad_image = {CL_INVALID_MEM_OBJECT, CL_INVALID_ARG_VALUE};
  s.Returns("image", CL_SUCCESS, [&] { return clSetKernelArg(kernel, kReadImage, sizeof image, &image); });
  s.Returns("image by null", bad_image,
            [&] { return clSetKernelArg(kernel, kReadImage, sizeof image, nullptr); });
  s.Returns("image by null object", bad_image,
            [&] { return clSetKernelArg(kernel, kReadImage, sizeof image, &null_mem); });
  s.Returns("image by a buffer", bad_image,
            [&] { return clSetKernelArg(kernel, kReadImage, sizeof buffer, &buffer); });
  s.Returns("image of size four", CL_INVALID_ARG_SIZE,
            [&] { return clSetKernelArg(kernel, kReadImage, 4, &image); });
  s.Returns("read image by a write-only one", {CL_INVALID_ARG_VALUE, CL_INVALID_MEM_OBJECT},
            [&] { return clSetKernelArg(kernel, kReadImage, sizeof write_only_image, &write_only_image); });
  s.Returns("sampler", CL_SUCCESS,
            [&] { return clSetKernelArg(kernel, kSampler, sizeof sampler, &sampler); });
  s.Returns("sampler by null", {CL_INVALID_SAMPLER, CL_INVALID_ARG_VALUE},
            [&] { return clSetKernelArg(kernel, kSampler, sizeof sampler, nullptr); });
  s.Returns("sampler by null object", {CL_INVALID_SAMPLER, CL_INVALID_ARG_VALUE},
            [&] { return clSetKernelArg(kernel, kSampler, sizeof sampler, &null_sampler); });
  s.Returns("sampler of size four", CL_INVALID_ARG_SIZE,
            [&] { return clSetKernelArg(kernel, kSampler, 4, &sampler); });
  s.Returns("sampler of a foreign context",
            {CL_INVALID_SAMPLER, CL_INVALID_CONTEXT, CL_INVALID_ARG_VALUE, CL_SUCCESS},
            [&] { return clSetKernelArg(kernel, kSampler, sizeof foreign_sampler, &foreign_sampler); });
}

void SvmArguments(Suite& s, Fixture& f) {
  const auto capabilities = f.device.Get<cl_device_svm_capabilities>(CL_DEVICE_SVM_CAPABILITIES);
  const bool system = (capabilities & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM) != 0;
  if ((capabilities & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER) == 0) return;
  const Kernel kernel = MakeKernel(f.program, "every");
  void* memory = clSVMAlloc(f.context, CL_MEM_READ_WRITE, 64, 0);
  s.Group("clSetKernelArgSVMPointer");
  s.Returns("null kernel", CL_INVALID_KERNEL, [&] { return clSetKernelArgSVMPointer(nullptr, 0, memory); });
  s.Returns("index beyond", CL_INVALID_ARG_INDEX,
            [&] { return clSetKernelArgSVMPointer(kernel, kEveryArgs, memory); });
  s.Returns("valid", CL_SUCCESS, [&] { return clSetKernelArgSVMPointer(kernel, kGlobal, memory); });
  s.Returns("null pointer", {CL_SUCCESS, CL_INVALID_ARG_VALUE},
            [&] { return clSetKernelArgSVMPointer(kernel, kGlobal, nullptr); });
  s.Returns("of an int", {CL_INVALID_ARG_VALUE, CL_INVALID_ARG_INDEX},
            [&] { return clSetKernelArgSVMPointer(kernel, kInt, memory); });

  void* const list[] = {memory};
  const cl_bool yes = CL_TRUE;
  s.Group("clSetKernelExecInfo");
  s.Returns("null kernel", CL_INVALID_KERNEL,
            [&] { return clSetKernelExecInfo(nullptr, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof list, list); });
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return clSetKernelExecInfo(kernel, 0x1234, sizeof list, list); });
  s.Returns("null value", CL_INVALID_VALUE,
            [&] { return clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof list, nullptr); });
  s.Returns("size zero", {CL_INVALID_VALUE, CL_SUCCESS},
            [&] { return clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, 0, list); });
  s.Returns("pointers", CL_SUCCESS,
            [&] { return clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof list, list); });
  s.Returns("fine-grained system", system ? CL_SUCCESS : CL_INVALID_OPERATION, [&] {
    return clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, sizeof yes, &yes);
  });
  clSVMFree(f.context, memory);
}

}  // namespace

void KernelArgCases(Suite& s, Fixture& f) {
  const Kernel kernel = MakeKernel(f.program, "every");
  s.Group("clSetKernelArg");
  Values(s, f, kernel);
  Pointers(s, f, kernel);
  ImagesAndSamplers(s, f);
  SvmArguments(s, f);
}

}  // namespace clopencl::programs
