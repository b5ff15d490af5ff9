#include <array>

#include "info_dump/world.h"
#include "support/report.h"

namespace clopencl::programs {
namespace {

constexpr char kSource[] = R"(
typedef struct { int x; float4 y; } pair_t;
kernel void plain() {}
kernel void scalars(char a, uchar b, short c, ushort d, int e, uint f, long g, ulong h, float i) {}
kernel void vectors(char2 a, uchar3 b, short4 c, int8 d, float16 e, ulong2 f) {}
kernel void record(pair_t pair, global pair_t* pairs) { pairs[0] = pair; }
kernel void pointers(global int* a, global const int* b, constant float* c, local int* d,
                     global volatile int* restrict e, global const volatile float4* restrict f) {
  a[0] = b[0] + (int)c[0] + d[0] + e[0] + (int)f[0].x;
}
__attribute__((reqd_work_group_size(8, 4, 2))) kernel void required(global int* a) { a[0] = 1; }
__attribute__((work_group_size_hint(16, 1, 1))) __attribute__((vec_type_hint(float4)))
kernel void hinted(global float4* a) { a[0] = 1; }
kernel void needs_local(global int* a) {
  local int scratch[100];
  int b[64];
  for (int i = 0; i < 64; ++i) b[i] = a[i];
  scratch[get_local_id(0) % 100] = b[a[0] % 64];
  barrier(CLK_LOCAL_MEM_FENCE);
  a[get_global_id(0)] = scratch[(get_local_id(0) + 1) % 100];
}
)";

constexpr char kImageSource[] = R"(
kernel void images(read_only image2d_t a, write_only image2d_t b, read_only image3d_t c,
                   read_only image1d_t d, read_only image1d_array_t e, read_only image2d_array_t f,
                   read_only image1d_buffer_t g, sampler_t s) {
  write_imagef(b, (int2)(0, 0), read_imagef(a, s, (int2)(0, 0)) + read_imagef(c, s, (int4)(0, 0, 0, 0)) +
                                    read_imagef(d, s, 0) + read_imagef(e, s, (int2)(0, 0)) +
                                    read_imagef(f, s, (int4)(0, 0, 0, 0)) + read_imagef(g, 0));
}
)";

const std::vector<Token> kArgument = {
    INFO(CL_KERNEL_ARG_ADDRESS_QUALIFIER, kHex),
    INFO(CL_KERNEL_ARG_ACCESS_QUALIFIER, kHex),
    INFO(CL_KERNEL_ARG_TYPE_NAME, kText),
    INFO(CL_KERNEL_ARG_TYPE_QUALIFIER, kHex),
    INFO(CL_KERNEL_ARG_NAME, kText),
};

void DumpSubGroups(const std::string& object, cl_kernel kernel, World& world) {
  const size_t range[] = {64, 2, 1};
  for (size_t dimensions = 1; dimensions <= 3; ++dimensions) {
    Dump(object + " over " + std::to_string(dimensions) + " dimensions",
         [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
           return clGetKernelSubGroupInfo(kernel, world.device.id, token, dimensions * sizeof(size_t), range,
                                          size, value, size_ret);
         },
         world.handles,
         {
             INFO(CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, kSize),
             INFO(CL_KERNEL_SUB_GROUP_COUNT_FOR_NDRANGE, kSize),
         });
  }
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetKernelSubGroupInfo(kernel, world.device.id, token, 0, nullptr, size, value, size_ret);
       },
       world.handles,
       {
           INFO(CL_KERNEL_MAX_NUM_SUB_GROUPS, kSize),
           INFO(CL_KERNEL_COMPILE_NUM_SUB_GROUPS, kSize),
       });
}

void DumpKernel(const std::string& object, cl_kernel kernel, World& world) {
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetKernelInfo(kernel, token, size, value, size_ret);
       },
       world.handles,
       {
           INFO(CL_KERNEL_FUNCTION_NAME, kText),
           INFO(CL_KERNEL_NUM_ARGS, kUint),
           INFO(CL_KERNEL_REFERENCE_COUNT, kUint),
           INFO(CL_KERNEL_CONTEXT, kHandle),
           INFO(CL_KERNEL_PROGRAM, kHandle),
           INFO(CL_KERNEL_ATTRIBUTES, kText),
       });
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetKernelWorkGroupInfo(kernel, world.device.id, token, size, value, size_ret);
       },
       world.handles,
       {
           INFO(CL_KERNEL_WORK_GROUP_SIZE, kSize),
           INFO(CL_KERNEL_COMPILE_WORK_GROUP_SIZE, kSizes),
           INFO(CL_KERNEL_LOCAL_MEM_SIZE, kUlong),
           INFO(CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, kSize),
           INFO(CL_KERNEL_PRIVATE_MEM_SIZE, kUlong),
           INFO(CL_KERNEL_GLOBAL_WORK_SIZE, kSizes),
       });
}

void DumpArguments(const std::string& object, cl_kernel kernel, World& world) {
  cl_uint count = 0;
  Must(clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof count, &count, nullptr));
  for (cl_uint index = 0; index < count; ++index) {
    Dump(
        object + "/argument " + std::to_string(index),
        [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
          return clGetKernelArgInfo(kernel, index, token, size, value, size_ret);
        },
        world.handles, kArgument);
  }
}

void DumpAll(const Program& program, const std::string& build, World& world) {
  cl_uint count = 0;
  Must(clCreateKernelsInProgram(program, 0, nullptr, &count));
  PrintNumber("kernels " + build, count);
  std::vector<cl_kernel> kernels(count);
  Must(clCreateKernelsInProgram(program, count, kernels.data(), nullptr));
  for (cl_uint i = 0; i < count; ++i) {
    const std::string title = "kernel " + std::to_string(i) + " " + build;
    DumpKernel(title, kernels[i], world);
    DumpArguments(title, kernels[i], world);
    Must(clReleaseKernel(kernels[i]));
  }
}

}  // namespace

void DumpKernels(World& world) {
  const Program program = BuildProgram(world.context, world.device, kSource, "-cl-kernel-arg-info");
  world.handles.Add(program.get(), "the program");
  DumpAll(program, "with argument information", world);
  const Program without = BuildProgram(world.context, world.device, kSource);
  world.handles.Add(without.get(), "the program without argument information");
  DumpAll(without, "without argument information", world);
  if (world.device.HasImages()) {
    const Program images = BuildProgram(world.context, world.device, kImageSource, "-cl-kernel-arg-info");
    world.handles.Add(images.get(), "the program with images");
    DumpAll(images, "with images", world);
  }

  const Kernel kernel = MakeKernel(program, "needs_local");
  DumpSubGroups("kernel needs_local", kernel, world);
  const Kernel pointers = MakeKernel(program, "pointers");
  MustSetArg(pointers, 3, 1000, nullptr);
  DumpKernel("kernel with a local argument set", pointers, world);
  const Kernel clone(clCloneKernel(pointers, nullptr));
  DumpKernel("kernel cloned", clone, world);
  Must(clRetainKernel(pointers));
  DumpKernel("kernel retained", pointers, world);
  Must(clReleaseKernel(pointers));
}

}  // namespace clopencl::programs
