#include "launch/job_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "launch/discovery.h"
#include "launch/error.h"
#include "launch/paths.h"
#include "launch/process_tree.h"
#include "launch/program.h"

namespace clopencl::launch {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSystemVendors = "/etc/OpenCL/vendors";

// Further drivers that loaders take, whatever the folder holds: libraries with colons between.
constexpr const char* kFurtherDrivers = "OCL_ICD_FILENAMES";

// Where the program's own value of OCL_ICD_VENDORS is kept.
constexpr const char* kNativeVendors = "CLOPENCL_NATIVE_VENDORS";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteFile(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw Error("can't write " + path.string());
}

// For OCL_ICD_VENDORS. CUDA's loader appends the files' names as they are.
std::string AsFolder(const fs::path& path) { return path.string() + "/"; }

bool NamesOurDriver(const std::string& icd_text) {
  return icd_text.find("libclopencl.so") != std::string::npos;
}

void CopyNativeIcds(const fs::path& into) {
  const fs::path vendors = NativeVendors();
  std::error_code ignored;
  if (fs::is_directory(vendors, ignored)) {
    for (const auto& entry : fs::directory_iterator(vendors, ignored)) {
      if (entry.path().extension() != ".icd") continue;
      const std::string text = ReadFile(entry.path());
      if (!text.empty() && !NamesOurDriver(text)) WriteFile(into / entry.path().filename(), text);
    }
  } else if (vendors.extension() == ".icd") {
    const std::string text = ReadFile(vendors);
    if (!text.empty() && !NamesOurDriver(text)) WriteFile(into / vendors.filename(), text);
  } else if (vendors.filename().string().find(".so") != std::string::npos) {
    // Some loaders take the library itself.
    if (!NamesOurDriver(vendors.string())) WriteFile(into / "native.icd", vendors.string() + "\n");
  }
}

void AddFurtherDrivers(const fs::path& into) {
  const char* drivers = std::getenv(kFurtherDrivers);
  std::istringstream list(drivers != nullptr ? drivers : "");
  int number = 0;
  for (std::string driver; std::getline(list, driver, ':');) {
    if (driver.empty() || NamesOurDriver(driver)) continue;
    WriteFile(into / ("further" + std::to_string(++number) + ".icd"), driver + "\n");
  }
}

// Leaves the ICD files whose driver offers one of the platforms. What a driver offers is only known by asking
// it.
void RemoveOtherPlatforms(const fs::path& vendors, const std::vector<std::string>& wanted) {
  const fs::path alone = vendors.parent_path() / "alone";
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(vendors)) files.push_back(entry.path());
  for (const fs::path& file : files) {
    fs::create_directory(alone);
    fs::rename(file, alone / file.filename());
    const std::vector<Device> devices =
        ListDevices({{"OCL_ICD_VENDORS", AsFolder(alone)}, {kFurtherDrivers, ""}});
    const bool keep = std::any_of(devices.begin(), devices.end(), [&wanted](const Device& device) {
      return std::find(wanted.begin(), wanted.end(), device.platform_name) != wanted.end();
    });
    if (keep) fs::rename(alone / file.filename(), file);
    fs::remove_all(alone);
  }
}

}  // namespace

std::string NativeVendors() {
  // Both names are known to loaders.
  for (const char* name : {"OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return kSystemVendors;
}

JobDirectory JobDirectory::Create() {
  std::string path = TemporaryDirectory() + "/clopencl-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) ThrowErrno("a private directory like " + path);
  return JobDirectory(path, getpid());
}

JobDirectory::~JobDirectory() {
  if (owner_ == getpid()) Remove();
}

JobDirectory JobDirectory::Adopt(const std::string& path) {
  struct stat status {};
  const bool ours = lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
                    status.st_uid == geteuid() && (status.st_mode & 077) == 0;
  if (!ours) throw Error("the job's directory " + path + " is gone or not private to this user");
  return JobDirectory(path, 0);
}

bool JobDirectory::joined() const { return access((path_ + "/joined").c_str(), F_OK) == 0; }

bool JobDirectory::finalized() const { return access((path_ + "/finalized").c_str(), F_OK) == 0; }

JobDirectory::Membership JobDirectory::membership() const {
  if (!joined()) return Membership::kNotYet;
  if (finalized()) return Membership::kLeft;
  const int pid = std::atoi(ReadFile(path_ + "/joined").c_str());
  // The driver writes its pid a moment after it has made the file.
  return pid <= 0 || IsAlive(pid) ? Membership::kMember : Membership::kLeft;
}

void JobDirectory::Remove() const {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void JobDirectory::PrepareProgram(const std::string& driver, const NativePlatforms& natives,
                                  std::vector<std::string>& environment) const {
  const fs::path vendors = fs::path(path_) / "vendors";
  fs::create_directory(vendors);
  if (!natives.none) CopyNativeIcds(vendors);
  if (natives.none || !natives.only.empty()) UnsetVariable(environment, kFurtherDrivers);
  if (!natives.only.empty()) {
    AddFurtherDrivers(vendors);
    RemoveOtherPlatforms(vendors, natives.only);
  }
  WriteFile(vendors / "clopencl.icd", driver + "\n");
  UnsetVariable(environment, "OPENCL_VENDOR_PATH");
  SetVariable(environment, "OCL_ICD_VENDORS", AsFolder(vendors));
  SetVariable(environment, kNativeVendors, NativeVendors());
  SetVariable(environment, "CLOPENCL_ROLE", "frontend");
  SetVariable(environment, "CLOPENCL_JOB_DIR", path_);
  // Open MPI would otherwise handle the program's crashes, with a stack trace of its own.
  if (std::getenv("OMPI_MCA_opal_signal") == nullptr) SetVariable(environment, "OMPI_MCA_opal_signal", "");
}

void JobDirectory::ForgetOuterJob(std::vector<std::string>& environment) {
  if (const char* native = std::getenv(kNativeVendors)) {
    std::error_code ignored;
    SetVariable(environment, "OCL_ICD_VENDORS",
                fs::is_directory(native, ignored) ? AsFolder(native) : native);
  }
  // mpirun tells its processes who they are; what the user set for Open MPI begins with OMPI_MCA_, too.
  constexpr std::array kOfMpirun = {"PMIX_",
                                    "OMPI_MCA_orte_",
                                    "OMPI_MCA_ess",
                                    "OMPI_MCA_pmix",
                                    "OMPI_MCA_initial_wdir",
                                    "OMPI_MCA_mca_base_envar",
                                    "OMPI_MCA_mpi_oversubscribe",
                                    "OMPI_MCA_shmem_RUNTIME"};
  std::erase_if(environment, [&kOfMpirun](const std::string& entry) {
    if (entry.starts_with("OMPI_") && !entry.starts_with("OMPI_MCA_")) return true;
    return std::any_of(kOfMpirun.begin(), kOfMpirun.end(),
                       [&entry](const char* start) { return entry.starts_with(start); });
  });
  for (const char* name : {"CLOPENCL_ROLE", "CLOPENCL_JOB_DIR", "CLOPENCL_CONTROL", kNativeVendors}) {
    UnsetVariable(environment, name);
  }
}

}  // namespace clopencl::launch
