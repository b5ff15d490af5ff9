#include "frontend/core/platform.h"

#include <algorithm>
#include <cstring>

#include "frontend/core/device.h"
#include "frontend/core/extensions.h"

namespace clopencl::frontend {
namespace {

cl_name_version NameVersion(const char* name, cl_version version) {
  cl_name_version entry{};
  entry.version = version;
  std::strncpy(entry.name, name, sizeof entry.name - 1);
  return entry;
}

// The words of `a` that are in `b`, too.
std::string CommonWords(const std::string& a, const std::string& b) {
  const auto wanted = SplitWords(b);
  std::string result;
  for (std::string_view word : SplitWords(a)) {
    if (std::find(wanted.begin(), wanted.end(), word) == wanted.end()) continue;
    if (!result.empty()) result += ' ';
    result += word;
  }
  return result;
}

}  // namespace

Platform::Platform(std::string name, std::string host) : name_(std::move(name)), host_(std::move(host)) {}

Platform::~Platform() = default;

void Platform::AddSession(Session& session) {
  sessions_.push_back(&session);
  const auto& facts = session.device_facts();
  for (uint32_t i = 0; i < facts.size(); ++i)
    devices_.push_back(std::make_unique<Device>(*this, session, DeviceId{i + 1, 0}, facts[i]));
}

void Platform::Complete(bool merged) {
  std::string extensions;
  for (const Session* session : sessions_) {
    const OwnedFacts& facts = session->platform_facts();
    const std::string version = FactText(facts, CL_PLATFORM_VERSION);
    const std::string profile = FactText(facts, CL_PLATFORM_PROFILE);
    const cl_ulong resolution = FactOr<cl_ulong>(facts, CL_PLATFORM_HOST_TIMER_RESOLUTION, 0);
    if (session == sessions_.front()) {
      version_ = version;
      profile_ = profile;
      vendor_ = merged ? "clOpenCL" : FactText(facts, CL_PLATFORM_VENDOR);
      extensions = FactText(facts, CL_PLATFORM_EXTENSIONS);
      timer_resolution_ = resolution;
    } else {
      // What holds for all: "OpenCL 1.2 x" < "OpenCL 3.0 y" as text, too.
      version_ = std::min(version_, version);
      if (profile != "FULL_PROFILE") profile_ = profile;
      extensions = CommonWords(extensions, FactText(facts, CL_PLATFORM_EXTENSIONS));
      timer_resolution_ = std::max(timer_resolution_, resolution);
    }
  }
  unsigned major = 1, minor = 0;
  std::sscanf(version_.c_str(), "OpenCL %u.%u", &major, &minor);
  numeric_version_ = CL_MAKE_VERSION(major, minor, 0);
  if (merged) version_ = "OpenCL " + std::to_string(major) + "." + std::to_string(minor) + " clOpenCL";
  // Every device forwards these through the platform, whatever the native platform lists.
  extensions_text_ = FilterExtensions(extensions, std::string("cl_khr_icd ") + kOwnExtensions);
  for (std::string_view name : SplitWords(extensions_text_))
    extension_versions_.push_back(NameVersion(std::string(name).c_str(), ExtensionVersion(name)));
}

// The lowest that one of the native platforms tells.
cl_version Platform::ExtensionVersion(std::string_view name) const {
  cl_version lowest = 0;
  for (const Session* session : sessions_) {
    const OwnedFact* fact = FindFact(session->platform_facts(), CL_PLATFORM_EXTENSIONS_WITH_VERSION);
    if (fact == nullptr) continue;
    const auto* entries = reinterpret_cast<const cl_name_version*>(fact->value.data());
    for (size_t i = 0; i < fact->value.size() / sizeof(cl_name_version); ++i) {
      if (name == entries[i].name && (lowest == 0 || entries[i].version < lowest))
        lowest = entries[i].version;
    }
  }
  return lowest == 0 ? CL_MAKE_VERSION(1, 0, 0) : lowest;
}

}  // namespace clopencl::frontend
