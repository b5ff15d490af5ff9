// A native handle that is released with its owner.
#pragma once

#include <type_traits>
#include <utility>

#include "rankserver/native_api.h"

namespace clopencl::rankserver {

inline void ReleaseNative(const NativeApi& api, cl_context handle) { api.ReleaseContext(handle); }
inline void ReleaseNative(const NativeApi& api, cl_command_queue handle) { api.ReleaseCommandQueue(handle); }
inline void ReleaseNative(const NativeApi& api, cl_mem handle) { api.ReleaseMemObject(handle); }
inline void ReleaseNative(const NativeApi& api, cl_sampler handle) { api.ReleaseSampler(handle); }
inline void ReleaseNative(const NativeApi& api, cl_program handle) { api.ReleaseProgram(handle); }
inline void ReleaseNative(const NativeApi& api, cl_kernel handle) { api.ReleaseKernel(handle); }
inline void ReleaseNative(const NativeApi& api, cl_event handle) { api.ReleaseEvent(handle); }
inline void ReleaseNative(const NativeApi& api, cl_command_buffer_khr handle) {
  api.ReleaseCommandBuffer(handle);
}

// Owns one reference; null owns nothing. The table outlives it.
template <typename Handle>
class Owned {
 public:
  Owned() = default;
  Owned(const NativeApi& api, Handle handle) : api_(&api), handle_(handle) {}
  Owned(Owned&& other) noexcept : api_(other.api_), handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) {
      Reset();
      api_ = other.api_;
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Owned() { Reset(); }

  Handle get() const { return handle_; }
  const NativeApi& api() const { return *api_; }  // Not of a null handle.
  explicit operator bool() const { return handle_ != nullptr; }

  void Reset() {
    if (handle_ != nullptr) ReleaseNative(*api_, std::exchange(handle_, nullptr));
  }

  // Another owner of the same event.
  Owned Share() const requires std::is_same_v<Handle, cl_event> {
    if (handle_ == nullptr) return {};
    api_->RetainEvent(handle_);
    return {*api_, handle_};
  }

 private:
  const NativeApi* api_ = nullptr;
  Handle handle_ = nullptr;
};

using OwnedEvent = Owned<cl_event>;

}  // namespace clopencl::rankserver
