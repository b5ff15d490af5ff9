// Messages of MessageTransport itself, on the channel of packets.
//
// They have one of two sizes and begin with a prefix of their own. A packet that looks like one travels
// announced, as large packets do, so nothing is ambiguous.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "common/byte_buffer.h"
#include "common/transport/transport.h"

namespace clopencl::transport {

inline constexpr std::string_view kControlPrefix = "CLO-";
inline constexpr size_t kControlSize = 8;
inline constexpr size_t kAnnouncementSize = 16;

inline constexpr std::string_view kQuit{kQuitMessage, kControlSize};
inline constexpr std::string_view kReady = "CLO-REDY";           // To rank 0: all that I sent is complete.
inline constexpr std::string_view kEverybodyReady = "CLO-DONE";  // From rank 0: all ranks said so.
inline constexpr std::string_view kBodyFollows = "CLO-BODY";  // And the size of a packet as a 64-bit number.
static_assert(kReady.size() == kControlSize && kEverybodyReady.size() == kControlSize &&
              kBodyFollows.size() == kControlSize);

inline bool BeginsWith(std::span<const std::byte> message, std::string_view text) {
  return message.size() >= text.size() && std::memcmp(message.data(), text.data(), text.size()) == 0;
}

inline bool LooksLikeControl(std::span<const std::byte> message) {
  return (message.size() == kControlSize || message.size() == kAnnouncementSize) &&
         BeginsWith(message, kControlPrefix);
}

inline void PutText(std::string_view text, ByteBuffer& out) {
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  out.assign(bytes, bytes + text.size());
}

inline void PutAnnouncement(uint64_t size, ByteBuffer& out) {
  PutText(kBodyFollows, out);
  out.resize(kAnnouncementSize);
  std::memcpy(out.data() + kControlSize, &size, sizeof size);
}

inline uint64_t AnnouncedSize(std::span<const std::byte> announcement) {
  uint64_t size = 0;
  std::memcpy(&size, announcement.data() + kControlSize, sizeof size);
  return size;
}

}  // namespace clopencl::transport
