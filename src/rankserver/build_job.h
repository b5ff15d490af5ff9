// Builds, compilations and links of programs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rankserver/program_facts.h"
#include "rankserver/program_jobs.h"

namespace clopencl::rankserver {

std::vector<ProgramDevice> ToProgramDevices(const std::vector<std::shared_ptr<Device>>& devices);
std::vector<cl_device_id> Natives(const std::vector<ProgramDevice>& devices);

// The program's devices that are parts of the chosen ones without being chosen.
std::vector<ProgramDevice> PartsOf(const std::vector<ProgramDevice>& chosen, const Program& program);

class BuildJob final : public ProgramJob {
 public:
  enum class Kind { kBuild, kCompile, kLink };

  BuildJob(const NativeApi& native_api, Kind kind, uint32_t request)
      : api_(native_api), kind_(kind), request_(request) {}

  void Work() override;
  void Done(Channel& channel) override;

  cl_program native = nullptr;
  cl_context context = nullptr;     // Of a link.
  std::shared_ptr<Program> result;  // What is built, compiled, or linked.
  std::vector<ProgramDevice> devices;
  std::vector<ProgramDevice> parts;  // Sub-devices of these, which some native runtimes build for as well.
  bool all_devices = false;
  std::string options;
  bool wants_arg_info = false;
  bool long_names = false;
  std::vector<std::shared_ptr<Program>> inputs;  // Of a link; headers of a compilation.
  std::vector<std::string> header_names;

 private:
  std::vector<ProgramDevice> Concerned() const;
  std::shared_ptr<const Compilation> AsCompilation() const;
  bool HeadersKeepNothing() const;
  cl_int Run(const std::string& all_options);
  cl_int Link();
  bool CompileInputsAnew();

  const NativeApi& api_;
  const Kind kind_;
  const uint32_t request_;
  cl_int status_ = CL_SUCCESS;
  bool has_arg_info_ = false;
  Owned<cl_program> linked_;
  std::vector<std::shared_ptr<Program>> compiled_anew_;
  ProgramReport report_;
};

}  // namespace clopencl::rankserver
