// What a program says about itself once it was built. Asked by a worker thread, sent by the event loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/wire/messages/program.h"
#include "rankserver/facts.h"

namespace clopencl::rankserver {

struct ProgramDevice {
  cl_device_id native = nullptr;
  DeviceId id;
};

// A ProgramBuilt with the memory behind it.
class ProgramReport {
 public:
  ProgramReport() = default;
  ProgramReport(const ProgramReport&) = delete;
  ProgramReport& operator=(const ProgramReport&) = delete;

  // `status`: what the native call returned. `executable`: kernels are looked at, too, if there are any.
  // `long_names`: HasLongName() of what it was made from.
  void Collect(const NativeApi& api, cl_program program, const std::vector<ProgramDevice>& devices,
               cl_int status, bool executable, bool long_names);

  // Views into this object.
  wire::ProgramBuilt Message(uint32_t request) const;

 private:
  struct Argument {
    wire::KernelArgFacts facts;
    std::string type_name;
    std::string name;
  };
  struct Kernel {
    std::string name;
    std::string attributes;
    bool has_arg_info = false;
    std::vector<Argument> arguments;
    std::vector<FactList> work_group;
    std::vector<wire::KernelArgFacts> argument_views;
    std::vector<wire::KernelDeviceFacts> device_views;
  };

  void CollectDevices(const NativeApi& api, cl_program program, const std::vector<ProgramDevice>& devices);
  void CollectKernel(const NativeApi& api, cl_kernel native, const std::vector<ProgramDevice>& devices);
  static Argument CollectArgument(const NativeApi& api, cl_kernel native, cl_uint index);
  // Where the native runtime tells nothing: an argument takes what it is. Sets it.
  static Argument TryArgument(const NativeApi& api, cl_kernel native, cl_uint index);

  cl_int status_ = CL_SUCCESS;
  std::string kernel_names_;
  std::vector<std::string> logs_;
  std::vector<wire::ProgramDeviceFacts> devices_;
  std::vector<Kernel> kernels_;
  std::vector<wire::KernelFacts> kernel_views_;
};

// The program's binaries by device, empty where there is none. CL_SUCCESS, or the error of a query.
cl_int GetBinaries(const NativeApi& api, cl_program program, std::vector<std::vector<std::byte>>& binaries);

// Whether a name in the source or binary is so long that NVIDIA's runtime, asked for the kernels of the
// program, would write beyond its memory: it does with 480 letters, and does not with 256.
bool HasLongName(std::string_view text);
// The kernels of a program in NVIDIA's intermediate language, separated as CL_PROGRAM_KERNEL_NAMES has them;
// empty when the text is something else.
std::string KernelNamesInPtx(std::string_view text);

// The size that the type name of an argument suggests ("uint4": 16), 0 when it suggests none.
size_t SizeOfTypeName(std::string_view name);

}  // namespace clopencl::rankserver
