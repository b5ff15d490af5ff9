// The device that a test program runs on, and the objects that nearly all of them need.
#pragma once

#include <CL/cl.h>

#include <string>
#include <vector>

#include "support/handle.h"

namespace clopencl::programs {

struct Device {
  cl_platform_id platform = nullptr;
  cl_device_id id = nullptr;

  std::string String(cl_device_info token) const;
  template <typename T>
  T Get(cl_device_info token) const {
    T value{};
    Query(token, sizeof value, &value);
    return value;
  }
  bool HasImages() const { return Get<cl_bool>(CL_DEVICE_IMAGE_SUPPORT) != CL_FALSE; }
  bool HasExtension(const std::string& name) const;

 private:
  void Query(cl_device_info token, size_t size, void* value) const;
};

// The device numbered by the environment variables TEST_PLATFORM and TEST_DEVICE, each 0 by default. Ends the
// program when there is none.
Device ChooseDevice();

// All devices of the chosen platform.
std::vector<Device> PlatformDevices();

Context MakeContext(const Device& device);
// Over devices of one platform.
Context MakeContext(const std::vector<Device>& devices);
Queue MakeQueue(cl_context context, const Device& device, cl_command_queue_properties properties = 0);
Mem MakeBuffer(cl_context context, size_t size, cl_mem_flags flags = CL_MEM_READ_WRITE, void* host = nullptr);

// Builds, and ends the program with the log when that fails.
Program BuildProgram(cl_context context, const Device& device, const std::string& source,
                     const std::string& options = "");
std::string BuildLog(cl_program program, cl_device_id device);
Kernel MakeKernel(cl_program program, const char* name);

// A device with a context, and an in-order queue with profiling.
struct Session {
  Session();
  Device device;
  Context context;
  Queue queue;
};

// Sets one argument, by its size; an owner is passed as the handle it owns.
void MustSetArg(cl_kernel kernel, cl_uint index, size_t size, const void* value);
template <typename T>
void SetArg(cl_kernel kernel, cl_uint index, const T& value) {
  MustSetArg(kernel, index, sizeof value, &value);
}
template <typename T>
void SetArg(cl_kernel kernel, cl_uint index, const Handle<T>& value) {
  const T object = value;
  MustSetArg(kernel, index, sizeof object, &object);
}
// Sets all arguments from 0 on.
template <typename... Values>
void SetArgs(cl_kernel kernel, const Values&... values) {
  cl_uint index = 0;
  (SetArg(kernel, index++, values), ...);
}

// The blocking transfers of tests that are not about transfers.
void WriteAll(cl_command_queue queue, cl_mem buffer, const void* data, size_t size);
void ReadAll(cl_command_queue queue, cl_mem buffer, void* data, size_t size);
template <typename T>
std::vector<T> ReadVector(cl_command_queue queue, cl_mem buffer, size_t count) {
  std::vector<T> values(count);
  ReadAll(queue, buffer, values.data(), count * sizeof(T));
  return values;
}

cl_int EventStatus(cl_event event);

}  // namespace clopencl::programs
