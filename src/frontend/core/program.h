// Programs: their source, binaries or IL, and what builds told about them.
//
// A build runs on all servers of the program's devices at once; its state here is complete when the last has
// answered.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/wire/messages/program.h"
#include "frontend/core/context.h"
#include "frontend/object.h"
#include "frontend/session_set.h"

namespace clopencl::frontend {

struct KernelArgInfo {
  cl_kernel_arg_address_qualifier address = 0;
  cl_kernel_arg_access_qualifier access = 0;
  cl_kernel_arg_type_qualifier type_qualifier = 0;
  std::string type_name;
  std::string name;
  uint32_t value_size = 0;  // Of an argument by value; 0: any.
};

// What is known of a kernel of a built program.
struct KernelInfo {
  std::string name;
  std::string attributes;
  bool has_arg_info = false;
  std::vector<KernelArgInfo> args;
  struct OnDevice {
    OnDevice(Device* on, OwnedFacts facts);

    Device* device = nullptr;
    OwnedFacts work_group;
    // Of these facts: the size of work-groups that the kernel demands (zeros: none), and the largest.
    std::array<size_t, 3> required_size{};
    size_t max_size = 0;
  };
  std::vector<OnDevice> devices;

  const OnDevice* Find(const Device& device) const;
};

struct ProgramOnDevice {
  Ref<Device> device;
  cl_build_status status = CL_BUILD_NONE;
  std::string options;
  std::string log;
  cl_program_binary_type binary_type = CL_PROGRAM_BINARY_TYPE_NONE;
  size_t global_variable_total_size = 0;
};

class Program : public ObjectOf<Program, cl_program, ObjectTag::kProgram> {
 public:
  enum class Origin { kSource, kIl, kBinary, kBuiltIn, kLinked };

  Program(Context& context, Origin origin, std::vector<Ref<Device>> devices, std::string source_or_names,
          std::vector<std::byte> il);
  ~Program();

  ProgramId id() const { return id_; }
  Context& context() const { return *context_; }
  Origin origin() const { return origin_; }
  const std::string& source() const { return source_; }
  const std::vector<std::byte>& il() const { return il_; }
  bool HasDevice(const Device& device) const;
  std::vector<Session*> sessions() const;

  // A copy of the state per device, in the order of the program's devices.
  std::vector<ProgramOnDevice> devices() const;
  ProgramOnDevice OnDevice(const Device& device) const;
  // It was created from a binary for the device.
  void SetBinaryType(const Device& device, cl_program_binary_type type);

  // Kernels of the last successful build, shared so that they outlive a rebuild. Empty before.
  std::vector<std::shared_ptr<const KernelInfo>> kernels() const;
  std::string kernel_names() const;
  // Whether a build has succeeded for some device.
  bool built() const;

  // Makes the program known to the server. Under the command mutex.
  void EnsureOn(Session& session);
  void MarkKnownOn(Session& session) { known_.Add(session.index()); }

  // CL_INVALID_OPERATION while a build runs or kernels are attached. Then marks the build as running for
  // `devices`.
  void BeginBuild(const std::vector<Device*>& devices, const std::string& options, bool needs_no_kernels);
  // The answer of one server, and the end of it all: status as clBuildProgram returns it.
  void TakeBuilt(const Session& session, const wire::ProgramBuilt* built);
  void EndBuild();
  cl_int build_result() const { return build_result_.load(); }

  // Whether the application asked for argument information (-cl-kernel-arg-info); the server always does.
  bool shows_arg_info() const { return shows_arg_info_.load(); }
  void ShowArgInfo() { shows_arg_info_.store(true); }

  void AddKernel() { kernels_alive_.fetch_add(1); }
  void RemoveKernel() { kernels_alive_.fetch_sub(1); }
  bool has_kernels() const { return kernels_alive_.load() != 0; }

  void SetSpecConstant(cl_uint spec_id, std::span<const std::byte> value);

 private:
  ProgramOnDevice* Find(const Device& device);

  const Ref<Context> context_;
  const Origin origin_;
  const std::string source_;  // Or the names of built-in kernels.
  const std::vector<std::byte> il_;
  ProgramId id_;
  SessionSet known_;                                                        // Under the command mutex.
  std::vector<std::pair<cl_uint, std::vector<std::byte>>> spec_constants_;  // Likewise.

  mutable std::mutex mutex_;  // All below.
  std::vector<ProgramOnDevice> devices_;
  std::vector<std::shared_ptr<const KernelInfo>> kernels_;
  std::vector<std::shared_ptr<KernelInfo>> building_kernels_;
  std::vector<Device*> building_devices_;
  std::string building_options_;
  std::string kernel_names_;
  bool building_ = false;
  std::atomic<cl_int> build_result_{CL_SUCCESS};
  std::atomic<uint32_t> kernels_alive_{0};
  std::atomic<bool> shows_arg_info_{false};
};

}  // namespace clopencl::frontend
