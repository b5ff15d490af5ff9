#include "launch/examination.h"

#include <dlfcn.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "launch/child_process.h"
#include "launch/discovery.h"
#include "launch/error.h"
#include "launch/job_directory.h"
#include "launch/memory_copy.h"
#include "launch/paths.h"
#include "launch/text.h"
#include "launch/topology.h"
#include "launch/transport_profile.h"

namespace clopencl::launch {

namespace fs = std::filesystem;

namespace {

using Level = Finding::Level;

constexpr uint64_t kMebibyte = uint64_t{1} << 20;

class Examiner {
 public:
  Examination Run() {
    examination_.host = HostName();
    CheckName();
    CheckDriver();
    CheckRankServer();
    CheckLoader();
    CheckIcdFiles();
    CheckDevices();
    CheckMpi();
    CheckCores();
    CheckLimits();
    CheckSharedMemory();
    return std::move(examination_);
  }

 private:
  void Good(const std::string& topic, const std::string& text) { Add(Level::kGood, topic, text, ""); }
  void Notice(const std::string& topic, const std::string& text, const std::string& advice) {
    Add(Level::kNotice, topic, text, advice);
  }
  void Bad(const std::string& topic, const std::string& text, const std::string& advice) {
    Add(Level::kBad, topic, text, advice);
  }
  void Add(Level level, const std::string& topic, const std::string& text, const std::string& advice) {
    examination_.findings.push_back({level, topic, text, advice});
  }

  void CheckName() {
    addrinfo* addresses = nullptr;
    const int error = getaddrinfo(examination_.host.c_str(), nullptr, nullptr, &addresses);
    if (error == 0) {
      freeaddrinfo(addresses);
      Good("name", "this machine's name has an address");
    } else {
      Notice("name", "this machine's name has no address: " + std::string(gai_strerror(error)),
             "jobs over several machines need one: add it to /etc/hosts or the DNS");
    }
  }

  // Loads a library in a process of its own. Empty when that works.
  static std::string WhyNotLoadable(const std::string& library) {
    const std::string answer = AskChild([&library] {
      return std::string(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr ? "ok" : dlerror());
    });
    if (answer == "ok") return "";
    return answer.empty() ? "loading it ends the process" : answer;
  }

  void CheckDriver() {
    try {
      const std::string driver = FindDriver();
      const std::string problem = WhyNotLoadable(driver);
      if (problem.empty()) {
        Good("driver", driver);
      } else {
        Bad("driver", problem, "build clOpenCL against the MPI of this machine");
      }
    } catch (const Error& error) {
      Bad("driver", error.what(), "");
    }
  }

  // Its version names the protocol, too, which has to be the same everywhere.
  void CheckRankServer() {
    try {
      const std::string rankserver = FindBinary("clopencl-rankserver");
      const CapturedOutput version = RunAndCapture({rankserver, "--version"}, {}, std::chrono::seconds(20));
      examination_.version = Trim(version.text);
      if (version.wait_status == 0) {
        Good("rank server", examination_.version);
      } else {
        Bad("rank server", rankserver + " --version " + DescribeWaitStatus(version.wait_status),
            "build clOpenCL against the MPI of this machine");
      }
    } catch (const Error& error) {
      Bad("rank server", error.what(), "");
    }
  }

  // "/lib/libOpenCL.so.1 (ocl-icd 2.3.1)"; empty when it can't be loaded. For a process of its own.
  static std::string DescribeLoader() {
    void* loader = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (loader == nullptr) return "";
    auto* find = reinterpret_cast<void* (*)(const char*)>(dlsym(loader, "clGetExtensionFunctionAddress"));
    Dl_info place{};
    if (find == nullptr || dladdr(reinterpret_cast<void*>(find), &place) == 0) return "libOpenCL.so.1";
    // Both common loaders tell about themselves this way.
    using LoaderInfo = int (*)(unsigned, size_t, void*, size_t*);
    auto* info = reinterpret_cast<LoaderInfo>(find("clGetICDLoaderInfoOCLICD"));
    constexpr unsigned kVersion = 2;
    constexpr unsigned kName = 3;
    char name[64] = {};
    char version[64] = {};
    if (info == nullptr || info(kName, sizeof name - 1, name, nullptr) != 0) return place.dli_fname;
    info(kVersion, sizeof version - 1, version, nullptr);
    return std::string(place.dli_fname) + " (" + name + " " + version + ")";
  }

