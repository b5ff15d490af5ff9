#include "support/device.h"

#include <cstdio>
#include <cstdlib>

#include "support/report.h"

namespace clopencl::programs {
namespace {

size_t IndexFromEnvironment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::strtoul(text, nullptr, 10);
}

cl_platform_id ChoosePlatform() {
  cl_uint count = 0;
  const cl_int code = clGetPlatformIDs(0, nullptr, &count);
  const size_t index = IndexFromEnvironment("TEST_PLATFORM");
  if (code != CL_SUCCESS || index >= count) {
    Die("platform " + std::to_string(index) + " is not there: clGetPlatformIDs finds " +
        std::to_string(code == CL_SUCCESS ? count : 0));
  }
  std::vector<cl_platform_id> platforms(count);
  Must(clGetPlatformIDs(count, platforms.data(), nullptr));
  return platforms[index];
}

}  // namespace

std::string Device::String(cl_device_info token) const {
  size_t size = 0;
  Must(clGetDeviceInfo(id, token, 0, nullptr, &size));
  std::string text(size, '\0');
  Must(clGetDeviceInfo(id, token, size, text.data(), nullptr));
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

bool Device::HasExtension(const std::string& name) const {
  return (" " + String(CL_DEVICE_EXTENSIONS) + " ").find(" " + name + " ") != std::string::npos;
}

void Device::Query(cl_device_info token, size_t size, void* value) const {
  Must(clGetDeviceInfo(id, token, size, value, nullptr));
}

std::vector<Device> PlatformDevices() {
  const cl_platform_id platform = ChoosePlatform();
  cl_uint count = 0;
  Must(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count));
  std::vector<cl_device_id> ids(count);
  Must(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids.data(), nullptr));
  std::vector<Device> devices;
  for (cl_device_id id : ids) {
    Device device;
    device.platform = platform;
    device.id = id;
    devices.push_back(device);
  }
  return devices;
}

Device ChooseDevice() {
  const std::vector<Device> devices = PlatformDevices();
  const size_t index = IndexFromEnvironment("TEST_DEVICE");
  if (index >= devices.size()) {
    Die("device " + std::to_string(index) + " is not there: the platform has " +
        std::to_string(devices.size()));
  }
  return devices[index];
}

Context MakeContext(const Device& device) {
  const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                              reinterpret_cast<cl_context_properties>(device.platform), 0};
  cl_int code = CL_SUCCESS;
  Context context(clCreateContext(properties, 1, &device.id, nullptr, nullptr, &code));
  Must(code);
  return context;
}

Context MakeContext(const std::vector<Device>& devices) {
  std::vector<cl_device_id> ids;
  for (const Device& device : devices) ids.push_back(device.id);
  cl_int code = CL_SUCCESS;
  Context context(
      clCreateContext(nullptr, static_cast<cl_uint>(ids.size()), ids.data(), nullptr, nullptr, &code));
  Must(code);
  return context;
}

Queue MakeQueue(cl_context context, const Device& device, cl_command_queue_properties properties) {
  cl_int code = CL_SUCCESS;
  Queue queue(clCreateCommandQueue(context, device.id, properties, &code));
  Must(code);
  return queue;
}

Mem MakeBuffer(cl_context context, size_t size, cl_mem_flags flags, void* host) {
  cl_int code = CL_SUCCESS;
  Mem buffer(clCreateBuffer(context, flags, size, host, &code));
  Must(code);
  return buffer;
}

Program BuildProgram(cl_context context, const Device& device, const std::string& source,
                     const std::string& options) {
  const char* text = source.c_str();
  cl_int code = CL_SUCCESS;
  Program program(clCreateProgramWithSource(context, 1, &text, nullptr, &code));
  Must(code);
  code = clBuildProgram(program, 1, &device.id, options.c_str(), nullptr, nullptr);
  if (code != CL_SUCCESS) {
    std::fprintf(stderr, "%s\n", BuildLog(program, device.id).c_str());
    Must(code);
  }
  return program;
}

std::string BuildLog(cl_program program, cl_device_id device) {
  size_t size = 0;
  Must(clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size));
  std::string log(size, '\0');
  Must(clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr));
  while (!log.empty() && log.back() == '\0') log.pop_back();
  return log;
}

Kernel MakeKernel(cl_program program, const char* name) {
  cl_int code = CL_SUCCESS;
  Kernel kernel(clCreateKernel(program, name, &code));
  Must(code);
  return kernel;
}

Session::Session()
    : device(ChooseDevice()),
      context(MakeContext(device)),
      queue(MakeQueue(context, device, CL_QUEUE_PROFILING_ENABLE)) {}

void WriteAll(cl_command_queue queue, cl_mem buffer, const void* data, size_t size) {
  Must(clEnqueueWriteBuffer(queue, buffer, CL_TRUE, 0, size, data, 0, nullptr, nullptr));
}

void ReadAll(cl_command_queue queue, cl_mem buffer, void* data, size_t size) {
  Must(clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, size, data, 0, nullptr, nullptr));
}

cl_int EventStatus(cl_event event) {
  cl_int status = CL_SUCCESS;
  Must(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr));
  return status;
}

void MustSetArg(cl_kernel kernel, cl_uint index, size_t size, const void* value) {
  Must(clSetKernelArg(kernel, index, size, value));
}

}  // namespace clopencl::programs
