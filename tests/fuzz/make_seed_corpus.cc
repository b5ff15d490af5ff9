// Writes packets that hold every message of the protocol into a folder, as seeds for the fuzzers, in the form
// of support/packet_recording.h.
//
//   make_seed_corpus FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/wire/packet.h"
#include "support/message_filler.h"
#include "support/packet_recording.h"

namespace clopencl::wire {
namespace {

constexpr uint32_t kVariants = 3;

class SeedWriter {
 public:
  explicit SeedWriter(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool failed() const { return failed_; }

  // One file a message and variant, and one file that holds them all.
  template <typename... Messages>
  void Write(TypeList<Messages...>, uint8_t direction, const std::string& name) {
    for (uint32_t seed = 0; seed < kVariants; ++seed) {
      MessageFiller filler(seed, seed * 2);
      PacketBuilder all(0);
      const auto write_one = [&](const auto& message, uint16_t opcode) {
        PacketBuilder one(0);
        one.Add(message);
        all.Add(message);
        Save(direction, name + "-" + std::to_string(opcode) + "-" + std::to_string(seed), one.Take(0));
      };
      (write_one(filler.Make<Messages>(), kOpcode<Messages>), ...);
      Save(direction, name + "-all-" + std::to_string(seed), all.Take(0));
    }
  }

 private:
  void Save(uint8_t direction, const std::string& name, const ByteBuffer& packet) {
    std::vector<std::byte> record;
    const uint8_t passes = 1 << testing::RecordedPacket::kPassShift;
    const auto body = std::span(packet).subspan(kPacketHeaderSize);
    testing::AppendRecord({static_cast<uint8_t>(direction | passes), body}, record);
    std::ofstream file(folder_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(record.data()), static_cast<std::streamsize>(record.size()));
    file.close();
    if (file) return;
    std::fprintf(stderr, "make_seed_corpus: can't write %s\n", (folder_ / name).c_str());
    failed_ = true;
  }

  const std::filesystem::path folder_;
  bool failed_ = false;
};

int Run(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: make_seed_corpus FOLDER\n");
    return 2;
  }
  SeedWriter writer(argv[1]);
  writer.Write(ServerMessages{}, 0, "server");
  writer.Write(FrontendMessages{}, testing::RecordedPacket::kToFrontend, "frontend");
  return writer.failed() ? 1 : 0;
}

}  // namespace
}  // namespace clopencl::wire

int main(int argc, char** argv) { return clopencl::wire::Run(argc, argv); }