  void CheckLoader() {
    const std::string answer = AskChild(DescribeLoader);
    if (answer.empty()) {
      Bad("loader", "libOpenCL.so.1 can't be loaded", "install an ICD loader (Debian: ocl-icd-libopencl1)");
    } else if (LoaderIgnoresVendors()) {
      Bad("loader",
          answer +
              " has its own list of platforms, whatever OCL_ICD_VENDORS says, so programs would not see the "
              "served ones",
          "have another loader found first (Debian: ocl-icd-libopencl1; see LD_LIBRARY_PATH), or copy "
          "clopencl.icd to "
          "/etc/OpenCL/vendors");
    } else {
      Good("loader", answer);
    }
  }

  // Whether it finds platforms where that variable names a folder without any. Some of CUDA's loaders do.
  static bool LoaderIgnoresVendors() {
    std::string folder = (fs::temp_directory_path() / "clopencl-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return false;
    const std::string answer = AskChild([&folder] {
      setenv("OCL_ICD_VENDORS", (folder + "/").c_str(), 1);
      for (const char* name : {"OPENCL_VENDOR_PATH", "OCL_ICD_FILENAMES"}) unsetenv(name);
      void* loader = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
      using GetPlatformIds = int (*)(unsigned, void*, unsigned*);
      auto* get =
          reinterpret_cast<GetPlatformIds>(loader != nullptr ? dlsym(loader, "clGetPlatformIDs") : nullptr);
      unsigned count = 0;
      if (get != nullptr) get(0, nullptr, &count);
      return std::string(count > 0 ? "ignores" : "obeys");
    });
    std::error_code ignored;
    fs::remove(folder, ignored);
    return answer == "ignores";
  }

  void CheckPlatformLibrary(const std::string& where, const std::string& library, const char* advice) {
    const std::string problem = WhyNotLoadable(library);
    if (problem.empty()) {
      Good("ICD file", where + ": " + library);
    } else {
      Notice("ICD file", where + ": " + problem, advice);
    }
  }

  void CheckIcdFiles() {
    const std::string folder = NativeVendors();
    std::error_code ignored;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == ".icd") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      std::ifstream stream(file);
      std::string library;
      std::getline(stream, library);
      library = Trim(library);
      if (library.find("libclopencl.so") != std::string::npos) {
        Good("ICD file", file.string() + " is clOpenCL's own; it offers nothing outside of a job");
        continue;
      }
      CheckPlatformLibrary(file.string(), library, "install that platform's library or remove the file");
    }
    const char* further = std::getenv("OCL_ICD_FILENAMES");
    std::istringstream libraries(further != nullptr ? further : "");
    bool any = !files.empty();
    for (std::string library; std::getline(libraries, library, ':'); any = true) {
      CheckPlatformLibrary("OCL_ICD_FILENAMES", library, "mend that variable");
    }
    if (!any) {
      Bad("ICD file", "there is none in " + folder, "install an OpenCL platform (Debian: pocl-opencl-icd)");
    }
  }

  void CheckDevices() {
    try {
      Node node;
      node.host = examination_.host;
      node.devices = ListDevices({});
      if (node.devices.empty()) {
        Bad("devices", "no native OpenCL device",
            "install an OpenCL platform (Debian: pocl-opencl-icd for the CPU)");
      } else {
        Good("devices", DescribeDevices(node));
      }
    } catch (const Error& error) {
      Bad("devices", error.what(), "see what clinfo says");
    }
  }

