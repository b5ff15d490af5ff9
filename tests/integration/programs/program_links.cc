// Separate compilation: headers, objects, libraries, callbacks; and programs out of binaries.
#include <atomic>
#include <string>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;
using Binary = std::vector<unsigned char>;

class Test {
 public:
  void Run() {
    Headers();
    Objects();
    Libraries();
    Callbacks();
    Binaries();
    BinaryOfCompiled();
    BinaryInAnotherContext();
    // No binary that is cut off: PoCL 3.1 aborts in an assertion of pocl_binary_deserialize.
  }

 private:
  Program Source(const std::string& text) {
    const char* data = text.c_str();
    cl_int code = CL_SUCCESS;
    Program program(clCreateProgramWithSource(s_.context, 1, &data, nullptr, &code));
    Must(code);
    return program;
  }
  Program Compiled(const std::string& text, const std::string& options = "") {
    Program program = Source(text);
    const cl_int code =
        clCompileProgram(program, 1, &s_.device.id, options.c_str(), 0, nullptr, nullptr, nullptr, nullptr);
    if (code != CL_SUCCESS) Die(BuildLog(program, s_.device.id));
    return program;
  }
  Program Link(const std::vector<cl_program>& programs, const char* options = "") {
    cl_int code = CL_SUCCESS;
    Program program(clLinkProgram(s_.context, 1, &s_.device.id, options,
                                  static_cast<cl_uint>(programs.size()), programs.data(), nullptr, nullptr,
                                  &code));
    Must(code);
    return program;
  }
  cl_int RunOne(cl_program program, const char* name) { return RunIn(s_.context, s_.queue, program, name); }
  static cl_int RunIn(cl_context context, cl_command_queue queue, cl_program program, const char* name) {
    const Mem buffer = MakeBuffer(context, sizeof(cl_int));
    const Kernel kernel = MakeKernel(program, name);
    SetArg(kernel, 0, buffer);
    Must(clEnqueueTask(queue, kernel, 0, nullptr, nullptr));
    return ReadVector<cl_int>(queue, buffer, 1)[0];
  }

  void Headers() {
    const Program first = Source("#define FIRST 100\n");
    const Program second = Source("#include \"inner/third.h\"\n#define SECOND (20 + THIRD)\n");
    const Program third = Source("#define THIRD 3\n");
    const Program program = Source(
        "#include \"first.h\"\n#include \"second.h\"\nkernel void k(global int* to) { to[0] = FIRST + "
        "SECOND; }");
    const cl_program headers[] = {first, second, third};
    const char* names[] = {"first.h", "second.h", "inner/third.h"};
    const cl_int code = clCompileProgram(program, 1, &s_.device.id, "", 3, headers, names, nullptr, nullptr);
    if (code != CL_SUCCESS) Die(BuildLog(program, s_.device.id));
    const Program linked = Link({program});
    PrintNumber("three headers", RunOne(linked, "k"));
    // The same program with another header under the same name.
    const Program other = Source("#define FIRST 500\n");
    const cl_program changed[] = {other, second, third};
    Must(clCompileProgram(program, 1, &s_.device.id, "", 3, changed, names, nullptr, nullptr));
    PrintNumber("another header", RunOne(Link({program}), "k"));
    PrintNumber("the first program still", RunOne(linked, "k"));
  }

  void Objects() {
    const Program square = Compiled("int square(int a) { return a * a; }");
    const Program twice =
        Compiled("int square(int a); int twice(int a) { return 2 * square(a); }", "-cl-mad-enable");
    const Program main_program = Compiled(
        "int twice(int a); kernel void k(global int* to) { to[0] = twice(5); } kernel void other() {}");
    const Program linked = Link({main_program, twice, square});
    PrintNumber("three objects", RunOne(linked, "k"));
    size_t count = 0;
    Must(clGetProgramInfo(linked, CL_PROGRAM_NUM_KERNELS, sizeof count, &count, nullptr));
    PrintNumber("kernels of three objects", static_cast<long long>(count));
    const Program again = Link({square, main_program, twice});
    PrintNumber("in another order", RunOne(again, "k"));
    const Program two_kernels =
        Link({main_program, twice, square, Compiled("kernel void third(global int* to) { to[0] = 77; }")});
    PrintNumber("kernel of another object", RunOne(two_kernels, "third"));
  }

  void Libraries() {
    const Program square = Compiled("int square(int a) { return a * a; }");
    const Program cube = Compiled("int cube(int a) { return a * a * a; }");
    const Program library = Link({square, cube}, "-create-library");
    const Program main_program = Compiled(
        "int square(int a); int cube(int a); kernel void k(global int* to) { to[0] = square(3) + cube(2); }");
    PrintNumber("library", RunOne(Link({main_program, library}), "k"));
  }

