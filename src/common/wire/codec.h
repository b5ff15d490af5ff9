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

// Whether a T in memory is what it is on the wire, and any bytes of its size are a T: no sequence, no padding,
// no bool.
template <typename T>
constexpr bool IsPlain() {
  if constexpr (Scalar<T>) {
    return !std::is_same_v<T, bool>;
  } else if constexpr (IsSpan<T>::value || std::is_same_v<T, std::string_view>) {
    return false;
  } else if constexpr (IsArray<T>::value) {
    return IsPlain<typename IsArray<T>::Element>();
  } else {
    T* null = nullptr;
    using All = decltype(WithFields(*null, [](auto&... f) {
      return std::bool_constant<(true && ... && IsPlain<std::remove_cvref_t<decltype(f)>>())>{};
    }));
    return All::value && std::is_trivially_copyable_v<T> && sizeof(T) == MinEncodedSize<T>();
  }
}

// The bytes that the value takes on the wire.
template <typename T>
constexpr size_t EncodedSize(const T& value) {
  if constexpr (Scalar<T> || IsPlain<T>()) {
    return sizeof(T);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return sizeof(uint32_t) + value.size();
  } else if constexpr (IsSpan<T>::value || IsArray<T>::value) {
    using Element = std::remove_cvref_t<decltype(*value.data())>;
    size_t size = IsSpan<T>::value ? sizeof(uint32_t) : 0;
    if constexpr (Scalar<Element> || IsPlain<Element>()) {
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

// Most sequences are short, and for those a call costs more than the copying.
template <typename T>
std::byte* WriteValues(const T* values, size_t count, std::byte* into) {
  switch (count) {
    case 3:
      std::memcpy(into + 2 * sizeof(T), values + 2, sizeof(T));
      [[fallthrough]];
    case 2:
      std::memcpy(into + sizeof(T), values + 1, sizeof(T));
      [[fallthrough]];
    case 1:
      std::memcpy(into, values, sizeof(T));
      [[fallthrough]];
    case 0:
      return into + count * sizeof(T);
    default:
      return WriteBytes(values, count * sizeof(T), into);
  }
}

// Writes the value where there is room for EncodedSize() of it, and returns what lies behind it. Passing the
// place on by value keeps it in a register from field to field.
template <typename T>
std::byte* Write(const T& value, std::byte* into) {
  if constexpr (Scalar<T> || IsPlain<T>()) {
    return WriteBytes(&value, sizeof value, into);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    into = Write(static_cast<uint32_t>(value.size()), into);
    return WriteBytes(value.data(), value.size(), into);
  } else if constexpr (IsSpan<T>::value || IsArray<T>::value) {
    using Element = std::remove_cvref_t<decltype(*value.data())>;
    if constexpr (IsSpan<T>::value) into = Write(static_cast<uint32_t>(value.size()), into);
    if constexpr (Scalar<Element> || IsPlain<Element>()) {
      return WriteValues(value.data(), value.size(), into);
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
  size_t remaining() const { return Left(next_); }

  template <typename T>
  void Get(T& value) {
    next_ = Read(value, next_);
  }

 private:
  // Reads what lies there and returns what lies behind it. Passing the place on by value keeps it in a register
  // from field to field. Behind a value that is wrong there is nothing.
  template <typename T>
  const std::byte* Read(T& value, const std::byte* from) {
    if constexpr (std::is_same_v<T, bool>) {
      uint8_t raw = 0;
      from = Read(raw, from);
      value = raw == 1;
      return raw > 1 ? Fail() : from;
    } else if constexpr (IsPlain<T>()) {
      if (Left(from) < sizeof value) [[unlikely]] {
        value = T{};
        return Fail();
      }
      std::memcpy(&value, from, sizeof value);
      return from + sizeof value;
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      std::span<const char> text;
      from = ReadInPlace(text, from);
      value = {text.data(), text.size()};
      return from;
    } else if constexpr (std::is_same_v<T, ByteView>) {
      return ReadInPlace(value, from);
    } else if constexpr (IsSpan<T>::value) {
      return ReadSequence(value, from);
    } else if constexpr (IsArray<T>::value) {
      for (auto& element : value) from = Read(element, from);
      return from;
    } else {
      return WithFields(value, [this, from](auto&... field) {
        const std::byte* next = from;
        ((next = Read(field, next)), ...);
        return next;
      });
    }
  }

  const std::byte* ReadCount(uint32_t& count, size_t least_each, const std::byte* from) {
    from = Read(count, from);
    if (Left(from) / least_each >= count) return from;
    count = 0;
    return Fail();
  }

  template <typename Byte>
  const std::byte* ReadInPlace(std::span<const Byte>& value, const std::byte* from) {
    static_assert(sizeof(Byte) == 1);
    uint32_t count = 0;
    from = ReadCount(count, 1, from);
    value = {reinterpret_cast<const Byte*>(from), count};
    return from + count;
  }

  template <typename T>
  const std::byte* ReadSequence(std::span<const T>& value, const std::byte* from) {
    static_assert(MinEncodedSize<T>() > 0, "a sequence of nothing could announce any length");
    uint32_t count = 0;
    from = ReadCount(count, MinEncodedSize<T>(), from);
    value = {};
    if (count == 0) return from;
    T* elements = arena_.Allocate<T>(count);
    if constexpr (IsPlain<T>()) {
      std::memcpy(elements, from, count * sizeof(T));
      from += count * sizeof(T);
    } else {
      for (uint32_t i = 0; i < count; ++i) from = Read(elements[i], from);
    }
    if (ok_) value = {elements, count};
    return from;
  }

  size_t Left(const std::byte* from) const { return static_cast<size_t>(end_ - from); }

  const std::byte* Fail() {
    ok_ = false;
    return end_;
  }

  const std::byte* next_;
  const std::byte* end_;
  Arena& arena_;
  bool ok_ = true;
};

}  // namespace clopencl::wire
