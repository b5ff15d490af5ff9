// How the input of codec_fuzz begins.
#pragma once

#include <cstdint>

namespace clopencl::fuzz {

// The lowest bit of the first byte.
inline constexpr uint8_t kToServer = 0;
inline constexpr uint8_t kToFrontend = 1;

}  // namespace clopencl::fuzz
