// What holds for each message of the protocol, whatever its fields.
#include <gtest/gtest.h>

#include <cstring>

#include "common/wire/dispatch.h"
#include "common/wire/packet.h"
#include "support/allocation_watch.h"
#include "support/message_filler.h"

namespace clopencl::wire {
namespace {

template <typename Message>
ByteBuffer Encode(const Message& message) {
  ByteBuffer bytes;
  Writer(bytes).Put(message);
  return bytes;
}

// Whether `bytes` are one whole message.
template <typename Message>
bool Decode(ByteView bytes, Arena& arena, Message& message) {
  Reader reader(bytes, arena);
  reader.Get(message);
  return reader.ok() && reader.remaining() == 0;
}

template <typename Message>
class EachMessage : public testing::Test {
 protected:
  static constexpr uint32_t kSeeds = 30;
};

template <typename... Lists>
struct AsTestTypes;
template <typename... A, typename... B>
struct AsTestTypes<TypeList<A...>, TypeList<B...>> {
  using Types = testing::Types<A..., B...>;
};
using AllMessages = AsTestTypes<ServerMessages, FrontendMessages>::Types;
TYPED_TEST_SUITE(EachMessage, AllMessages);

TYPED_TEST(EachMessage, ComesBackAsItWas) {
  for (uint32_t seed = 0; seed < this->kSeeds; ++seed) {
    MessageFiller filler(seed, seed % 7);
    const auto message = filler.template Make<TypeParam>();
    const ByteBuffer bytes = Encode(message);
    Arena arena;
    TypeParam decoded{};
    ASSERT_TRUE(Decode(bytes, arena, decoded)) << "seed " << seed;
    EXPECT_EQ(Describe(decoded), Describe(message)) << "seed " << seed;
    EXPECT_EQ(Encode(decoded), bytes) << "seed " << seed;
    EXPECT_GE(bytes.size(), MinEncodedSize<TypeParam>());
  }
}

TYPED_TEST(EachMessage, EmptySequencesTakeTheLeastBytes) {
  MessageFiller filler(1, 0);
  EXPECT_EQ(Encode(filler.template Make<TypeParam>()).size(), MinEncodedSize<TypeParam>());
}

TYPED_TEST(EachMessage, EveryPrefixIsRefused) {
  MessageFiller filler(5);
  const ByteBuffer bytes = Encode(filler.template Make<TypeParam>());
  for (size_t length = 0; length < bytes.size(); ++length) {
    // In memory of its own, so that a sanitizer sees a read behind it.
    const ByteBuffer prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    Arena arena;
    TypeParam decoded{};
    EXPECT_FALSE(Decode(prefix, arena, decoded)) << length << " of " << bytes.size() << " bytes";
  }
}

TYPED_TEST(EachMessage, TrailingBytesAreRefused) {
  MessageFiller filler(6);
  ByteBuffer bytes = Encode(filler.template Make<TypeParam>());
  bytes.push_back(std::byte{0});
  Arena arena;
  TypeParam decoded{};
  EXPECT_FALSE(Decode(bytes, arena, decoded));
}

// Wherever a count may stand, a huge one is there once.
TYPED_TEST(EachMessage, HugeCountsAllocateLittle) {
  MessageFiller filler(7);
  const ByteBuffer bytes = Encode(filler.template Make<TypeParam>());
  for (uint32_t count : {0xffffffffu, 0x7fffffffu, 0x10000000u, static_cast<uint32_t>(bytes.size())}) {
    for (size_t at = 0; at + sizeof count <= bytes.size(); ++at) {
      ByteBuffer broken = bytes;
      std::memcpy(broken.data() + at, &count, sizeof count);
      Arena arena;
      TypeParam decoded{};
      ForgetAllocations();
      const bool ok = Decode(broken, arena, decoded);
      EXPECT_LE(LargestAllocation(), 8192 + 32 * bytes.size()) << "count " << count << " at " << at;
      if (ok) {
        EXPECT_EQ(Encode(decoded), broken);
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
  const ByteBuffer bytes{std::byte{255}, std::byte{255}};
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
