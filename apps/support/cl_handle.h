// Owners of OpenCL objects: move-only, released once.
#pragma once

#include <CL/cl.h>

#include <utility>

namespace clopencl::apps {

/// Owns one reference to an OpenCL object, or nothing. `Release` is the object type's clRelease function.
template <typename T, auto Release>
class ClHandle {
 public:
  ClHandle() = default;
  /// Takes over the reference that a clCreate or clEnqueue call returned.
  explicit ClHandle(T object) : object_(object) {}
  ClHandle(ClHandle&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ClHandle& operator=(ClHandle&& other) noexcept {
    if (this != &other) {
      Reset();
      object_ = std::exchange(other.object_, nullptr);
    }
    return *this;
  }
  ~ClHandle() { Reset(); }

  void Reset() {
    if (object_ != nullptr) Release(std::exchange(object_, nullptr));
  }

  [[nodiscard]] T get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

  /// For calls that return an object through a pointer: drops what is held, then exposes the empty place.
  [[nodiscard]] T* Receive() {
    Reset();
    return &object_;
  }

  /// For arguments that point to the object (wait lists, clSetKernelArg).
  [[nodiscard]] const T* address() const { return &object_; }

 private:
  T object_ = nullptr;
};

using Context = ClHandle<cl_context, &clReleaseContext>;
using Queue = ClHandle<cl_command_queue, &clReleaseCommandQueue>;
using Memory = ClHandle<cl_mem, &clReleaseMemObject>;
using Program = ClHandle<cl_program, &clReleaseProgram>;
using Kernel = ClHandle<cl_kernel, &clReleaseKernel>;
using Event = ClHandle<cl_event, &clReleaseEvent>;

}  // namespace clopencl::apps
