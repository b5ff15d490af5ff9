// Builds: options, logs of failures and warnings, callbacks, builds at the same time, rebuilding, and the
// information about kernels that follows.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/names.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

Program Source(cl_context context, const std::string& text) {
  const char* data = text.c_str();
  cl_int code = CL_SUCCESS;
  Program program(clCreateProgramWithSource(context, 1, &data, nullptr, &code));
  Must(code);
  return program;
}

cl_build_status Status(cl_program program, cl_device_id device) {
  cl_build_status status = 0;
  Must(clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_STATUS, sizeof status, &status, nullptr));
  return status;
}

class Test {
 public:
  void Run() {
    Options();
    SourceParts();
    Logs();
    Callbacks();
    CallbackOfFailure();
    AtTheSameTime();
    Rebuilding();
    ManyKernels();
    LargeSource();
    LongNames();
    ReleasedEarly();
  }

 private:
  // PoCL 3.1 ends the process when it compiles a kernel of such a name, so building must not make it do so.
  void LongNames() {
    for (const size_t length : {63, 200, 255}) {
      const std::string name(length, 'k');
      const Program program =
          BuildProgram(s_.context, s_.device, "kernel void " + name + "(global int* to) { to[0] = 1; }");
      const Kernel kernel = MakeKernel(program, name.c_str());
      char got[256] = {};
      Must(clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof got, got, nullptr));
      Expect(name == got, "a name of " + std::to_string(length) + " letters");
    }
    // Longer ones PoCL 3.1 builds and names, but it can't be asked for their binary.
    const std::string name(480, 'k');
    const Program program =
        BuildProgram(s_.context, s_.device, "kernel void " + name + "(global int* to) { to[0] = 1; }");
    char got[512] = {};
    Must(clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, sizeof got, got, nullptr));
    Expect(name == got, "a name of 480 letters");
  }

  cl_int RunOne(cl_program program, const char* name) {
    const Mem buffer = MakeBuffer(s_.context, sizeof(cl_int));
    const Kernel kernel = MakeKernel(program, name);
    SetArg(kernel, 0, buffer);
    Must(clEnqueueTask(s_.queue, kernel, 0, nullptr, nullptr));
    return ReadVector<cl_int>(s_.queue, buffer, 1)[0];
  }

  void Options() {
    constexpr char kSource[] = "kernel void k(global int* to) { to[0] = VALUE; }";
    for (const char* options : {"-DVALUE=3", "-D VALUE=4", "-D VALUE=(2+3)", "  -cl-opt-disable   -DVALUE=6 ",
                                "-DA=7 -DVALUE=A", "-cl-std=CL1.2 -DVALUE=8", "-w -DVALUE=9"}) {
      const Program program = BuildProgram(s_.context, s_.device, kSource, options);
      PrintNumber(std::string("options ") + options, RunOne(program, "k"));
    }
    // Options of a build are there to be asked for, as they were given.
    const Program program = BuildProgram(s_.context, s_.device, kSource, "-DVALUE=10  -w");
    char text[64] = {};
    Must(clGetProgramBuildInfo(program, s_.device.id, CL_PROGRAM_BUILD_OPTIONS, sizeof text, text, nullptr));
    PrintSpecified("options as asked for", text, "-DVALUE=10  -w");
  }

  void SourceParts() {
    const char* parts[] = {"kernel void k(global int* to) {", " to[0] = 1", "23; this is cut off", "\n}"};
    const size_t lengths[] = {0, 10, 3, 0};
    cl_int code = CL_SUCCESS;
    const Program program(clCreateProgramWithSource(s_.context, 4, parts, lengths, &code));
    Must(code);
    Must(clBuildProgram(program, 0, nullptr, nullptr, nullptr, nullptr));
    PrintNumber("source in parts", RunOne(program, "k"));
    size_t size = 0;
    Must(clGetProgramInfo(program, CL_PROGRAM_SOURCE, 0, nullptr, &size));
    std::string text(size, '\0');
    Must(clGetProgramInfo(program, CL_PROGRAM_SOURCE, size, text.data(), nullptr));
    PrintNumber("its size", static_cast<long long>(size));
    PrintHash("its text", text.data(), text.size());
  }

  void Logs() {
    const struct {
      const char* name;
      const char* source;
      const char* mention;
    } cases[] = {
        {"syntax error", "kernel void k(global int* a) { a[0] = ; }", "error"},
        {"unknown identifier", "kernel void k(global int* a) { a[0] = the_unknown; }", "the_unknown"},
        {"error directive", "#error this was wanted\n", "this was wanted"},
        {"wrong type", "kernel void k(global int* a) { a[0] = \"text\"; unheard_of b; }", "unheard_of"},
    };
    for (const auto& one : cases) {
      const Program program = Source(s_.context, one.source);
      PrintError(one.name, clBuildProgram(program, 1, &s_.device.id, "", nullptr, nullptr));
      PrintNumber(std::string(one.name) + ", status", Status(program, s_.device.id));
      const std::string log = BuildLog(program, s_.device.id);
      Expect(log.find(one.mention) != std::string::npos, std::string(one.name) + ", log", log);
      cl_int code = CL_SUCCESS;
      const Kernel kernel(clCreateKernel(program, "k", &code));
      PrintError(std::string(one.name) + ", kernel", code);
    }
    const Program program =
        Source(s_.context, "#warning look here\nkernel void k(global int* a) { a[0] = 1; }");
    PrintError("warning", clBuildProgram(program, 1, &s_.device.id, "", nullptr, nullptr));
    Expect(BuildLog(program, s_.device.id).find("look here") != std::string::npos, "warning, log");
  }

  struct Called {
    std::atomic<int> count = 0;
    cl_program program = nullptr;
    cl_build_status status = 0;
    cl_device_id device = nullptr;
  };

  static void CL_CALLBACK Note(cl_program program, void* data) {
    auto& called = *static_cast<Called*>(data);
    called.program = program;
    called.status = Status(program, called.device);
    ++called.count;
  }

  void Callbacks() {
    const Program program = Source(s_.context, "kernel void k(global int* a) { a[0] = 11; }");
    Called called;
    called.device = s_.device.id;
    PrintError("build with a callback", clBuildProgram(program, 1, &s_.device.id, "-DX=1", Note, &called));
    Expect(Eventually([&] { return called.count > 0; }), "callback is called");
    Expect(called.program == program, "callback's program");
    PrintNumber("status in the callback", called.status);
    PrintNumber("kernel afterwards", RunOne(program, "k"));
    Expect(called.count == 1, "called once");
  }

  void CallbackOfFailure() {
    const Program program = Source(s_.context, "kernel void k( {");
    Called called;
    called.device = s_.device.id;
    const cl_int code = clBuildProgram(program, 1, &s_.device.id, "-DX=2", Note, &called);
    Expect(code == CL_SUCCESS || code == CL_BUILD_PROGRAM_FAILURE, "failing build with a callback");
    Expect(Eventually([&] { return called.count > 0; }), "callback of a failure");
    PrintNumber("status in the callback of a failure", called.status);
  }

  void AtTheSameTime() {
    constexpr int kThreads = 6;
    std::vector<std::thread> threads;
    std::vector<cl_int> results(kThreads);
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const std::string options = "-DVALUE=" + std::to_string(100 + i);
        const Program program = BuildProgram(
            s_.context, s_.device,
            "kernel void k(global int* to) { to[0] = VALUE + " + std::to_string(i) + "; }", options);
        const Queue queue = MakeQueue(s_.context, s_.device);
        const Mem buffer = MakeBuffer(s_.context, sizeof(cl_int));
        const Kernel kernel = MakeKernel(program, "k");
        SetArg(kernel, 0, buffer);
        Must(clEnqueueTask(queue, kernel, 0, nullptr, nullptr));
        results[static_cast<size_t>(i)] = ReadVector<cl_int>(queue, buffer, 1)[0];
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (int i = 0; i < kThreads; ++i)
      PrintNumber("build in thread " + std::to_string(i), results[static_cast<size_t>(i)]);
  }

  void Rebuilding() {
    const Program program = Source(s_.context, "kernel void k(global int* to) { to[0] = VALUE; }");
    for (int value : {1, 2, 3}) {
      Must(clBuildProgram(program, 1, &s_.device.id, ("-DVALUE=" + std::to_string(value)).c_str(), nullptr,
                          nullptr));
      PrintNumber("rebuilt", RunOne(program, "k"));
    }
    PrintError("rebuilt, failing", clBuildProgram(program, 1, &s_.device.id, "", nullptr, nullptr));
    PrintNumber("status after that", Status(program, s_.device.id));
  }

  void ManyKernels() {
    std::string source;
    for (int i = 0; i < 40; ++i) {
      source += "kernel void k" + std::to_string(i) + "(global int* to) { to[0] = " + std::to_string(i * i) +
                "; }\n";
    }
    const Program program = BuildProgram(s_.context, s_.device, source);
    size_t count = 0;
    Must(clGetProgramInfo(program, CL_PROGRAM_NUM_KERNELS, sizeof count, &count, nullptr));
    PrintNumber("kernels", static_cast<long long>(count));
    std::vector<cl_kernel> kernels(count);
    Must(clCreateKernelsInProgram(program, static_cast<cl_uint>(count), kernels.data(), nullptr));
    const Mem buffer = MakeBuffer(s_.context, sizeof(cl_int));
    for (size_t i = 0; i < count; i += 13) {
      char name[16] = {};
      Must(clGetKernelInfo(kernels[i], CL_KERNEL_FUNCTION_NAME, sizeof name, name, nullptr));
      SetArg(kernels[i], 0, buffer);
      Must(clEnqueueTask(s_.queue, kernels[i], 0, nullptr, nullptr));
      PrintNumber(std::string("kernel ") + name, ReadVector<cl_int>(s_.queue, buffer, 1)[0]);
    }
    for (cl_kernel kernel : kernels) Must(clReleaseKernel(kernel));
  }

  void LargeSource() {
    std::string source = "/*";
    for (int i = 0; i < 200000; ++i) source += " padding";
    source += "*/ kernel void k(global int* to) { to[0] = 12; }";
    const Program program = BuildProgram(s_.context, s_.device, source);
    PrintNumber("source of 1.6 MB", RunOne(program, "k"));
  }

  // A kernel keeps its program.
  void ReleasedEarly() {
    Program program = BuildProgram(s_.context, s_.device, "kernel void k(global int* to) { to[0] = 13; }");
    const Kernel kernel = MakeKernel(program, "k");
    program.Reset();
    const Mem buffer = MakeBuffer(s_.context, sizeof(cl_int));
    SetArg(kernel, 0, buffer);
    Must(clEnqueueTask(s_.queue, kernel, 0, nullptr, nullptr));
    PrintNumber("kernel of a released program", ReadVector<cl_int>(s_.queue, buffer, 1)[0]);
  }

  Session s_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
