// clCompileProgram and clLinkProgram.
#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

constexpr char kMain[] = "#include \"part.h\"\nkernel void k(global int* a) { a[0] = part(a[1]); }";
constexpr char kHeader[] = "int part(int);";
constexpr char kPart[] = "int part(int a) { return a + 1; }";

Program Source(cl_context context, const char* text) {
  return Program(clCreateProgramWithSource(context, 1, &text, nullptr, nullptr));
}

cl_int Compile(Fixture& f, cl_program program, const char* options = "", cl_program header = nullptr) {
  const char* name = "part.h";
  return clCompileProgram(program, 1, &f.device.id, options, header == nullptr ? 0 : 1,
                          header == nullptr ? nullptr : &header, header == nullptr ? nullptr : &name, nullptr,
                          nullptr);
}

void CompileCases(Suite& s, Fixture& f) {
  const cl_device_id device = f.device.id;
  const cl_device_id null_device = nullptr;
  const Program main_program = Source(f.context, kMain);
  const Program header = Source(f.context, kHeader);
  const cl_program headers[] = {header};
  const char* names[] = {"part.h"};
  const char* null_names[] = {nullptr};
  const cl_program null_headers[] = {nullptr};
  const auto compile = [&](cl_uint devices, const cl_device_id* list, cl_uint count, const cl_program* input,
                           const char** input_names) {
    return clCompileProgram(main_program, devices, list, "", count, input, input_names, nullptr, nullptr);
  };
  s.Group("clCompileProgram");
  s.Returns("null program", CL_INVALID_PROGRAM,
            [&] { return clCompileProgram(nullptr, 0, nullptr, "", 0, nullptr, nullptr, nullptr, nullptr); });
  s.Returns("devices without count", CL_INVALID_VALUE,
            [&] { return compile(0, &device, 1, headers, names); });
  s.Returns("count without devices", CL_INVALID_VALUE,
            [&] { return compile(1, nullptr, 1, headers, names); });
  s.Returns("null device", CL_INVALID_DEVICE, [&] { return compile(1, &null_device, 1, headers, names); });
  s.Returns("headers without count", CL_INVALID_VALUE,
            [&] { return compile(1, &device, 0, headers, names); });
  s.Returns("names without count", CL_INVALID_VALUE, [&] { return compile(1, &device, 0, nullptr, names); });
  s.Returns("count without headers", CL_INVALID_VALUE,
            [&] { return compile(1, &device, 1, nullptr, names); });
  s.Returns("count without names", CL_INVALID_VALUE,
            [&] { return compile(1, &device, 1, headers, nullptr); });
  s.Returns("null name", {CL_INVALID_VALUE, CL_COMPILE_PROGRAM_FAILURE},
            [&] { return compile(1, &device, 1, headers, null_names); });
  s.Returns("null header", {CL_INVALID_PROGRAM, CL_INVALID_VALUE},
            [&] { return compile(1, &device, 1, null_headers, names); });
  s.Returns("user data without function", CL_INVALID_VALUE, [&] {
    return clCompileProgram(main_program, 1, &device, "", 1, headers, names, nullptr, f.host);
  });
  s.Returns("header missing", CL_COMPILE_PROGRAM_FAILURE, [&] { return Compile(f, main_program); });
  s.Returns("header given", CL_SUCCESS, [&] { return Compile(f, main_program, "", header); });
  s.Returns("header of a foreign context", {CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_SUCCESS}, [&] {
    const Program foreign = Source(f.foreign_context, kHeader);
    return Compile(f, main_program, "", foreign);
  });
  s.Returns("unknown option", CL_INVALID_COMPILER_OPTIONS,
            [&] { return Compile(f, header, "-no-such-option"); });
  s.Returns("link option", CL_INVALID_COMPILER_OPTIONS,
            [&] { return Compile(f, header, "-create-library"); });
  s.Returns("syntax error", CL_COMPILE_PROGRAM_FAILURE, [&] {
    const Program broken = Source(f.context, "int f( {");
    return Compile(f, broken);
  });
  s.Returns("with kernels alive", CL_INVALID_OPERATION, [&] { return Compile(f, f.program); });
}

void LinkCases(Suite& s, Fixture& f) {
  const cl_device_id device = f.device.id;
  const cl_device_id null_device = nullptr;
  const Program part = Source(f.context, kPart);
  const Program main_program = Source(f.context, kMain);
  const Program header = Source(f.context, kHeader);
  Compile(f, part);
  Compile(f, main_program, "", header);
  const cl_program both[] = {main_program, part};
  const cl_program with_null[] = {main_program, nullptr};
  const cl_program with_unbuilt[] = {main_program, f.unbuilt_program};
  const auto link = [&](cl_uint devices, const cl_device_id* list, const char* options, cl_uint count,
                        const cl_program* input, cl_int* e) {
    return clLinkProgram(f.context, devices, list, options, count, input, nullptr, nullptr, e);
  };
  s.Group("clLinkProgram");
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clLinkProgram(nullptr, 1, &device, "", 2, both, nullptr, nullptr, e); });
  s.Creates("devices without count", CL_INVALID_VALUE,
            [&](cl_int* e) { return link(0, &device, "", 2, both, e); });
  s.Creates("count without devices", CL_INVALID_VALUE,
            [&](cl_int* e) { return link(1, nullptr, "", 2, both, e); });
  s.Creates("null device", CL_INVALID_DEVICE,
            [&](cl_int* e) { return link(1, &null_device, "", 2, both, e); });
  s.Creates("no programs", CL_INVALID_VALUE, [&](cl_int* e) { return link(1, &device, "", 0, both, e); });
  s.Creates("null programs", CL_INVALID_VALUE,
            [&](cl_int* e) { return link(1, &device, "", 2, nullptr, e); });
  s.Creates("null program in list", CL_INVALID_PROGRAM,
            [&](cl_int* e) { return link(1, &device, "", 2, with_null, e); });
  s.Creates("program not compiled", {CL_INVALID_OPERATION, CL_INVALID_PROGRAM_EXECUTABLE},
            [&](cl_int* e) { return link(1, &device, "", 2, with_unbuilt, e); });
  s.Creates("user data without function", CL_INVALID_VALUE,
            [&](cl_int* e) { return clLinkProgram(f.context, 1, &device, "", 2, both, nullptr, f.host, e); });
  s.Creates("valid", CL_SUCCESS, [&](cl_int* e) { return link(1, &device, "", 2, both, e); });
  s.Creates("all devices", CL_SUCCESS, [&](cl_int* e) { return link(0, nullptr, nullptr, 2, both, e); });
  s.Creates("library", CL_SUCCESS,
            [&](cl_int* e) { return link(1, &device, "-create-library", 1, &both[1], e); });
  s.Returns("unknown option", CL_INVALID_LINKER_OPTIONS, [&] {
    cl_int code = CL_SUCCESS;
    const Program linked(link(1, &device, "-no-such-option", 2, both, &code));
    return code;
  });
  // A failed link may still return a program object, for its log.
  s.Returns("symbol missing", CL_LINK_PROGRAM_FAILURE, [&] {
    cl_int code = CL_SUCCESS;
    const Program linked(link(1, &device, "", 1, both, &code));
    return code;
  });
  if (f.sub_device != nullptr) {
    const cl_device_id foreign = f.sub_device;
    s.Creates("device of no context", CL_INVALID_DEVICE,
              [&](cl_int* e) { return link(1, &foreign, "", 2, both, e); });
  }
}

}  // namespace

void CompileLinkCases(Suite& s, Fixture& f) {
  CompileCases(s, f);
  LinkCases(s, f);
}

}  // namespace clopencl::programs
