// What holds for each message of the protocol, whatever its fields.
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "common/wire/dispatch.h"
#include "common/wire/packet.h"
#include "support/allocation_watch.h"
#include "support/message_filler.h"

namespace clopencl::wire {
namespace {

template <typename Message>
ByteBuffer Encode(const Message& message) {
  ByteBuffer bytes;
  Append(message, bytes);
  return bytes;
}

// A type of message without the type, so that the tests below are compiled once and not for each.
struct MessageType {
  struct Example {
    ByteBuffer bytes;
    std::string description;
  };

  std::string name;
  size_t least_size = 0;
  Example (*make)(uint32_t seed, size_t longest_sequence) = nullptr;
  // What decoding made of `bytes`: its description, and its bytes when encoded again. Null: refused.
  std::optional<Example> (*decode)(ByteView bytes) = nullptr;

  friend std::ostream& operator<<(std::ostream& out, const MessageType& type) { return out << type.name; }
};

template <typename Message>
MessageType::Example MakeExample(uint32_t seed, size_t longest_sequence) {
  MessageFiller filler(seed, longest_sequence);
  const auto message = filler.Make<Message>();
  return {Encode(message), Describe(message)};
}

template <typename Message>
std::optional<MessageType::Example> DecodeExample(ByteView bytes) {
  Arena arena;
  Message decoded{};
  if (!Decode(bytes, arena, decoded)) return {};
  return MessageType::Example{Encode(decoded), Describe(decoded)};
}

template <typename... Messages>
void AddTypes(TypeList<Messages...>, const std::string& direction, std::vector<MessageType>& types) {
  (types.push_back({direction + std::to_string(kOpcode<Messages>), MinEncodedSize<Messages>(),
                    &MakeExample<Messages>, &DecodeExample<Messages>}),
   ...);
}

std::vector<MessageType> AllTypes() {
  std::vector<MessageType> types;
  AddTypes(ServerMessages{}, "ToServer", types);
  AddTypes(FrontendMessages{}, "ToFrontend", types);
  return types;
}

class EachMessage : public testing::TestWithParam<MessageType> {};
INSTANTIATE_TEST_SUITE_P(Protocol, EachMessage, testing::ValuesIn(AllTypes()),
                         [](const auto& type) { return type.param.name; });

TEST_P(EachMessage, ComesBackAsItWas) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    const auto example = GetParam().make(seed, seed % 7);
    const auto decoded = GetParam().decode(example.bytes);
    ASSERT_TRUE(decoded) << "seed " << seed;
    EXPECT_EQ(decoded->description, example.description) << "seed " << seed;
    EXPECT_EQ(decoded->bytes, example.bytes) << "seed " << seed;
  }
}

TEST_P(EachMessage, EmptySequencesTakeTheLeastBytes) {
  EXPECT_EQ(GetParam().make(1, 0).bytes.size(), GetParam().least_size);
}

TEST_P(EachMessage, EveryPrefixIsRefused) {
  const ByteBuffer bytes = GetParam().make(5, 4).bytes;
  for (size_t length = 0; length < bytes.size(); ++length) {
    // In memory of its own, so that a sanitizer sees a read behind it.
    const ByteBuffer prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(GetParam().decode(prefix)) << length << " of " << bytes.size() << " bytes";
  }
}

TEST_P(EachMessage, TrailingBytesAreRefused) {
  ByteBuffer bytes = GetParam().make(6, 4).bytes;
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(GetParam().decode(bytes));
}

// Wherever a count may stand, a huge one is there once.
TEST_P(EachMessage, HugeCountsAllocateLittle) {
  const ByteBuffer bytes = GetParam().make(7, 4).bytes;
  for (uint32_t count : {0xffffffffu, 0x7fffffffu, 0x10000000u, static_cast<uint32_t>(bytes.size())}) {
    for (size_t at = 0; at + sizeof count <= bytes.size(); ++at) {
      ByteBuffer broken = bytes;
      std::memcpy(broken.data() + at, &count, sizeof count);
      ForgetAllocations();
      const auto decoded = GetParam().decode(broken);
      EXPECT_LE(LargestAllocation(), 8192 + 32 * bytes.size()) << "count " << count << " at " << at;
      if (decoded) {
        EXPECT_EQ(decoded->bytes, broken);
      }
    }
  }
}

struct Nested {
  std::span<const std::span<const uint16_t>> lists;
  bool flag = false;
};

TEST(Codec, WritesLittleEndianWithoutPadding) {
  const uint16_t inner[] = {0x1234, 0x5678};
  const std::span<const uint16_t> lists[] = {inner, {}};
  const ByteBuffer bytes = Encode(Nested{lists, true});
  const unsigned char expected[] = {2, 0, 0, 0, 2, 0, 0, 0, 0x34, 0x12, 0x78, 0x56, 0, 0, 0, 0, 1};
  ASSERT_EQ(bytes.size(), sizeof expected);
  EXPECT_EQ(std::memcmp(bytes.data(), expected, sizeof expected), 0);
}

TEST(Codec, ABooleanIsZeroOrOne) {
  const ByteBuffer bytes{std::byte{2}};
  Arena arena;
  bool value = false;
  EXPECT_FALSE(Decode(bytes, arena, value));
}

TEST(Codec, AfterAFailureEverythingIsZero) {
  const ByteBuffer bytes = Encode(uint16_t{0xffff});
  Arena arena;
  Reader reader(bytes, arena);
  uint32_t wide = 1;
  reader.Get(wide);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(wide, 0u);
  uint8_t narrow = 1;
  std::string_view text = "x";
  reader.Get(narrow);
  reader.Get(text);
  EXPECT_EQ(narrow, 0u) << "although a byte is there";
  EXPECT_TRUE(text.empty());
}

TEST(Codec, BytesAndTextPointIntoThePacket) {
  const ByteBuffer bytes = Encode(std::string_view("hello"));
  Arena arena;
  std::string_view text;
  ASSERT_TRUE(Decode(bytes, arena, text));
  EXPECT_EQ(static_cast<const void*>(text.data()), bytes.data() + sizeof(uint32_t));
}

}  // namespace
}  // namespace clopencl::wire
