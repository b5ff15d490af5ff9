// loader_dlopen [--close]: a program that is not linked with OpenCL, but opens libOpenCL.so.1 itself, as
// language bindings do; with --close it also closes it, after which it goes on and ends as usual.
#include <CL/cl.h>
#include <dlfcn.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/names.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

void* g_library = nullptr;

template <typename Function>
Function* Find(const char* name) {
  void* found = dlsym(g_library, name);
  if (found == nullptr) Die(std::string(name) + " is not in the library: " + dlerror());
  return reinterpret_cast<Function*>(found);
}

#define FIND(name) const auto name##_ = Find<decltype(name)>(#name)

void RoundTrip() {
  FIND(clGetPlatformIDs);
  FIND(clGetDeviceIDs);
  FIND(clCreateContext);
  FIND(clCreateCommandQueue);
  FIND(clCreateBuffer);
  FIND(clEnqueueWriteBuffer);
  FIND(clEnqueueReadBuffer);
  FIND(clFinish);
  FIND(clReleaseMemObject);
  FIND(clReleaseCommandQueue);
  FIND(clReleaseContext);
  cl_platform_id platform = nullptr;
  Must(clGetPlatformIDs_(1, &platform, nullptr));
  cl_device_id device = nullptr;
  Must(clGetDeviceIDs_(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr));
  cl_int code = CL_SUCCESS;
  cl_context context = clCreateContext_(nullptr, 1, &device, nullptr, nullptr, &code);
  Must(code);
  cl_command_queue queue = clCreateCommandQueue_(context, device, 0, &code);
  Must(code);
  const std::vector<int> data = RandomVector<int>(100000, 1);
  const size_t size = data.size() * sizeof(int);
  cl_mem buffer = clCreateBuffer_(context, CL_MEM_READ_WRITE, size, nullptr, &code);
  Must(code);
  std::vector<int> got(data.size());
  Must(clEnqueueWriteBuffer_(queue, buffer, CL_FALSE, 0, size, data.data(), 0, nullptr, nullptr));
  Must(clEnqueueReadBuffer_(queue, buffer, CL_TRUE, 0, size, got.data(), 0, nullptr, nullptr));
  Must(clFinish_(queue));
  ExpectEqual(got, data, "round trip");
  Must(clReleaseMemObject_(buffer));
  Must(clReleaseCommandQueue_(queue));
  Must(clReleaseContext_(context));
}

}  // namespace

int main(int argc, char** argv) {
  g_library = dlopen("libOpenCL.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (g_library == nullptr) Die(std::string("libOpenCL.so.1 cannot be opened: ") + dlerror());
  RoundTrip();
  if (argc > 1 && std::strcmp(argv[1], "--close") == 0) {
    Expect(dlclose(g_library) == 0, "closed");
    g_library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_GLOBAL);
    Expect(g_library != nullptr, "opened again");
    RoundTrip();
  }
  Print("end", "reached");
  return ExitCode();
}
