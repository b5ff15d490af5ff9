#include "launch/paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "launch/error.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace fs = std::filesystem;

namespace {

std::string FirstThatExists(const std::vector<fs::path>& candidates, const std::string& what) {
  std::vector<std::string> tried;
  for (const fs::path& candidate : candidates) {
    std::error_code ignored;
    if (fs::exists(candidate, ignored)) return candidate.lexically_normal().string();
    tried.push_back(candidate.lexically_normal().string());
  }
  throw Error(what + " is missing; it was looked for at " + Join(tried, " and ") +
              ". Build the whole project, or install it with cmake --install");
}

bool IsExecutableFile(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string SelfDirectory() { return fs::read_symlink("/proc/self/exe").parent_path().string(); }

std::string FindBinary(const std::string& name) {
  return FirstThatExists({fs::path(SelfDirectory()) / name}, name);
}

std::string FindDriver() {
  const fs::path here = SelfDirectory();
  return FirstThatExists({here / CLOPENCL_LIB_FROM_BIN / "libclopencl.so", here / "../lib/libclopencl.so"},
                         "the driver libclopencl.so");
}

std::string FindShared(const std::string& name) {
  const fs::path here = SelfDirectory();
  return FirstThatExists({here / CLOPENCL_SHARE_FROM_BIN / name, here / "../share/clopencl" / name}, name);
}

std::string FindMpirun() {
  if (const char* chosen = std::getenv("CLOPENCL_MPIRUN"); chosen != nullptr && *chosen != '\0') {
    bool executable = false;
    const std::string path = FindProgram(chosen, executable);
    if (path.empty() || !executable) {
      throw Error(std::string("CLOPENCL_MPIRUN=") + chosen + " names no program that can be run");
    }
    return path;
  }
  if (IsExecutableFile(CLOPENCL_DEFAULT_MPIRUN)) return CLOPENCL_DEFAULT_MPIRUN;
  bool executable = false;
  const std::string path = FindProgram("mpirun", executable);
  if (path.empty() || !executable) {
    throw Error(
        "there is no mpirun in PATH; install Open MPI (Debian: openmpi-bin), or name one in CLOPENCL_MPIRUN");
  }
  return path;
}

std::string FindProgram(const std::string& name, bool& executable) {
  executable = false;
  if (name.find('/') != std::string::npos) {
    executable = IsExecutableFile(name);
    return access(name.c_str(), F_OK) == 0 ? name : "";
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/bin:/usr/bin";
  std::string found;
  while (true) {
    const size_t colon = rest.find(':');
    const std::string_view folder = rest.substr(0, colon);
    const std::string candidate = std::string(folder.empty() ? "." : folder) + "/" + name;
    if (IsExecutableFile(candidate)) {
      executable = true;
      return candidate;
    }
    struct stat status {};
    if (found.empty() && stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode)) found = candidate;
    if (colon == std::string_view::npos) return found;
    rest.remove_prefix(colon + 1);
  }
}

std::string TemporaryDirectory() {
  // A socket's name has 107 bytes at most (sun_path), and ours adds "/clopencl-XXXXXX/control".
  constexpr size_t kLongest = 80;
  const char* chosen = std::getenv("TMPDIR");
  if (chosen == nullptr || *chosen != '/' || std::string_view(chosen).size() > kLongest) return "/tmp";
  return access(chosen, W_OK | X_OK) == 0 ? chosen : "/tmp";
}

std::string HostName() {
  char name[HOST_NAME_MAX + 1] = {};
  if (gethostname(name, sizeof name - 1) != 0) ThrowErrno("the name of this machine");
  return name;
}

}  // namespace clopencl::launch
