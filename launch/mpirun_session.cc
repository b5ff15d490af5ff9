#include "launch/mpirun_session.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>
#include <system_error>

namespace clopencl::launch {

std::string FindMpirunSession(const std::vector<std::string>& rank_environment) {
  constexpr std::string_view kFolder = "PMIX_SERVER_TMPDIR=";
  for (const std::string& entry : rank_environment) {
    if (entry.starts_with(kFolder)) return entry.substr(kFolder.size());
  }
  return {};
}

void RemoveMpirunSession(const std::string& folder, pid_t mpirun) {
  struct stat status {};
  const bool named_after_it = folder.ends_with("." + std::to_string(mpirun));
  const bool ours =
      lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
  if (!named_after_it || !ours) return;
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  // Of all of this user's jobs; it goes with the last.
  std::filesystem::remove(std::filesystem::path(folder).parent_path(), ignored);
}

}  // namespace clopencl::launch
