// A short list of plain values that allocates only when it grows beyond N.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace clopencl::rankserver {

template <typename T, size_t N>
class InlineVector {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>);

 public:
  void push_back(T value) {
    if (!heap_.empty()) {
      heap_.push_back(value);
    } else if (size_ < N) {
      inline_[size_] = value;
    } else {
      heap_.assign(inline_.begin(), inline_.end());
      heap_.push_back(value);
    }
    ++size_;
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return heap_.empty() ? inline_.data() : heap_.data(); }
  const T* data() const { return heap_.empty() ? inline_.data() : heap_.data(); }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }

 private:
  std::array<T, N> inline_;  // Not initialised: that would cost more than most lists.
  std::vector<T> heap_;
  size_t size_ = 0;
};

}  // namespace clopencl::rankserver
