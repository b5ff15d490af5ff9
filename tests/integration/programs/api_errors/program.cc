// Creation and queries of programs.
#include <vector>

#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

void CL_CALLBACK Ignore(cl_program, void*) {}

void FromSource(Suite& s, Fixture& f) {
  const char* text = "kernel void k() {}";
  const char* texts[] = {text, nullptr};
  s.Group("clCreateProgramWithSource");
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateProgramWithSource(nullptr, 1, &text, nullptr, e); });
  s.Creates("count zero", CL_INVALID_VALUE,
            [&](cl_int* e) { return clCreateProgramWithSource(f.context, 0, &text, nullptr, e); });
  s.Creates("null strings", CL_INVALID_VALUE,
            [&](cl_int* e) { return clCreateProgramWithSource(f.context, 1, nullptr, nullptr, e); });
  s.Creates("null string first", CL_INVALID_VALUE,
            [&](cl_int* e) { return clCreateProgramWithSource(f.context, 1, &texts[1], nullptr, e); });
  s.Creates("null string second", CL_INVALID_VALUE,
            [&](cl_int* e) { return clCreateProgramWithSource(f.context, 2, texts, nullptr, e); });
  s.Creates("length zero", CL_SUCCESS, [&](cl_int* e) {
    const size_t length = 0;
    return clCreateProgramWithSource(f.context, 1, &text, &length, e);
  });
  s.Creates("length shorter", CL_SUCCESS, [&](cl_int* e) {
    const size_t length = 3;
    return clCreateProgramWithSource(f.context, 1, &text, &length, e);
  });
  s.Creates("empty string", CL_SUCCESS, [&](cl_int* e) {
    const char* empty = "";
    return clCreateProgramWithSource(f.context, 1, &empty, nullptr, e);
  });
}

void FromBinary(Suite& s, Fixture& f) {
  std::vector<unsigned char> garbage(64, 0x5a);
  const unsigned char* data = garbage.data();
  const unsigned char* null_data = nullptr;
  const size_t size = garbage.size();
  const size_t zero = 0;
  const cl_device_id device = f.device.id;
  const cl_device_id null_device = nullptr;
  cl_int status = 0;
  const auto create = [&](cl_uint count, const cl_device_id* devices, const size_t* sizes,
                          const unsigned char** binaries, cl_int* e) {
    return clCreateProgramWithBinary(f.context, count, devices, sizes, binaries, &status, e);
  };
  s.Group("clCreateProgramWithBinary");
  s.Creates("null context", CL_INVALID_CONTEXT, [&](cl_int* e) {
    return clCreateProgramWithBinary(nullptr, 1, &device, &size, &data, &status, e);
  });
  s.Creates("no devices", CL_INVALID_VALUE, [&](cl_int* e) { return create(0, &device, &size, &data, e); });
  s.Creates("null devices", CL_INVALID_VALUE, [&](cl_int* e) { return create(1, nullptr, &size, &data, e); });
  s.Creates("null device", CL_INVALID_DEVICE,
            [&](cl_int* e) { return create(1, &null_device, &size, &data, e); });
  s.Creates("null lengths", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(1, &device, nullptr, &data, e); });
  s.Creates("null binaries", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(1, &device, &size, nullptr, e); });
  s.Creates("length zero", CL_INVALID_VALUE, [&](cl_int* e) { return create(1, &device, &zero, &data, e); });
  s.Creates("null binary", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(1, &device, &size, &null_data, e); });
  s.Creates("garbage", CL_INVALID_BINARY, [&](cl_int* e) { return create(1, &device, &size, &data, e); });
  s.Returns("garbage's status", CL_INVALID_BINARY, [&] {
    status = 1;
    const Program program(create(1, &device, &size, &data, nullptr));
    return status;
  });
  s.Creates("garbage without status", CL_INVALID_BINARY, [&](cl_int* e) {
    return clCreateProgramWithBinary(f.context, 1, &device, &size, &data, nullptr, e);
  });
  if (f.sub_device != nullptr) {
    const cl_device_id foreign = f.sub_device;
    s.Creates("device of no context", CL_INVALID_DEVICE,
              [&](cl_int* e) { return create(1, &foreign, &size, &data, e); });
  }
}

