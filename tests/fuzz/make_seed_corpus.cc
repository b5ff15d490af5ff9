// Writes packets that hold every message of the protocol into a folder, as seeds for the fuzzers.
//
//   make_seed_corpus server|frontend|both FOLDER
//
// A file is a packet as the transport delivers it. With "both", a first byte says which side it is for.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "common/wire/packet.h"
#include "fuzz/fuzz_input.h"
#include "support/message_filler.h"

namespace clopencl::wire {
namespace {

constexpr uint32_t kVariants = 3;

class SeedWriter {
 public:
  SeedWriter(std::filesystem::path folder, bool with_direction)
      : folder_(std::move(folder)), with_direction_(with_direction) {}

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
    std::ofstream file(folder_ / name, std::ios::binary);
    if (with_direction_) file.put(static_cast<char>(direction));
    file.write(reinterpret_cast<const char*>(packet.data()), static_cast<std::streamsize>(packet.size()));
    file.close();
    if (file) return;
    std::fprintf(stderr, "make_seed_corpus: can't write %s\n", (folder_ / name).c_str());
    failed_ = true;
  }

  const std::filesystem::path folder_;
  const bool with_direction_;
  bool failed_ = false;
};

int Run(int argc, char** argv) {
  const std::string_view direction = argc == 3 ? argv[1] : "";
  if (direction != "server" && direction != "frontend" && direction != "both") {
    std::fprintf(stderr, "Usage: make_seed_corpus server|frontend|both FOLDER\n");
    return 2;
  }
  SeedWriter writer(argv[2], direction == "both");
  if (direction != "frontend") writer.Write(ServerMessages{}, fuzz::kToServer, "server");
  if (direction != "server") writer.Write(FrontendMessages{}, fuzz::kToFrontend, "frontend");
  return writer.failed() ? 1 : 0;
}

}  // namespace
}  // namespace clopencl::wire

int main(int argc, char** argv) { return clopencl::wire::Run(argc, argv); }
