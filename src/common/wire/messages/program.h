// Programs and kernels.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/ids.h"
#include "common/wire/codec.h"
#include "common/wire/messages/session.h"

namespace clopencl::wire {

struct CreateProgramWithSource {
  ProgramId program;
  ContextId context;
  std::string_view source;
};

struct CreateProgramWithIl {
  ProgramId program;
  ContextId context;
  ByteView il;
};

struct CreateProgramWithBuiltInKernels {
  ProgramId program;
  ContextId context;
  std::span<const DeviceId> devices;
  std::string_view names;
};

// Called, because the native runtime says at once which binaries it takes. binaries[i] is for devices[i].
// Reply: ProgramCreated.
struct CreateProgramWithBinary {
  uint32_t request = 0;
  ProgramId program;
  ContextId context;
  std::span<const DeviceId> devices;
  std::span<const ByteView> binaries;
};
struct ProgramCreated {
  uint32_t request = 0;
  int32_t status = 0;
  // For each device; the types are CL_PROGRAM_BINARY_TYPE.
  std::span<const int32_t> binary_status;
  std::span<const uint32_t> binary_types;
};

struct SetSpecializationConstant {
  ProgramId program;
  uint32_t spec_id = 0;
  ByteView value;
};

// Build, compile and link run on a worker of the server, never in its event loop. Commands of other programs
// go on meanwhile; messages that use this program wait for it. devices empty: all of the program. Reply:
// ProgramBuilt.
struct BuildProgram {
  uint32_t request = 0;
  ProgramId program;
  std::span<const DeviceId> devices;
  std::string_view options;
};
struct CompileProgram {
  uint32_t request = 0;
  ProgramId program;
  std::span<const DeviceId> devices;
  std::string_view options;
  std::span<const ProgramId> headers;
  std::span<const std::string_view> header_names;
};
struct LinkProgram {
  uint32_t request = 0;
  ProgramId program;  // New. When linking fails natively without a program, its id stays unused.
  ContextId context;
  std::span<const DeviceId> devices;
  std::string_view options;
  std::span<const ProgramId> inputs;
};

struct ProgramDeviceFacts {
  DeviceId device;
  int32_t build_status = 0;
  std::string_view log;
  uint32_t binary_type = 0;
  uint64_t global_variable_total_size = 0;
};

struct KernelArgFacts {
  uint32_t address_qualifier = 0;
  uint32_t access_qualifier = 0;
  uint64_t type_qualifier = 0;
  std::string_view type_name;
  std::string_view name;
  // Bytes of an argument passed by value as the native clSetKernelArg demands; 0: not by value, or any size
  // is taken.
  uint32_t value_size = 0;
};

struct KernelDeviceFacts {
  DeviceId device;
  std::span<const Fact> work_group;  // clGetKernelWorkGroupInfo, by token.
};

struct KernelFacts {
  std::string_view name;
  std::string_view attributes;
  // Whether names and qualifiers in `args` are known; if not, at least the address qualifier is, except that
  // images, samplers and queues pass for values of any size or of a handle's.
  bool has_arg_info = false;
  std::span<const KernelArgFacts> args;
  std::span<const KernelDeviceFacts> devices;
};

struct ProgramBuilt {
  uint32_t request = 0;
  int32_t status = 0;  // What the native call returned.
  std::span<const ProgramDeviceFacts> devices;
  std::span<const KernelFacts> kernels;
  std::string_view kernel_names;  // CL_PROGRAM_KERNEL_NAMES.
};

// Reply: ProgramBinaries, one for each device of the program in its order (empty where there is none).
struct GetProgramBinaries {
  uint32_t request = 0;
  ProgramId program;
};
struct ProgramBinaries {
  uint32_t request = 0;
  int32_t status = 0;
  std::span<const ByteView> binaries;
};

// clUnloadPlatformCompiler.
struct UnloadCompiler {
  uint32_t unused = 0;
};

struct CreateKernel {
  KernelId kernel;
  ProgramId program;
  std::string_view name;
};

}  // namespace clopencl::wire