void FromOthers(Suite& s, Fixture& f) {
  const cl_device_id device = f.device.id;
  const cl_device_id null_device = nullptr;
  const auto built_in = [&](cl_uint count, const cl_device_id* devices, const char* names, cl_int* e) {
    return clCreateProgramWithBuiltInKernels(f.context, count, devices, names, e);
  };
  s.Group("clCreateProgramWithBuiltInKernels");
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateProgramWithBuiltInKernels(nullptr, 1, &device, "k", e); });
  s.Creates("no devices", CL_INVALID_VALUE, [&](cl_int* e) { return built_in(0, &device, "k", e); });
  s.Creates("null devices", CL_INVALID_VALUE, [&](cl_int* e) { return built_in(1, nullptr, "k", e); });
  s.Creates("null device", CL_INVALID_DEVICE, [&](cl_int* e) { return built_in(1, &null_device, "k", e); });
  s.Creates("null names", CL_INVALID_VALUE, [&](cl_int* e) { return built_in(1, &device, nullptr, e); });
  s.Creates("unknown name", CL_INVALID_VALUE,
            [&](cl_int* e) { return built_in(1, &device, "no.such.kernel", e); });
  s.Creates("empty name", CL_INVALID_VALUE, [&](cl_int* e) { return built_in(1, &device, "", e); });

  const bool takes_il = !f.device.String(CL_DEVICE_IL_VERSION).empty();
  const Codes bad = takes_il ? Codes(CL_INVALID_VALUE) : Codes{CL_INVALID_OPERATION, CL_INVALID_VALUE};
  s.Group("clCreateProgramWithIL");
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateProgramWithIL(nullptr, f.host, 16, e); });
  s.Creates("null data", bad, [&](cl_int* e) { return clCreateProgramWithIL(f.context, nullptr, 16, e); });
  s.Creates("length zero", bad, [&](cl_int* e) { return clCreateProgramWithIL(f.context, f.host, 0, e); });
  s.Creates("garbage", takes_il ? CL_INVALID_VALUE : CL_INVALID_OPERATION,
            [&](cl_int* e) { return clCreateProgramWithIL(f.context, f.host, 16, e); });

  s.Group("clSetProgramSpecializationConstant");
  cl_int value = 1;
  s.Returns("null program", CL_INVALID_PROGRAM,
            [&] { return clSetProgramSpecializationConstant(nullptr, 0, sizeof value, &value); });
  s.Returns("program from source", {CL_INVALID_PROGRAM, CL_INVALID_OPERATION},
            [&] { return clSetProgramSpecializationConstant(f.unbuilt_program, 0, sizeof value, &value); });
  s.Returns("null value", {CL_INVALID_VALUE, CL_INVALID_PROGRAM, CL_INVALID_OPERATION},
            [&] { return clSetProgramSpecializationConstant(f.unbuilt_program, 0, sizeof value, nullptr); });

  s.Group("clSetProgramReleaseCallback");
  s.Returns("null program", CL_INVALID_PROGRAM,
            [&] { return clSetProgramReleaseCallback(nullptr, Ignore, nullptr); });
  s.Returns("null function", {CL_INVALID_VALUE, CL_INVALID_OPERATION},
            [&] { return clSetProgramReleaseCallback(f.unbuilt_program, nullptr, nullptr); });
  s.Returns("without static destructors", {CL_INVALID_OPERATION, CL_SUCCESS},
            [&] { return clSetProgramReleaseCallback(f.unbuilt_program, Ignore, nullptr); });
}

void Queries(Suite& s, Fixture& f) {
  const auto info = [&](cl_program program, cl_program_info token, size_t size) {
    return clGetProgramInfo(program, token, size, f.host, nullptr);
  };
  s.Group("clGetProgramInfo");
  s.Returns("null program", CL_INVALID_PROGRAM,
            [&] { return info(nullptr, CL_PROGRAM_SOURCE, sizeof f.host); });
  s.Returns("unknown token", CL_INVALID_VALUE, [&] { return info(f.program, 0x1234, sizeof f.host); });
  s.Returns("too small", CL_INVALID_VALUE, [&] { return info(f.program, CL_PROGRAM_SOURCE, 1); });
  s.Returns("size zero", CL_INVALID_VALUE, [&] { return info(f.program, CL_PROGRAM_NUM_DEVICES, 0); });
  s.Returns("binaries too small", CL_INVALID_VALUE, [&] { return info(f.program, CL_PROGRAM_BINARIES, 1); });
  s.Returns("kernel count before build", CL_INVALID_PROGRAM_EXECUTABLE,
            [&] { return info(f.unbuilt_program, CL_PROGRAM_NUM_KERNELS, sizeof f.host); });
  s.Returns("kernel names before build", CL_INVALID_PROGRAM_EXECUTABLE,
            [&] { return info(f.unbuilt_program, CL_PROGRAM_KERNEL_NAMES, sizeof f.host); });
  s.Returns("kernel count after failure", CL_INVALID_PROGRAM_EXECUTABLE,
            [&] { return info(f.broken_program, CL_PROGRAM_NUM_KERNELS, sizeof f.host); });
  s.Returns("binary sizes before build", CL_SUCCESS,
            [&] { return info(f.unbuilt_program, CL_PROGRAM_BINARY_SIZES, sizeof f.host); });

  const auto build_info = [&](cl_program program, cl_device_id device, cl_program_build_info token,
                              size_t size) {
    return clGetProgramBuildInfo(program, device, token, size, f.host, nullptr);
  };
  s.Group("clGetProgramBuildInfo");
  s.Returns("null program", CL_INVALID_PROGRAM,
            [&] { return build_info(nullptr, f.device.id, CL_PROGRAM_BUILD_STATUS, sizeof f.host); });
  s.Returns("null device", CL_INVALID_DEVICE,
            [&] { return build_info(f.program, nullptr, CL_PROGRAM_BUILD_STATUS, sizeof f.host); });
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return build_info(f.program, f.device.id, 0x1234, sizeof f.host); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return build_info(f.program, f.device.id, CL_PROGRAM_BUILD_STATUS, 1); });
  s.Returns("before build", CL_SUCCESS,
            [&] { return build_info(f.unbuilt_program, f.device.id, CL_PROGRAM_BUILD_LOG, sizeof f.host); });
  if (f.sub_device != nullptr) {
    s.Returns("device of no context", CL_INVALID_DEVICE,
              [&] { return build_info(f.program, f.sub_device, CL_PROGRAM_BUILD_STATUS, sizeof f.host); });
  }
  s.Group("clRetainProgram");
  s.Returns("null program", CL_INVALID_PROGRAM, [&] { return clRetainProgram(nullptr); });
  s.Group("clReleaseProgram");
  s.Returns("null program", CL_INVALID_PROGRAM, [&] { return clReleaseProgram(nullptr); });
}

}  // namespace

void ProgramCases(Suite& s, Fixture& f) {
  FromSource(s, f);
  FromBinary(s, f);
  FromOthers(s, f);
  Queries(s, f);
}

}  // namespace clopencl::programs
