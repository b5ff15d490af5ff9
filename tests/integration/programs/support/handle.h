// Owners of OpenCL objects, and the retain and release functions by object type.
#pragma once

#include <CL/cl.h>

#include <utility>

namespace clopencl::programs {

inline cl_int Release(cl_context object) { return clReleaseContext(object); }
inline cl_int Release(cl_command_queue object) { return clReleaseCommandQueue(object); }
inline cl_int Release(cl_mem object) { return clReleaseMemObject(object); }
inline cl_int Release(cl_sampler object) { return clReleaseSampler(object); }
inline cl_int Release(cl_program object) { return clReleaseProgram(object); }
inline cl_int Release(cl_kernel object) { return clReleaseKernel(object); }
inline cl_int Release(cl_event object) { return clReleaseEvent(object); }
inline cl_int Release(cl_device_id object) { return clReleaseDevice(object); }

// Owns one reference. Converts to the plain handle, so that calls read as in C.
template <typename T>
class Handle {
 public:
  Handle() = default;
  // Takes over the caller's reference.
  explicit Handle(T object) : object_(object) {}
  Handle(Handle&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      Reset();
      object_ = std::exchange(other.object_, nullptr);
    }
    return *this;
  }
  ~Handle() { Reset(); }

  operator T() const { return object_; }
  T get() const { return object_; }

  // For calls that return an object through a pointer; releases what was held.
  T* Out() {
    Reset();
    return &object_;
  }
  void Reset() {
    if (object_ != nullptr) Release(std::exchange(object_, nullptr));
  }
  T Detach() { return std::exchange(object_, nullptr); }

 private:
  T object_ = nullptr;
};

using Context = Handle<cl_context>;
using Queue = Handle<cl_command_queue>;
using Mem = Handle<cl_mem>;
using Sampler = Handle<cl_sampler>;
using Program = Handle<cl_program>;
using Kernel = Handle<cl_kernel>;
using Event = Handle<cl_event>;
using SubDevice = Handle<cl_device_id>;

}  // namespace clopencl::programs