  void Callbacks() {
    struct Called {
      std::atomic<int> count = 0;
      std::atomic<cl_program> program = nullptr;
    } compiled, linked;
    const auto note = [](cl_program program, void* data) {
      auto& called = *static_cast<Called*>(data);
      called.program = program;
      ++called.count;
    };
    const Program program = Source("kernel void k(global int* to) { to[0] = 31; }");
    Must(clCompileProgram(program, 1, &s_.device.id, "", 0, nullptr, nullptr, note, &compiled));
    Expect(Eventually([&] { return compiled.count == 1; }), "callback of a compilation");
    const cl_program input = program;
    cl_int code = CL_SUCCESS;
    const Program result(clLinkProgram(s_.context, 1, &s_.device.id, "", 1, &input, note, &linked, &code));
    PrintError("link with a callback", code);
    Expect(Eventually([&] { return linked.count == 1; }), "callback of a link");
    Expect(linked.program == result.get(), "callback's program");
    PrintNumber("kernel afterwards", RunOne(result, "k"));
  }

  Binary BinaryOf(cl_program program) {
    cl_uint devices = 0;
    Must(clGetProgramInfo(program, CL_PROGRAM_NUM_DEVICES, sizeof devices, &devices, nullptr));
    std::vector<size_t> sizes(devices);
    Must(clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, devices * sizeof(size_t), sizes.data(), nullptr));
    Binary binary(sizes[0]);
    std::vector<unsigned char*> pointers(devices, nullptr);
    pointers[0] = binary.data();
    Must(clGetProgramInfo(program, CL_PROGRAM_BINARIES, devices * sizeof(unsigned char*), pointers.data(),
                          nullptr));
    return binary;
  }
  Program FromBinary(cl_context context, const Binary& binary, cl_int* status) {
    const unsigned char* data = binary.data();
    const size_t size = binary.size();
    cl_int code = CL_SUCCESS;
    Program program(clCreateProgramWithBinary(context, 1, &s_.device.id, &size, &data, status, &code));
    Must(code);
    return program;
  }

  void Binaries() {
    const Program program = BuildProgram(
        s_.context, s_.device,
        "kernel void k(global int* to) { to[0] = 41; }\nkernel void l(global int* to) { to[0] = 42; }");
    const Binary binary = BinaryOf(program);
    Expect(!binary.empty(), "binary of a program");
    cl_int status = -9999;
    const Program loaded = FromBinary(s_.context, binary, &status);
    PrintError("binary's status", status);
    cl_int code = CL_SUCCESS;
    const Kernel early(clCreateKernel(loaded, "k", &code));
    PrintError("kernel of a binary before its build", code);
    Must(clBuildProgram(loaded, 1, &s_.device.id, "", nullptr, nullptr));
    PrintNumber("kernel of a binary", RunOne(loaded, "k"));
    PrintNumber("another kernel of a binary", RunOne(loaded, "l"));
    const Binary again = BinaryOf(loaded);
    Expect(!again.empty(), "binary of a program from a binary");
    const Program reloaded = FromBinary(s_.context, again, &status);
    Must(clBuildProgram(reloaded, 0, nullptr, nullptr, nullptr, nullptr));
    PrintNumber("kernel of a binary's binary", RunOne(reloaded, "k"));
  }

  void BinaryOfCompiled() {
    const Program part = Compiled("int part(int a) { return a + 50; }");
    cl_int status = -9999;
    const Program loaded = FromBinary(s_.context, BinaryOf(part), &status);
    PrintError("compiled binary's status", status);
    cl_program_binary_type type = CL_PROGRAM_BINARY_TYPE_NONE;
    Must(clGetProgramBuildInfo(loaded, s_.device.id, CL_PROGRAM_BINARY_TYPE, sizeof type, &type, nullptr));
    PrintNumber("compiled binary's type", type);
    const cl_int code = clCompileProgram(loaded, 1, &s_.device.id, "", 0, nullptr, nullptr, nullptr, nullptr);
    PrintError("compilation of a program from a binary", code);
  }

  void BinaryInAnotherContext() {
    Binary binary;
    {
      const Program program =
          BuildProgram(s_.context, s_.device, "kernel void k(global int* to) { to[0] = 61; }", "-DSECOND");
      binary = BinaryOf(program);
    }
    const Context context = MakeContext(s_.device);
    const Queue queue = MakeQueue(context, s_.device);
    cl_int status = -9999;
    const Program loaded = FromBinary(context, binary, &status);
    Must(clBuildProgram(loaded, 1, &s_.device.id, "", nullptr, nullptr));
    PrintNumber("binary in another context", RunIn(context, queue, loaded, "k"));
  }

  Session s_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
