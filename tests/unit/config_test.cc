// The options are read once in a process's life, so each case runs in a child.
#include "common/config.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace clopencl {
namespace {

using testing::ExitedWithCode;

// For EXPECT_EXIT: ends the child with 0 when the options are as they should be.
#define END_CHILD_IF(condition) std::exit((condition) ? 0 : 1)

TEST(ConfigDeathTest, DefaultsHoldWithoutOptions) {
  EXPECT_EXIT(
      {
        clearenv();
        const Config fresh;
        const Config& config = GetConfig();
        END_CHILD_IF(config.spin_us == fresh.spin_us && config.chunk_bytes == fresh.chunk_bytes &&
                     !config.merge && config.log_level == "warn" && config.role.empty());
      },
      ExitedWithCode(0), "^$");
}

TEST(ConfigDeathTest, OptionsAreTaken) {
  EXPECT_EXIT(
      {
        setenv("CLOPENCL_ROLE", "server", 1);
        setenv("CLOPENCL_JOB_DIR", "/tmp/job", 1);
        setenv("CLOPENCL_SPIN_US", "0", 1);
        setenv("CLOPENCL_YIELD_US", "12", 1);
        setenv("CLOPENCL_MIN_SLEEP_US", "13", 1);
        setenv("CLOPENCL_INLINE_BYTES", "100", 1);
        setenv("CLOPENCL_CHUNK_BYTES", "5000000000", 1);
        setenv("CLOPENCL_STAGING_DEPTH", "2", 1);
        setenv("CLOPENCL_BATCH_BYTES", "0", 1);
        setenv("CLOPENCL_FLUSH_US", "1", 1);
        setenv("CLOPENCL_WINDOW_BYTES", "65536", 1);
        setenv("CLOPENCL_MERGE", "1", 1);
        setenv("CLOPENCL_LOG", "debug", 1);
        const Config& config = GetConfig();
        END_CHILD_IF(config.role == "server" && config.job_dir == "/tmp/job" && config.spin_us == 0 &&
                     config.yield_us == 12 && config.min_sleep_us == 13 && config.inline_bytes == 100 &&
                     config.chunk_bytes == 5000000000 && config.staging_depth == 2 &&
                     config.batch_bytes == 0 && config.flush_us == 1 && config.window_bytes == 65536 &&
                     config.merge && config.log_level == "debug");
      },
      ExitedWithCode(0), "^$");
}

struct BadOption {
  const char* name;
  const char* value;
};

class BadOptionDeathTest : public testing::TestWithParam<BadOption> {};

TEST_P(BadOptionDeathTest, IsReportedAndTheDefaultHolds) {
  const BadOption bad = GetParam();
  EXPECT_EXIT(
      {
        setenv(bad.name, bad.value, 1);
        const Config fresh;
        const Config& config = GetConfig();
        END_CHILD_IF(config.spin_us == fresh.spin_us && config.chunk_bytes == fresh.chunk_bytes &&
                     config.min_sleep_us == fresh.min_sleep_us && config.merge == fresh.merge);
      },
      ExitedWithCode(0), std::string(bad.name) + "=" + bad.value);
}

INSTANTIATE_TEST_SUITE_P(
    Config, BadOptionDeathTest,
    testing::Values(BadOption{"CLOPENCL_SPIN_US", "fast"}, BadOption{"CLOPENCL_SPIN_US", "-1"},
                    BadOption{"CLOPENCL_SPIN_US", "5us"}, BadOption{"CLOPENCL_SPIN_US", "99999999999"},
                    BadOption{"CLOPENCL_MIN_SLEEP_US", "0"}, BadOption{"CLOPENCL_CHUNK_BYTES", "4095"},
                    BadOption{"CLOPENCL_CHUNK_BYTES", "1e6"}, BadOption{"CLOPENCL_MERGE", "yes"}));

TEST(ConfigDeathTest, AnEmptyOptionIsNone) {
  EXPECT_EXIT(
      {
        setenv("CLOPENCL_SPIN_US", "", 1);
        setenv("CLOPENCL_MERGE", "", 1);
        END_CHILD_IF(GetConfig().spin_us == Config{}.spin_us);
      },
      ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace clopencl
