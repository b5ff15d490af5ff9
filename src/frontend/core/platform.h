// A platform as the application sees it: the devices of one native platform on one host, whichever rank
// servers serve them; or, merged, all devices of the job.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/object.h"
#include "frontend/session.h"

namespace clopencl::frontend {

class Device;

// Immutable once the runtime is up; thread-safe. Lives as long as the process.
class Platform : public ObjectOf<Platform, cl_platform_id, ObjectTag::kPlatform> {
 public:
  Platform(std::string name, std::string host);
  ~Platform();

  // Sessions whose devices belong here must be ready. Creates the session's devices.
  void AddSession(Session& session);
  // After the last AddSession: derives the platform's answers from what holds for all of its sessions.
  void Complete(bool merged);

  const std::string& name() const { return name_; }
  const std::string& host() const { return host_; }
  const std::string& version() const { return version_; }
  const std::string& profile() const { return profile_; }
  const std::string& vendor() const { return vendor_; }
  const std::string& extensions() const { return extensions_text_; }
  cl_version numeric_version() const { return numeric_version_; }
  const std::vector<cl_name_version>& extension_versions() const { return extension_versions_; }
  cl_ulong timer_resolution() const { return timer_resolution_; }
  const std::vector<Session*>& sessions() const { return sessions_; }
  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }

 private:
  cl_version ExtensionVersion(std::string_view name) const;

  const std::string name_;
  const std::string host_;
  std::string version_;
  std::string profile_;
  std::string vendor_;
  std::string extensions_text_;
  cl_version numeric_version_ = 0;
  cl_ulong timer_resolution_ = 0;
  std::vector<cl_name_version> extension_versions_;
  std::vector<Session*> sessions_;
  std::vector<std::unique_ptr<Device>> devices_;
};

}  // namespace clopencl::frontend
