#include "launch/mpirun_session.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace clopencl::launch {

namespace fs = std::filesystem;

namespace {

bool IsOurs(const fs::path& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 && status.st_uid == geteuid();
}

// "3684564993" is db9e0001 in names. Empty for what is no number.
std::string JobInNames(std::string_view job_id) {
  uint32_t number = 0;
  const auto parsed = std::from_chars(job_id.data(), job_id.data() + job_id.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != job_id.data() + job_id.size()) return {};
  char text[16];
  std::snprintf(text, sizeof text, "%x", number);
  return text;
}

// Files like vader_segment.HOST.UID.JOB.RANK.
void RemoveSharedMemory(const std::string& job) {
  const std::string middle = "." + std::to_string(geteuid()) + "." + job + ".";
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/dev/shm", ignored)) {
    const std::string name = entry.path().filename();
    const bool of_job = name.starts_with("vader_segment.") && name.find(middle) != std::string::npos;
    if (of_job && IsOurs(entry.path())) fs::remove(entry.path(), ignored);
  }
}

}  // namespace

MpirunSession FindMpirunSession(const std::vector<std::string>& rank_environment) {
  constexpr std::string_view kFolder = "PMIX_SERVER_TMPDIR=";
  constexpr std::string_view kJob = "PMIX_NAMESPACE=";
  MpirunSession session;
  for (const std::string& entry : rank_environment) {
    if (entry.starts_with(kFolder)) session.folder = entry.substr(kFolder.size());
    if (entry.starts_with(kJob)) session.job = JobInNames(std::string_view(entry).substr(kJob.size()));
  }
  return session;
}

void RemoveMpirunSession(const MpirunSession& session, pid_t mpirun) {
  if (!session.job.empty()) RemoveSharedMemory(session.job);
  std::error_code ignored;
  const bool named_after_it = session.folder.ends_with("." + std::to_string(mpirun));
  if (!named_after_it || !IsOurs(session.folder)) return;
  fs::remove_all(session.folder, ignored);
  // Of all of this user's jobs; it goes with the last.
  fs::remove(fs::path(session.folder).parent_path(), ignored);
}

}  // namespace clopencl::launch
