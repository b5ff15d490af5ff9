// Ranges and rectangles of bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

namespace clopencl::rankserver::memory_opencl {

using Size3 = std::array<size_t, 3>;

inline bool Fits(size_t offset, size_t size, size_t whole) {
  return size > 0 && offset <= whole && size <= whole - offset;
}

struct Rect {
  Size3 origin;
  Size3 region;
  size_t row;
  size_t slice;
  Rect(const size_t* from, const size_t* extent, size_t row_pitch, size_t slice_pitch)
      : origin{from[0], from[1], from[2]}, region{extent[0], extent[1], extent[2]} {
    row = row_pitch != 0 ? row_pitch : region[0];
    slice = slice_pitch != 0 ? slice_pitch : row * region[1];
  }
  size_t At(size_t y, size_t z) const { return (origin[2] + z) * slice + (origin[1] + y) * row + origin[0]; }
  bool Inside(size_t size) const {
    if (region[0] == 0 || region[1] == 0 || region[2] == 0 || row < region[0]) return false;
    size_t slices = 0, rows = 0, end = 0;
    if (__builtin_add_overflow(origin[2], region[2] - 1, &slices) ||
        __builtin_mul_overflow(slices, slice, &slices) ||
        __builtin_add_overflow(origin[1], region[1] - 1, &rows) || __builtin_mul_overflow(rows, row, &rows) ||
        __builtin_add_overflow(origin[0], region[0], &end) || __builtin_add_overflow(end, rows, &end) ||
        __builtin_add_overflow(end, slices, &end)) {
      return false;
    }
    return end <= size;
  }
};

inline void CopyRect(std::byte* to, const Rect& to_rect, const std::byte* from, const Rect& from_rect) {
  for (size_t z = 0; z < to_rect.region[2]; ++z) {
    for (size_t y = 0; y < to_rect.region[1]; ++y) {
      std::memmove(to + to_rect.At(y, z), from + from_rect.At(y, z), to_rect.region[0]);
    }
  }
}

inline Rect Packed(const Rect& like) {
  constexpr Size3 kZero{};
  return Rect(kZero.data(), like.region.data(), 0, 0);
}

inline void Fill(std::byte* to, size_t size, const std::vector<std::byte>& pattern) {
  for (size_t i = 0; i < size; ++i) to[i] = pattern[i % pattern.size()];
}

}  // namespace clopencl::rankserver::memory_opencl
