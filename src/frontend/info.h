// The rule of all clGet*Info functions: value, its size, and what happens when either pointer is null
// (OpenCL 3.0, "4.1 Querying Platform Info" and alike).
#pragma once

#include <CL/cl.h>

#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "frontend/error.h"

namespace clopencl::frontend {

// Where one answer goes. Exactly one Put*() is called for a known token.
class InfoSink {
 public:
  InfoSink(size_t size, void* value, size_t* size_ret) : size_(size), value_(value), size_ret_(size_ret) {}

  void PutBytes(const void* data, size_t size) const {
    if (value_ != nullptr) {
      Require(size_ >= size, CL_INVALID_VALUE);
      if (size != 0) std::memcpy(value_, data, size);
    }
    if (size_ret_ != nullptr) *size_ret_ = size;
  }

  template <typename T>
  void Put(const T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    PutBytes(&value, sizeof value);
  }

  // With the terminating zero.
  void PutText(std::string_view text) const {
    if (value_ != nullptr) {
      Require(size_ >= text.size() + 1, CL_INVALID_VALUE);
      std::memcpy(value_, text.data(), text.size());
      static_cast<char*>(value_)[text.size()] = '\0';
    }
    if (size_ret_ != nullptr) *size_ret_ = text.size() + 1;
  }

  template <typename T>
  void PutArray(const std::vector<T>& values) const {
    PutBytes(values.data(), values.size() * sizeof(T));
  }

  size_t size() const { return size_; }
  void* value() const { return value_; }
  size_t* size_ret() const { return size_ret_; }

 private:
  size_t size_;
  void* value_;
  size_t* size_ret_;
};

}  // namespace clopencl::frontend
