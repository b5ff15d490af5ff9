// Under `clrun --merge`: one platform with all devices, and nothing else.
#include <CL/cl_ext_clopencl.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "support/device.h"
#include "support/report.h"

using namespace clopencl::programs;

namespace {

std::string PlatformText(cl_platform_id platform, cl_platform_info token) {
  size_t size = 0;
  Must(clGetPlatformInfo(platform, token, 0, nullptr, &size));
  std::string text(size, '\0');
  Must(clGetPlatformInfo(platform, token, size, text.data(), nullptr));
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

std::set<std::string> Words(const std::string& text) {
  std::set<std::string> words;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) words.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

int main() {
  cl_uint platforms = 0;
  Must(clGetPlatformIDs(0, nullptr, &platforms));
  Expect(platforms == 1, "one platform", std::to_string(platforms));
  const std::vector<Device> devices = PlatformDevices();
  const cl_platform_id platform = devices[0].platform;
  Expect(PlatformText(platform, CL_PLATFORM_NAME) == "clOpenCL", "its name",
         PlatformText(platform, CL_PLATFORM_NAME));
  Expect(PlatformText(platform, CL_PLATFORM_VENDOR) == "clOpenCL", "its vendor");
  const std::string version = PlatformText(platform, CL_PLATFORM_VERSION);
  Expect(version.starts_with("OpenCL ") && version.ends_with(" clOpenCL"), "its version", version);
  Expect(!PlatformText(platform, CL_PLATFORM_HOSTNAME).empty(), "its host");
  Expect(devices.size() >= 3, "the devices of all servers", std::to_string(devices.size()));

  // What the platform says holds for every device.
  const std::set<std::string> extensions = Words(PlatformText(platform, CL_PLATFORM_EXTENSIONS));
  std::set<cl_uint> ranks;
  for (const Device& device : devices) {
    ranks.insert(device.Get<cl_uint>(CL_DEVICE_RANK_CLOPENCL));
    Expect(!device.String(CL_DEVICE_HOSTNAME_CLOPENCL).empty(), "a device's host");
    Expect(device.Get<cl_platform_id>(CL_DEVICE_PLATFORM) == platform, "a device's platform");
    Expect(device.String(CL_DEVICE_VERSION).substr(7, 3) >= version.substr(7, 3), "a device's version");
    for (const std::string& name : extensions)
      if (name.starts_with("cl_clopencl_")) Expect(device.HasExtension(name), "a device's " + name);
  }
  Expect(ranks.size() >= 3 && !ranks.contains(0), "devices of several ranks");

  // All of them in one context.
  const Context context = MakeContext(devices);
  cl_int code = CL_SUCCESS;
  const char* source = "kernel void add(global int* p, int n) { p[get_global_id(0)] += n; }";
  const Program program(clCreateProgramWithSource(context, 1, &source, nullptr, &code));
  Must(code);
  Must(clBuildProgram(program, 0, nullptr, "", nullptr, nullptr));
  const Kernel kernel = MakeKernel(program, "add");
  std::vector<cl_int> values(1000);
  const Mem buffer = MakeBuffer(context, values.size() * sizeof(cl_int), CL_MEM_COPY_HOST_PTR, values.data());
  SetArgs(kernel, buffer, cl_int{1});
  for (const Device& device : devices) {
    const Queue queue = MakeQueue(context, device);
    const size_t items = values.size();
    Must(clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr));
    Must(clFinish(queue));
  }
  const Queue queue = MakeQueue(context, devices[0]);
  ExpectEqual(ReadVector<cl_int>(queue, buffer, values.size()),
              std::vector<cl_int>(values.size(), static_cast<cl_int>(devices.size())),
              "a kernel on each device");
  size_t binaries = 0;
  Must(clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, 0, nullptr, &binaries));
  Expect(binaries == devices.size() * sizeof(size_t), "a binary for each device");
  return ExitCode();
}
