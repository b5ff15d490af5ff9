#include "common/config.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace clopencl {
namespace {

template <typename Number>
void ReadNumber(const char* name, Number least, Number& value) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return;
  Number parsed{};
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, parsed);
  if (error != std::errc{} || stop != end || parsed < least) {
    std::fprintf(stderr, "clOpenCL: %s=%s is not a whole number of at least %llu; using %llu\n", name, text,
                 static_cast<unsigned long long>(least), static_cast<unsigned long long>(value));
    return;
  }
  value = parsed;
}

void ReadText(const char* name, std::string& value) {
  if (const char* text = std::getenv(name)) value = text;
}

void ReadSwitch(const char* name, bool& value) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return;
  if (std::strcmp(text, "1") == 0 || std::strcmp(text, "0") == 0) {
    value = *text == '1';
  } else {
    std::fprintf(stderr, "clOpenCL: %s=%s is neither 0 nor 1; using %d\n", name, text, value ? 1 : 0);
  }
}

Config ReadConfig() {
  Config config;
  ReadText("CLOPENCL_ROLE", config.role);
  ReadText("CLOPENCL_JOB_DIR", config.job_dir);
  ReadNumber<uint32_t>("CLOPENCL_SPIN_US", 0, config.spin_us);
  ReadNumber<uint32_t>("CLOPENCL_YIELD_US", 0, config.yield_us);
  ReadNumber<uint32_t>("CLOPENCL_MIN_SLEEP_US", 1, config.min_sleep_us);
  ReadNumber<uint32_t>("CLOPENCL_IDLE_SLEEP_US", 1, config.idle_sleep_us);
  ReadNumber<uint64_t>("CLOPENCL_INLINE_BYTES", 0, config.inline_bytes);
  ReadNumber<uint64_t>("CLOPENCL_CHUNK_BYTES", 4096, config.chunk_bytes);
  ReadNumber<uint32_t>("CLOPENCL_STAGING_DEPTH", 1, config.staging_depth);
  ReadNumber<uint64_t>("CLOPENCL_BATCH_BYTES", 0, config.batch_bytes);
  ReadNumber<uint32_t>("CLOPENCL_FLUSH_US", 0, config.flush_us);
  ReadNumber<uint64_t>("CLOPENCL_WINDOW_BYTES", 65536, config.window_bytes);
  ReadText("CLOPENCL_TRACE", config.trace_file);
  ReadSwitch("CLOPENCL_STATS", config.stats);
  ReadSwitch("CLOPENCL_MERGE", config.merge);
  ReadText("CLOPENCL_LOG", config.log_level);
  return config;
}

}  // namespace

const Config& GetConfig() {
  // Never destroyed: the driver reads it in its library destructor.
  static const Config& config = *new Config(ReadConfig());
  return config;
}

}  // namespace clopencl
