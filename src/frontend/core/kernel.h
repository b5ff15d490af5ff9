// Kernels and their arguments. Arguments stay here until a launch carries those that changed.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/wire/messages/enqueue.h"
#include "frontend/core/mem.h"
#include "frontend/core/program.h"
#include "frontend/core/sampler.h"
#include "frontend/object.h"

namespace clopencl::frontend {

// One argument as it was set. Memory objects are named, not held: a kernel holds no references to its
// arguments (OpenCL 3.0, clSetKernelArg), so a launch looks them up again.
struct ArgValue {
  bool set = false;
  wire::ArgKind kind{};
  uint64_t word = 0;
  uint32_t size = 0;  // Of a value.
  std::array<std::byte, 16> small{};
  std::vector<std::byte> large;  // Values above 16 bytes.
  uint64_t version = 0;          // Of the last change, from a counter of the kernel.

  std::span<const std::byte> bytes() const {
    return size <= small.size() ? std::span<const std::byte>(small.data(), size)
                                : std::span<const std::byte>(large);
  }
};

class Kernel : public ObjectOf<Kernel, cl_kernel, ObjectTag::kKernel> {
 public:
  Kernel(Program& program, std::shared_ptr<const KernelInfo> info);
  ~Kernel();

  KernelId id() const { return id_; }
  Program& program() const { return *program_; }
  Context& context() const { return program_->context(); }
  const KernelInfo& info() const { return *info_; }
  std::shared_ptr<const KernelInfo> shared_info() const { return info_; }

  // clSetKernelArg and clSetKernelArgSVMPointer; clCloneKernel.
  void SetArg(cl_uint index, size_t size, const void* value);
  void SetArgSvm(cl_uint index, const void* pointer);
  void CopyArgsFrom(const Kernel& other);
  // clSetKernelExecInfo.
  void SetExecInfo(cl_uint param, std::span<const std::byte> value);

  const std::vector<ArgValue>& args() const { return args_; }
  bool AllArgsSet() const;
  // Bytes of local memory that arguments ask for.
  size_t local_arg_bytes() const;

  // Makes the kernel known to the server. Under the command mutex.
  void EnsureOn(Session& session);

  // What a launch on `session` has to carry, and from then on need not again. The pointers in it stay valid
  // until the next call. Under the command mutex; the caller prevents SetArg (OpenCL forbids both at once on
  // one kernel).
  struct Changes {
    std::vector<wire::KernelArg> args;
    std::vector<wire::KernelExecInfo> exec_info;
  };
  const Changes& TakeChanges(Session& session);
  // All arguments, whatever the session was told.
  const Changes& TakeAll(Session& session);
  // The session has other arguments than it was told last: the next launch has to carry all.
  void ForgetTaken(Session& session) { Sent(session) = 0; }

 private:
  enum class ArgClass : uint8_t { kValue, kLocal, kMemory, kSampler, kQueue, kUnknown };

  // What the kernel says of a parameter, as far as setting its argument depends on it.
  struct Parameter {
    ArgClass arg_class = ArgClass::kUnknown;
    bool is_image = false;
    bool reads_image = false;   // Only.
    bool writes_image = false;  // Only.
    bool only_reads = false;    // Any memory object.
    uint32_t value_size = 0;    // 0: any.
  };

  static ArgClass Classify(const KernelArgInfo& arg, bool has_info);
  static Parameter Describe(const KernelArgInfo& arg, bool has_info);
  void SetValue(ArgValue& arg, size_t size, const void* value);
  void SetWord(ArgValue& arg, wire::ArgKind kind, uint64_t word);
  void SetMemory(ArgValue& arg, const Parameter& parameter, size_t size, const void* value);
  // Nothing tells a handle from a number here, except that it is one of ours.
  void SetUnknown(ArgValue& arg, size_t size, const void* value);

  // The version that the session has.
  uint64_t& Sent(Session& session);

  struct ExecInfo {
    cl_uint param = 0;
    std::vector<std::byte> value;
    uint64_t version = 0;
  };

  const Ref<Program> program_;
  const std::shared_ptr<const KernelInfo> info_;
  KernelId id_;
  SessionSet known_;
  std::vector<Parameter> parameters_;
  std::vector<ArgValue> args_;
  std::vector<ExecInfo> exec_info_;
  uint64_t version_ = 0;
  // The version each session has, for the few sessions a kernel runs on.
  std::vector<std::pair<size_t, uint64_t>> sent_;
  Changes changes_;
};

}  // namespace clopencl::frontend
