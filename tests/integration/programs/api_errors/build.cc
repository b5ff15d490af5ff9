// clBuildProgram.
#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

Program Source(Fixture& f, const char* text) {
  return Program(clCreateProgramWithSource(f.context, 1, &text, nullptr, nullptr));
}

// Builds a fresh program of `text`.
cl_int Build(Fixture& f, const char* text, const char* options) {
  const Program program = Source(f, text);
  return clBuildProgram(program, 1, &f.device.id, options, nullptr, nullptr);
}

void Arguments(Suite& s, Fixture& f) {
  const cl_device_id device = f.device.id;
  const cl_device_id null_device = nullptr;
  const char* empty = "kernel void k() {}";
  s.Returns("null program", CL_INVALID_PROGRAM,
            [&] { return clBuildProgram(nullptr, 1, &device, "", nullptr, nullptr); });
  s.Returns("devices without count", CL_INVALID_VALUE,
            [&] { return clBuildProgram(f.unbuilt_program, 0, &device, "", nullptr, nullptr); });
  s.Returns("count without devices", CL_INVALID_VALUE,
            [&] { return clBuildProgram(f.unbuilt_program, 1, nullptr, "", nullptr, nullptr); });
  s.Returns("null device", CL_INVALID_DEVICE,
            [&] { return clBuildProgram(f.unbuilt_program, 1, &null_device, "", nullptr, nullptr); });
  s.Returns("user data without function", CL_INVALID_VALUE,
            [&] { return clBuildProgram(f.unbuilt_program, 1, &device, "", nullptr, f.host); });
  s.Returns("all devices, null options", CL_SUCCESS, [&] {
    const Program program = Source(f, empty);
    return clBuildProgram(program, 0, nullptr, nullptr, nullptr, nullptr);
  });
  s.Returns("device twice", CL_SUCCESS, [&] {
    const Program program = Source(f, empty);
    const cl_device_id twice[] = {device, device};
    return clBuildProgram(program, 2, twice, "", nullptr, nullptr);
  });
  s.Returns("again", CL_SUCCESS, [&] {
    const Program program = Source(f, empty);
    clBuildProgram(program, 1, &device, "", nullptr, nullptr);
    return clBuildProgram(program, 1, &device, "-DX=1", nullptr, nullptr);
  });
  s.Returns("with kernels alive", CL_INVALID_OPERATION, [&] {
    const Program program = Source(f, empty);
    clBuildProgram(program, 1, &device, "", nullptr, nullptr);
    const Kernel kernel(clCreateKernel(program, "k", nullptr));
    return clBuildProgram(program, 1, &device, "", nullptr, nullptr);
  });
  if (f.sub_device != nullptr) {
    const cl_device_id foreign = f.sub_device;
    s.Returns("device of no context", CL_INVALID_DEVICE,
              [&] { return clBuildProgram(f.unbuilt_program, 1, &foreign, "", nullptr, nullptr); });
  }
}

void Options(Suite& s, Fixture& f) {
  const char* empty = "kernel void k() {}";
  s.Returns("unknown option", CL_INVALID_BUILD_OPTIONS, [&] { return Build(f, empty, "-no-such-option"); });
  s.Returns("option that is no option", CL_INVALID_BUILD_OPTIONS, [&] { return Build(f, empty, "hello"); });
  s.Returns("unknown standard", CL_INVALID_BUILD_OPTIONS, [&] { return Build(f, empty, "-cl-std=CL9.9"); });
  s.Returns("standard 1.2", CL_SUCCESS, [&] { return Build(f, empty, "-cl-std=CL1.2"); });
  s.Returns("definition without name", {CL_INVALID_BUILD_OPTIONS, CL_BUILD_PROGRAM_FAILURE},
            [&] { return Build(f, empty, "-D"); });
  s.Returns("all common options", CL_SUCCESS, [&] {
    return Build(
        f, empty,
        "-D A -D B=1 -I . -w -cl-opt-disable -cl-mad-enable -cl-no-signed-zeros "
        "-cl-unsafe-math-optimizations -cl-finite-math-only -cl-fast-relaxed-math -cl-denorms-are-zero "
        "-cl-single-precision-constant -cl-kernel-arg-info");
  });
  s.Returns("warnings are errors, none there", CL_SUCCESS, [&] { return Build(f, empty, "-Werror"); });
}

void Sources(Suite& s, Fixture& f) {
  const Codes failure = CL_BUILD_PROGRAM_FAILURE;
  s.Returns("syntax error", failure, [&] { return Build(f, "kernel void k( {}", ""); });
  s.Returns("unknown type", failure, [&] { return Build(f, "kernel void k(global nothing* a) {}", ""); });
  s.Returns("unknown function", failure,
            [&] { return Build(f, "kernel void k(global int* a) { a[0] = g(1); }", ""); });
  s.Returns("kernel that returns", failure, [&] { return Build(f, "kernel int k() { return 1; }", ""); });
  s.Returns("unknown include", failure, [&] { return Build(f, "#include \"no_such_file.h\"\n", ""); });
  s.Returns("error directive", failure, [&] { return Build(f, "#error wanted\n", ""); });
  s.Returns("error by definition", failure,
            [&] { return Build(f, "#ifdef FAIL\n#error wanted\n#endif\nkernel void k() {}", "-DFAIL"); });
  s.Returns("empty source", {CL_SUCCESS, CL_BUILD_PROGRAM_FAILURE}, [&] { return Build(f, "", ""); });
  s.Returns("source without kernels", CL_SUCCESS, [&] { return Build(f, "int f(int a) { return a; }", ""); });
  s.Returns("failed once, built again", failure,
            [&] { return clBuildProgram(f.broken_program, 1, &f.device.id, "", nullptr, nullptr); });
}

}  // namespace

void BuildCases(Suite& s, Fixture& f) {
  s.Group("clBuildProgram");
  Arguments(s, f);
  Options(s, f);
  Sources(s, f);
}

}  // namespace clopencl::programs
