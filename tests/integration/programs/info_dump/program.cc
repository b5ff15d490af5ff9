#include <algorithm>
#include <vector>

#include "info_dump/world.h"
#include "support/names.h"
#include "support/report.h"

namespace clopencl::programs {
namespace {

constexpr char kSource[] = "kernel void first(global int* a) { a[0] = 1; }\nkernel void second() {}\n";

// What a platform may be told by the specification to say of a program.
struct Specified {
  const char* kernels = nullptr;  // the error of queries for kernels
  const char* options = nullptr;  // the build options
};

void DumpProgram(const std::string& object, cl_program program, World& world,
                 const Specified& specified = {}) {
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetProgramInfo(program, token, size, value, size_ret);
       },
       world.handles,
       {
           INFO(CL_PROGRAM_REFERENCE_COUNT, kUint),
           INFO(CL_PROGRAM_CONTEXT, kHandle),
           INFO(CL_PROGRAM_NUM_DEVICES, kUint),
           INFO(CL_PROGRAM_DEVICES, kHandles),
           INFO(CL_PROGRAM_SOURCE, kText),
           INFO_SPECIFIED(CL_PROGRAM_NUM_KERNELS, kSize, specified.kernels),
           INFO_SPECIFIED(CL_PROGRAM_KERNEL_NAMES, kText, specified.kernels),
           INFO(CL_PROGRAM_IL, kSizeOnly),
           INFO(CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT, kBool),
           INFO(CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT, kBool),
       });
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetProgramBuildInfo(program, world.device.id, token, size, value, size_ret);
       },
       world.handles,
       {
           INFO(CL_PROGRAM_BUILD_STATUS, kInt),
           INFO_SPECIFIED(CL_PROGRAM_BUILD_OPTIONS, kText, specified.options),
           INFO(CL_PROGRAM_BINARY_TYPE, kHex),
           INFO(CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE, kSize),
       });
  // How long a log or a binary is may depend on file names and times; whether there is one may not. PoCL
  // refuses both queries before a build.
  size_t size = 0;
  cl_int code = clGetProgramBuildInfo(program, world.device.id, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size);
  PrintSpecified(object + "/CL_PROGRAM_BUILD_LOG",
                 code != CL_SUCCESS ? ErrorName(code)
                 : size > 1         ? "some"
                                    : "empty",
                 code == CL_SUCCESS && size > 1 ? "some" : "empty");
  size_t binary_size = 0;
  code = clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof binary_size, &binary_size, &size);
  if (code != CL_SUCCESS) {
    PrintSpecified(object + "/CL_PROGRAM_BINARY_SIZES", ErrorName(code), "zero or some");
  } else {
    if (size != sizeof binary_size) Expect(false, object + "/CL_PROGRAM_BINARY_SIZES's size");
    Print(object + "/CL_PROGRAM_BINARY_SIZES", binary_size > 0 ? "some" : "zero");
  }
  std::vector<unsigned char> binary(binary_size + 1);
  unsigned char* pointer = binary.data();
  code = clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof pointer, &pointer, nullptr);
  PrintError(object + "/CL_PROGRAM_BINARIES", code);
}

Program FromSource(cl_context context, std::vector<const char*> parts) {
  cl_int code = CL_SUCCESS;
  Program program(
      clCreateProgramWithSource(context, static_cast<cl_uint>(parts.size()), parts.data(), nullptr, &code));
  Must(code);
  return program;
}

Program FromBinary(World& world, cl_program built) {
  size_t size = 0;
  Must(clGetProgramInfo(built, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, nullptr));
  std::vector<unsigned char> binary(size);
  unsigned char* pointer = binary.data();
  Must(clGetProgramInfo(built, CL_PROGRAM_BINARIES, sizeof pointer, &pointer, nullptr));
  const unsigned char* data = pointer;
  cl_int code = CL_SUCCESS;
  cl_int status = CL_SUCCESS;
  Program program(
      clCreateProgramWithBinary(world.context, 1, &world.device.id, &size, &data, &status, &code));
  Must(code);
  PrintError("program from a binary/status", status);
  return program;
}

}  // namespace

void DumpPrograms(World& world) {
  const cl_device_id device = world.device.id;
  const Program program = FromSource(world.context, {kSource});
  DumpProgram("program before build", program, world);
  Must(clBuildProgram(program, 1, &device, "-DA=1 -cl-mad-enable", nullptr, nullptr));
  DumpProgram("program built", program, world);
  Must(clRetainProgram(program));
  DumpProgram("program retained", program, world);
  Must(clReleaseProgram(program));
  {
    const Kernel kernel = MakeKernel(program, "first");
    DumpProgram("program with a kernel", program, world);
  }
  const Program parts =
      FromSource(world.context, {"kernel void part1() {}\n", "", "kernel void part2() {}\n"});
  Must(clBuildProgram(parts, 0, nullptr, nullptr, nullptr, nullptr));
  DumpProgram("program of three strings", parts, world);
  const Program broken = FromSource(world.context, {"kernel void broken( {"});
  PrintError("program broken/clBuildProgram", clBuildProgram(broken, 1, &device, "-DX", nullptr, nullptr));
  DumpProgram("program broken", broken, world);

  const Program binary = FromBinary(world, program);
  DumpProgram("program from a binary before build", binary, world);
  Must(clBuildProgram(binary, 1, &device, "", nullptr, nullptr));
  DumpProgram("program from a binary built", binary, world);

  const Program compiled = FromSource(world.context, {kSource});
  Must(clCompileProgram(compiled, 1, &device, "-DB=2", 0, nullptr, nullptr, nullptr, nullptr));
  DumpProgram("program compiled", compiled, world, {"CL_INVALID_PROGRAM_EXECUTABLE", nullptr});
  const cl_program input = compiled;
  cl_int code = CL_SUCCESS;
  const Program linked(clLinkProgram(world.context, 1, &device, "", 1, &input, nullptr, nullptr, &code));
  Must(code);
  DumpProgram("program linked", linked, world);
  const Program library(
      clLinkProgram(world.context, 1, &device, "-create-library", 1, &input, nullptr, nullptr, &code));
  Must(code);
  DumpProgram("program linked to a library", library, world,
              {"CL_INVALID_PROGRAM_EXECUTABLE", "-create-library"});

  const std::string names = world.device.String(CL_DEVICE_BUILT_IN_KERNELS);
  if (names.empty()) return;
  const std::string first = names.substr(0, names.find(';'));
  const Program built_in(clCreateProgramWithBuiltInKernels(world.context, 1, &device, first.c_str(), &code));
  PrintError("program of a built-in kernel", code);
  if (code == CL_SUCCESS) DumpProgram("program of a built-in kernel", built_in, world);
}

}  // namespace clopencl::programs
