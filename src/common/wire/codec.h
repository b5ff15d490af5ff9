// Encoding and decoding of messages: little-endian, fixed widths, no padding; a sequence or string is a
// 32-bit count and its elements. See docs/protocol.md.
//
// Messages hold views (std::span, std::string_view), never memory of their own. When encoding they point at
// the sender's data; when decoded, at the packet (bytes, strings) or the arena (other sequences), and stay
// valid until the packet is released and the arena is reset.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "common/byte_buffer.h"
#include "common/wire/arena.h"
#include "common/wire/reflect.h"

namespace clopencl::wire {

static_assert(std::endian::native == std::endian::little,
              "the wire format is the memory format of little-endian hosts");

using ByteView = std::span<const std::byte>;

template <typename T>
concept Scalar = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <typename T>
struct IsSpan : std::false_type {};
template <typename T>
struct IsSpan<std::span<const T>> : std::true_type {
  using Element = T;
};
template <typename T>
struct IsArray : std::false_type {};
template <typename T, size_t N>
struct IsArray<std::array<T, N>> : std::true_type {
  using Element = T;
};

// The fewest bytes a T can take on the wire; bounds what a count in a malformed message can make us allocate.
template <typename T>
constexpr size_t MinEncodedSize() {
  if constexpr (Scalar<T>) {
    return sizeof(T);
  } else if constexpr (IsSpan<T>::value || std::is_same_v<T, std::string_view>) {
    return sizeof(uint32_t);
  } else if constexpr (IsArray<T>::value) {
    return std::tuple_size_v<T> * MinEncodedSize<typename IsArray<T>::Element>();
  } else {
    T* null = nullptr;
    using Sum = decltype(WithFields(*null, [](auto&... f) {
      return std::integral_constant<size_t,
                                    (size_t{0} + ... + MinEncodedSize<std::remove_cvref_t<decltype(f)>>())>{};
    }));
    return Sum::value;
  }
}

// The bytes that the value takes on the wire.
template <typename T>
constexpr size_t EncodedSize(const T& value) {
  if constexpr (Scalar<T>) {
    return sizeof(T);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return sizeof(uint32_t) + value.size();
  } else if constexpr (IsSpan<T>::value || IsArray<T>::value) {
    using Element = std::remove_cvref_t<decltype(*value.data())>;
    size_t size = IsSpan<T>::value ? sizeof(uint32_t) : 0;
    if constexpr (Scalar<Element> || std::is_same_v<Element, std::byte>) {
      size += value.size() * sizeof(Element);
    } else {
      for (const Element& element : value) size += EncodedSize(element);
    }
    return size;
  } else {
    return WithFields(value, [](const auto&... field) { return (size_t{0} + ... + EncodedSize(field)); });
  }
}

inline std::byte* WriteBytes(const void* data, size_t size, std::byte* into) {
  if (size != 0) std::memcpy(into, data, size);
  return into + size;
}

// Writes the value where there is room for EncodedSize() of it, and returns what lies behind it. Passing the
// place on by value keeps it in a register from field to field.
template <typename T>
std::byte* Write(const T& value, std::byte* into) {
  if constexpr (Scalar<T>) {
    return WriteBytes(&value, sizeof value, into);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    into = Write(static_cast<uint32_t>(value.size()), into);
    return WriteBytes(value.data(), value.size(), into);
  } else if constexpr (IsSpan<T>::value || IsArray<T>::value) {
    using Element = std::remove_cvref_t<decltype(*value.data())>;
    if constexpr (IsSpan<T>::value) into = Write(static_cast<uint32_t>(value.size()), into);
    if constexpr (Scalar<Element> || std::is_same_v<Element, std::byte>) {
      return WriteBytes(value.data(), value.size() * sizeof(Element), into);
    } else {
      for (const Element& element : value) into = Write(element, into);
      return into;
    }
  } else {
    return WithFields(value, [into](const auto&... field) {
      std::byte* next = into;
      ((next = Write(field, next)), ...);
      return next;
    });
  }
}

// Adds the value to the end of the buffer.
template <typename T>
void Append(const T& value, ByteBuffer& out) {
  const size_t at = out.size();
  out.resize(at + EncodedSize(value));
  Write(value, out.data() + at);
}

// Reads from a span. A read that fails (too few bytes, a count larger than what remains) leaves ok() false,
// and every later read yields zero values; it never reads outside the span and never allocates more than a
// small multiple of it.
class Reader {
 public:
  Reader(ByteView bytes, Arena& arena)
      : next_(bytes.data()), end_(bytes.data() + bytes.size()), arena_(arena) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return static_cast<size_t>(end_ - next_); }

  template <typename T>
  void Get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      uint8_t raw = 0;
      GetBytes(&raw, sizeof raw);
      if (raw > 1) ok_ = false;
      value = raw == 1;
    } else if constexpr (Scalar<T>) {
      GetBytes(&value, sizeof value);
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      const size_t count = GetCount(1);
      value = {reinterpret_cast<const char*>(next_), count};
      next_ += count;
    } else if constexpr (IsSpan<T>::value) {
      value = GetSequence<typename IsSpan<T>::Element>();
    } else if constexpr (IsArray<T>::value) {
      for (auto& element : value) Get(element);
    } else {
      WithFields(value, [&](auto&... field) { (Get(field), ...); });
    }
  }

 private:
  size_t GetCount(size_t least_each) {
    uint32_t count = 0;
    Get(count);
    if (!ok_ || remaining() / least_each < count) {
      ok_ = false;
      return 0;
    }
    return count;
  }

  template <typename T>
  std::span<const T> GetSequence() {
    if constexpr (std::is_same_v<T, std::byte>) {
      const size_t count = GetCount(1);
      const std::byte* first = next_;
      next_ += count;
      return {first, count};
    } else {
      static_assert(MinEncodedSize<T>() > 0, "a sequence of nothing could announce any length");
      const size_t count = GetCount(MinEncodedSize<T>());
      if (count == 0) return {};
      T* elements = arena_.Allocate<T>(count);
      for (size_t i = 0; i < count; ++i) Get(elements[i]);
      return {elements, ok_ ? count : 0};
    }
  }

  void GetBytes(void* into, size_t size) {
    if (!ok_ || remaining() < size) {
      ok_ = false;
      std::memset(into, 0, size);
      return;
    }
    std::memcpy(into, next_, size);
    next_ += size;
  }

  const std::byte* next_;
  const std::byte* end_;
  Arena& arena_;
  bool ok_ = true;
};

}  // namespace clopencl::wire
