// Boxes of bytes in linear memory, as the rectangular commands of OpenCL define them: the host's own model.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

namespace clopencl::programs {

using Triple = std::array<size_t, 3>;

// Where a box begins, and how far its rows and slices are apart. Pitches of 0 are derived from the region.
struct BoxLayout {
  Triple origin = {0, 0, 0};
  size_t row_pitch = 0;
  size_t slice_pitch = 0;

  size_t RowPitch(const Triple& region) const { return row_pitch != 0 ? row_pitch : region[0]; }
  size_t SlicePitch(const Triple& region) const {
    return slice_pitch != 0 ? slice_pitch : RowPitch(region) * region[1];
  }
  // Of the byte (x, y, z) of the box.
  size_t Offset(const Triple& region, size_t x, size_t y, size_t z) const {
    return origin[0] + x + (origin[1] + y) * RowPitch(region) + (origin[2] + z) * SlicePitch(region);
  }
  // The first byte behind the box.
  size_t End(const Triple& region) const {
    return Offset(region, region[0] - 1, region[1] - 1, region[2] - 1) + 1;
  }
};

// Copies a box of `region` (bytes, rows, slices).
inline void CopyBox(unsigned char* to, const BoxLayout& to_layout, const unsigned char* from,
                    const BoxLayout& from_layout, const Triple& region) {
  for (size_t z = 0; z < region[2]; ++z) {
    for (size_t y = 0; y < region[1]; ++y) {
      std::memcpy(to + to_layout.Offset(region, 0, y, z), from + from_layout.Offset(region, 0, y, z),
                  region[0]);
    }
  }
}

}  // namespace clopencl::programs
