#include "common/log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include "common/config.h"

namespace clopencl {
namespace {

std::string Pattern(const std::string& who) {
  return "clOpenCL" + (who.empty() ? who : "[" + who + "]") + " %l: %v";
}

spdlog::logger* MakeLogger() {
  // Never destroyed: threads and exit handlers may log until the process ends.
  auto* logger = new spdlog::logger("clopencl", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(Pattern(""));
  logger->set_level(spdlog::level::from_str(GetConfig().log_level));
  return logger;
}

}  // namespace

spdlog::logger& Log() {
  static spdlog::logger* logger = MakeLogger();
  return *logger;
}

void SetLogName(const std::string& who) { Log().set_pattern(Pattern(who)); }

}  // namespace clopencl
