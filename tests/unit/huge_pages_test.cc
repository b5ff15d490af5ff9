#include "common/huge_pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>

#include "support/huge_page_flag.h"

namespace clopencl {
namespace {

using testing::AskedForHugePages;

class HugePages : public ::testing::Test {
 protected:
  static constexpr size_t kSize = 4 * kHugePageSize;
  void SetUp() override {
    if (!testing::KernelHasHugePages()) GTEST_SKIP() << "this kernel has none";
    memory_ = static_cast<std::byte*>(
        mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(memory_, MAP_FAILED);
  }
  void TearDown() override {
    if (memory_ != nullptr) munmap(memory_, kSize);
  }
  std::byte* memory_ = nullptr;
};

TEST_F(HugePages, AreAskedForTheWholePagesOfLargeMemory) {
  AdviseHugePages(memory_ + 1, kSize - 2);
  EXPECT_FALSE(AskedForHugePages(memory_)) << "the page belongs to somebody else, too";
  EXPECT_TRUE(AskedForHugePages(memory_ + kSize / 2));
  EXPECT_FALSE(AskedForHugePages(memory_ + kSize - 1));
}

TEST_F(HugePages, AreNotAskedForWhereNoneCanBe) {
  AdviseHugePages(memory_, kHugePageSize - 1);
  EXPECT_FALSE(AskedForHugePages(memory_ + kHugePageSize / 2));
}

TEST_F(HugePages, MemoryOfNobodyIsLeftAlone) {
  munmap(memory_, kSize);
  errno = 0;
  AdviseHugePages(memory_, kSize);
  EXPECT_EQ(errno, 0);
  memory_ = nullptr;
}

}  // namespace
}  // namespace clopencl
