// A preload library for tests: makes one device fail, or lie. It stands between the program and the ICD
// loader.
//   MATMUL_FAULT=launch:K  the K-th kernel launch on the device, and every later one, returns
//   CL_OUT_OF_RESOURCES MATMUL_FAULT=build     building a program for the device fails MATMUL_FAULT=flip:K
//   the K-th read from the device comes back with one bit changed (blocking reads only)
//   MATMUL_FAULT=lose:K    the last 64 bytes of the K-th write to the device are not written
//   MATMUL_FAULT=stale:K   the K-th write to the device is not done at all
// The device is the first one of the first platform.
#include <CL/cl.h>
#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace {

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool IsFault(const std::string& kind) {
  const char* const fault = std::getenv("MATMUL_FAULT");
  return fault != nullptr && std::string(fault).substr(0, std::string(fault).find(':')) == kind;
}

int FaultCount() {
  const std::string fault = std::getenv("MATMUL_FAULT");
  return std::atoi(fault.substr(fault.find(':') + 1).c_str());
}

cl_device_id FirstDevice() {
  static const cl_device_id device = [] {
    cl_platform_id platform = nullptr;
    cl_device_id first = nullptr;
    clGetPlatformIDs(1, &platform, nullptr);
    clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &first, nullptr);
    return first;
  }();
  return device;
}

bool IsFirstDevice(cl_command_queue queue) {
  cl_device_id device = nullptr;
  clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof(device), &device, nullptr);
  return device == FirstDevice();
}

std::atomic<int> launches{0};
std::atomic<int> reads{0};
std::atomic<int> writes{0};

}  // namespace

extern "C" {

__attribute__((visibility("default"))) cl_int clEnqueueNDRangeKernel(
    cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t* offset, const size_t* global,
    const size_t* local, cl_uint waits, const cl_event* wait_list, cl_event* event) {
  if (IsFault("launch") && IsFirstDevice(queue) && ++launches >= FaultCount()) return CL_OUT_OF_RESOURCES;
  static auto* const next = Next<decltype(clEnqueueNDRangeKernel)>("clEnqueueNDRangeKernel");
  return next(queue, kernel, dimensions, offset, global, local, waits, wait_list, event);
}

__attribute__((visibility("default"))) cl_int clBuildProgram(cl_program program, cl_uint count,
                                                             const cl_device_id* devices, const char* options,
                                                             void(CL_CALLBACK* notify)(cl_program, void*),
                                                             void* user_data) {
  if (IsFault("build") && count == 1 && devices[0] == FirstDevice()) return CL_BUILD_PROGRAM_FAILURE;
  static auto* const next = Next<decltype(clBuildProgram)>("clBuildProgram");
  return next(program, count, devices, options, notify, user_data);
}

__attribute__((visibility("default"))) cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer,
                                                                   cl_bool blocking, size_t offset,
                                                                   size_t size, const void* from,
                                                                   cl_uint waits, const cl_event* wait_list,
                                                                   cl_event* event) {
  static auto* const next = Next<decltype(clEnqueueWriteBuffer)>("clEnqueueWriteBuffer");
  const bool counts = (IsFault("lose") || IsFault("stale")) && IsFirstDevice(queue);
  if (!counts || ++writes != FaultCount())
    return next(queue, buffer, blocking, offset, size, from, waits, wait_list, event);
  if (IsFault("lose")) return next(queue, buffer, blocking, offset, size - 64, from, waits, wait_list, event);
  return clEnqueueMarkerWithWaitList(queue, waits, wait_list, event);
}

__attribute__((visibility("default"))) cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer,
                                                                  cl_bool blocking, size_t offset,
                                                                  size_t size, void* to, cl_uint waits,
                                                                  const cl_event* wait_list,
                                                                  cl_event* event) {
  static auto* const next = Next<decltype(clEnqueueReadBuffer)>("clEnqueueReadBuffer");
  const cl_int code = next(queue, buffer, blocking, offset, size, to, waits, wait_list, event);
  if (blocking == CL_TRUE && IsFault("flip") && IsFirstDevice(queue) && ++reads == FaultCount()) {
    static_cast<unsigned char*>(to)[size / 2] ^= 1;
  }
  return code;
}

}  // extern "C"
