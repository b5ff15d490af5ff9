#include <algorithm>

#include "support/packet_recording.h"

namespace clopencl::testing {
namespace {

constexpr size_t kRecordHeader = 3;

}  // namespace

void AppendRecord(const RecordedPacket& packet, std::vector<std::byte>& to) {
  to.push_back(std::byte{packet.kind});
  to.push_back(static_cast<std::byte>(packet.body.size() & 0xff));
  to.push_back(static_cast<std::byte>(packet.body.size() >> 8));
  to.insert(to.end(), packet.body.begin(), packet.body.end());
}

void ForEachRecord(std::span<const std::byte> bytes, const std::function<void(const RecordedPacket&)>& use) {
  while (bytes.size() >= kRecordHeader) {
    const size_t wanted = static_cast<size_t>(bytes[1]) | static_cast<size_t>(bytes[2]) << 8;
    const size_t size = std::min(wanted, bytes.size() - kRecordHeader);
    use({static_cast<uint8_t>(bytes[0]), bytes.subspan(kRecordHeader, size)});
    bytes = bytes.subspan(kRecordHeader + size);
  }
}

}  // namespace clopencl::testing