  void CheckMpi() {
    try {
      const std::string mpirun = FindMpirun();
      const CapturedOutput version = RunAndCapture({mpirun, "--version"}, {}, std::chrono::seconds(20));
      examination_.mpi = version.text.substr(0, version.text.find('\n'));
      if (examination_.mpi.find("Open MPI") == std::string::npos &&
          examination_.mpi.find("OpenRTE") == std::string::npos) {
        Notice("MPI", mpirun + ": " + examination_.mpi, "clrun writes command lines for Open MPI's mpirun");
        return;
      }
      Good("MPI", mpirun + ": " + examination_.mpi);
      std::vector<std::string> transports;
      for (const std::string& component : TransportComponents(mpirun)) {
        for (const char* known :
             {"btl:tcp", "btl:vader", "btl:sm", "pml:ucx", "mtl:ofi", "btl:mx", "mtl:mx"}) {
          if (component == known) transports.push_back(component);
        }
      }
      Good("transports", Join(transports, ", "));
    } catch (const Error& error) {
      Bad("MPI", error.what(), "");
    }
  }

  void CheckCores() {
    try {
      const std::vector<CpuSet> cores = Topology().Cores();
      CpuSet all;
      for (const CpuSet& core : cores) all = Union(all, core);
      Good("cores", Count(cores.size(), "core") + " for us, CPUs " + FormatCpuList(all));
    } catch (const Error& error) {
      Bad("cores", error.what(), "");
    }
  }

  void CheckLimits() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 1024) {
      Notice("limits", "only " + std::to_string(limit.rlim_cur) + " open files", "raise ulimit -n to 1024");
    } else {
      Good("limits", "open files: " + std::to_string(limit.rlim_cur));
    }
    getrlimit(RLIMIT_MEMLOCK, &limit);
    if (limit.rlim_cur == RLIM_INFINITY) {
      Good("limits", "locked memory: unlimited");
    } else if (limit.rlim_cur < 64 * kMebibyte) {
      Notice(
          "limits", "only " + std::to_string(limit.rlim_cur / 1024) + " KiB of locked memory",
          "for InfiniBand, RoCE and MX set ulimit -l unlimited (in limits.conf, and for the batch system's "
          "daemons); TCP and shared memory don't care");
    } else {
      Good("limits", "locked memory: " + std::to_string(limit.rlim_cur / kMebibyte) + " MiB");
    }
  }

  void CheckSharedMemory() {
    struct statvfs space {};
    if (statvfs("/dev/shm", &space) != 0 || space.f_bavail * space.f_frsize < 16 * kMebibyte) {
      Bad("shared memory", "less than 16 MiB are free in /dev/shm",
          "free some, or mount it larger (docker: --shm-size)");
    } else {
      Good("shared memory",
           std::to_string(space.f_bavail * space.f_frsize / kMebibyte) + " MiB are free in /dev/shm");
    }
    if (ProcessesMayCopy()) {
      Good("shared memory", "processes may copy straight from each other (CMA)");
    } else {
      Notice("shared memory", "processes may not copy straight from each other (CMA)",
             "clrun makes do without; for speed allow ptrace between them (docker: --cap-add SYS_PTRACE)");
    }
  }

  Examination examination_;
};

}  // namespace

Examination ExamineThisNode() { return Examiner().Run(); }

nlohmann::json ToJson(const Examination& examination) {
  nlohmann::json json = {{"host", examination.host},
                         {"version", examination.version},
                         {"mpi", examination.mpi},
                         {"findings", nlohmann::json::array()}};
  for (const Finding& finding : examination.findings) {
    json["findings"].push_back(
        {static_cast<int>(finding.level), finding.topic, finding.text, finding.advice});
  }
  return json;
}

Examination ExaminationFromJson(const nlohmann::json& json) {
  try {
    Examination examination{.host = json.at("host"), .version = json.at("version"), .mpi = json.at("mpi")};
    for (const auto& entry : json.at("findings")) {
      examination.findings.push_back(
          {static_cast<Level>(entry.at(0).get<int>()), entry.at(1), entry.at(2), entry.at(3)});
    }
    return examination;
  } catch (const nlohmann::json::exception& error) {
    throw Error(std::string("what a machine says about itself can't be read: ") + error.what());
  }
}

}  // namespace clopencl::launch
