#include "launch/mpirun_output.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <regex>
#include <utility>

namespace clopencl::launch {

namespace {

// mpirun goes by the name it was started with, so its name is not part of these.
constexpr std::array kReportPhrases = {" noticed that process rank",
                                       " has exited due to process rank",
                                       " detected that one or more processes",
                                       "Primary job  terminated normally",
                                       "Per user-direction",
                                       "has lost communication with",
                                       "unable to reliably start one or more daemons"};

constexpr std::array kReportLines = {
    "ORTE_ERROR_LOG",   "PMIX ERROR",          "plm:rsh: Warning: setpgid",
    "pmix_ptl_base",    ": Forwarding signal", ": killing job",
    "[warn] Epoll MOD", "sent help message",   "Set MCA parameter \"orte_base_help_aggregate\""};

bool IsRule(const std::string& line) {
  return line.size() > 60 && line.find_first_not_of("-\n") == std::string::npos;
}

template <typename Phrases>
bool HasAny(const std::string& text, const Phrases& phrases) {
  return std::any_of(phrases.begin(), phrases.end(),
                     [&text](const char* phrase) { return text.find(phrase) != std::string::npos; });
}

std::optional<int> Match(const std::string& text, const char* pattern) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex(pattern))) return std::nullopt;
  return std::stoi(found[1]);
}

}  // namespace

void MpirunOutput::HoldCrashOf(pid_t mpirun) {
  char tag[32];
  std::snprintf(tag, sizeof tag, ":%05d] ", static_cast<int>(mpirun));  // As Open MPI writes it.
  crash_tag_ = tag;
}

// From "[host:pid] *** Process received signal ***" to "[host:pid] *** End of error message ***". Lines of
// others may be in between.
bool MpirunOutput::TellsOfCrash(const std::string& line) {
  if (crash_tag_.empty() || line.front() != '[' || line.find(crash_tag_) == std::string::npos) return false;
  if (line.find("*** Process received signal ***") != std::string::npos) in_crash_ = true;
  const bool tells = in_crash_;
  if (line.find("*** End of error message ***") != std::string::npos) in_crash_ = false;
  return tells;
}

std::string MpirunOutput::Take(std::string_view bytes) {
  std::string shown;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    partial_ += bytes.substr(0, end == std::string_view::npos ? end : end + 1);
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    shown += TakeLine(std::exchange(partial_, {}));
  }
  return shown;
}

std::string MpirunOutput::TakeLine(const std::string& line) {
  if (!block_.empty()) {
    block_ += line;
    if (!IsRule(line)) return {};
    const std::string block = std::exchange(block_, {});
    if (!HasAny(block, kReportPhrases)) return block;
    report_ += block;
    return {};
  }
  if (IsRule(line)) {
    block_ = line;
    return {};
  }
  if (TellsOfCrash(line) || HasAny(line, kReportLines)) {
    report_ += line;
    return {};
  }
  return line;
}

std::string MpirunOutput::Finish() {
  std::string left = std::exchange(block_, {}) + std::exchange(partial_, {});
  if (!HasAny(left, kReportPhrases)) return left;
  report_ += left;
  return {};
}

std::optional<RankEnd> MpirunOutput::FindRankEnd() const {
  RankEnd end;
  std::optional<int> rank = Match(report_, R"(process\s+rank\s+(\d+))");
  if (!rank) rank = Match(report_, R"(Process name:\s+\[[^\]]*\],(\d+)\])");
  if (!rank) rank = Match(report_, R"(Process name:\s+\[[^\s]*[,@](\d+)\])");
  if (!rank) return std::nullopt;
  end.rank = *rank;
  end.signal = Match(report_, R"(on\s+signal\s+(\d+))").value_or(0);
  end.exit_code = Match(report_, R"(Exit\s+code:\s+(\d+))").value_or(0);
  return end;
}

std::string MpirunOutput::FindLostHost() const {
  std::smatch found;
  return std::regex_search(report_, found, std::regex(R"(Remote daemon:\s+\S+ on node (\S+))"))
             ? found[1].str()
             : "";
}

}  // namespace clopencl::launch
