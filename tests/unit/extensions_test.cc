// Which extensions of a native device are offered.
#include "frontend/core/extensions.h"

#include <gtest/gtest.h>

#include <cstring>

namespace clopencl::frontend {
namespace {

cl_name_version Extension(const char* name, cl_version version) {
  cl_name_version extension{};
  extension.version = version;
  std::strncpy(extension.name, name, sizeof extension.name - 1);
  return extension;
}

TEST(Extensions, ThatAddEntryPointsWeDoNotForwardAreLeftOut) {
  EXPECT_EQ(FilterExtensions("cl_khr_fp64  cl_khr_gl_sharing cl_khr_command_buffer cl_pocl_content_size ",
                             "cl_ours"),
            "cl_khr_fp64 cl_khr_command_buffer cl_ours");
  EXPECT_EQ(FilterExtensions("", ""), "");
  EXPECT_FALSE(ForwardsExtension("cl_vendor_unheard_of"));
}

TEST(Extensions, CommandBuffersOfLaterVersionsAreLeftOut) {
  const cl_name_version early = Extension("cl_khr_command_buffer", CL_MAKE_VERSION(0, 9, 0));
  const cl_name_version last = Extension("cl_khr_command_buffer", CL_MAKE_VERSION(0, 9, 4));
  const cl_name_version late = Extension("cl_khr_command_buffer", CL_MAKE_VERSION(0, 9, 5));
  const cl_name_version other = Extension("cl_khr_fp16", CL_MAKE_VERSION(1, 0, 0));
  EXPECT_TRUE(ForwardsVersion(early));
  EXPECT_TRUE(ForwardsVersion(last));
  EXPECT_FALSE(ForwardsVersion(late));
  EXPECT_TRUE(ForwardsVersion(other));
  const auto kept = FilterExtensions(std::vector{late, other});
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_STREQ(kept[0].name, "cl_khr_fp16");
}

TEST(Extensions, AreTakenOutByWholeNames) {
  EXPECT_EQ(WithoutExtension("cl_a cl_ab cl_a_b cl_a", "cl_a"), "cl_ab cl_a_b");
  EXPECT_EQ(WithoutExtension("cl_a", "cl_a"), "");
  EXPECT_EQ(WithoutExtension("", "cl_a"), "");
}

}  // namespace
}  // namespace clopencl::frontend
