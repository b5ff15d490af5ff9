#include "rankserver/program_facts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "rankserver/native_handle.h"

namespace clopencl::rankserver {
namespace {

// The largest argument by value that is looked for; OpenCL asks devices for 1024 bytes in all.
constexpr size_t kMaxValueSize = 4096;

// `query(size, value, size_ret)` as all clGet*Info; empty when it fails.
template <typename Query>
std::string AskText(Query query) {
  size_t size = 0;
  if (query(size_t{0}, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  if (query(size, text.data(), nullptr) != CL_SUCCESS) return {};
  text.resize(std::char_traits<char>::length(text.c_str()));
  return text;
}

bool Takes(const NativeApi& api, cl_kernel kernel, cl_uint index, size_t size) {
  static constexpr std::array<std::byte, kMaxValueSize + 64> kZeros{};
  return api.SetKernelArg(kernel, index, size, kZeros.data()) == CL_SUCCESS;
}

// Native runtimes do not say how large an argument is, but they refuse other sizes.
uint32_t ProbeValueSize(const NativeApi& api, cl_kernel kernel, cl_uint index, size_t guess) {
  if (guess != 0 && Takes(api, kernel, index, guess)) {
    return Takes(api, kernel, index, guess + 1) ? 0 : static_cast<uint32_t>(guess);
  }
  for (size_t size = 1; size <= kMaxValueSize; ++size) {
    if (!Takes(api, kernel, index, size)) continue;
    return Takes(api, kernel, index, size + 1) ? 0 : static_cast<uint32_t>(size);
  }
  return 0;
}

bool IsOpaque(const std::string& type) {
  return type.find("image") != std::string::npos || type.find("sampler_t") != std::string::npos ||
         type.find("pipe") != std::string::npos || type.find("queue_t") != std::string::npos ||
         type.find("event_t") != std::string::npos || type.find("reserve_id_t") != std::string::npos;
}

}  // namespace

size_t SizeOfTypeName(std::string_view name) {
  struct Base {
    std::string_view name;
    size_t size;
  };
  static constexpr Base kBases[] = {
      {"unsigned char", 1}, {"unsigned short", 2}, {"unsigned int", 4}, {"unsigned long", 8},
      {"uchar", 1},         {"ushort", 2},         {"uint", 4},         {"ulong", 8},
      {"char", 1},          {"short", 2},          {"int", 4},          {"long", 8},
      {"half", 2},          {"float", 4},          {"double", 8},       {"bool", 1},
      {"size_t", 8},        {"ptrdiff_t", 8},      {"intptr_t", 8},     {"uintptr_t", 8},
  };
  if (name.starts_with("const ")) name.remove_prefix(6);
  for (const Base& base : kBases) {
    if (!name.starts_with(base.name)) continue;
    const std::string_view rest = name.substr(base.name.size());
    if (rest.empty()) return base.size;
    size_t count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc{} || end != rest.data() + rest.size() || count < 2 || count > 16) continue;
    return base.size * (count == 3 ? 4 : count);
  }
  return 0;
}

cl_int GetBinaries(const NativeApi& api, cl_program program, std::vector<std::vector<std::byte>>& binaries) {
  cl_uint count = 0;
  cl_int status = api.GetProgramInfo(program, CL_PROGRAM_NUM_DEVICES, sizeof count, &count, nullptr);
  if (status != CL_SUCCESS) return status;
  std::vector<size_t> sizes(count);
  status =
      api.GetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, count * sizeof sizes[0], sizes.data(), nullptr);
  if (status != CL_SUCCESS) return status;
  std::vector<unsigned char*> pointers;
  for (const size_t size : sizes) {
    binaries.emplace_back(size);
    pointers.push_back(size == 0 ? nullptr : reinterpret_cast<unsigned char*>(binaries.back().data()));
  }
  return api.GetProgramInfo(program, CL_PROGRAM_BINARIES, count * sizeof pointers[0], pointers.data(),
                            nullptr);
}

namespace {

bool InName(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_'; }

}  // namespace

bool HasLongName(std::string_view text) {
  constexpr int kLong = 256;
  int letters = 0;
  return std::any_of(text.begin(), text.end(), [&](char letter) {
    letters = InName(letter) ? letters + 1 : 0;
    return letters > kLong;
  });
}

std::string KernelNamesInPtx(std::string_view text) {
  constexpr std::string_view kEntry = ".entry ";
  std::string names;
  if (text.find(".version ") == std::string_view::npos) return names;
  for (size_t at = text.find(kEntry); at != std::string_view::npos; at = text.find(kEntry, at)) {
    at += kEntry.size();
    const size_t end =
        std::find_if_not(text.begin() + static_cast<ptrdiff_t>(at), text.end(), InName) - text.begin();
    if (!names.empty()) names += ';';
    names += text.substr(at, end - at);
    at = end;
  }
  return names;
}

namespace {

bool IsNvidias(const NativeApi& api, cl_program program) {
  cl_device_id device = nullptr;
  size_t size = 0;
  if (api.GetProgramInfo(program, CL_PROGRAM_DEVICES, 0, nullptr, &size) != CL_SUCCESS || size == 0)
    return false;
  std::vector<cl_device_id> devices(size / sizeof device);
  if (api.GetProgramInfo(program, CL_PROGRAM_DEVICES, size, devices.data(), nullptr) != CL_SUCCESS)
    return false;
  const std::string vendor = AskText([&](size_t room, void* value, size_t* size_ret) {
    return api.GetDeviceInfo(devices.front(), CL_DEVICE_VENDOR, room, value, size_ret);
  });
  return vendor.find("NVIDIA") != std::string::npos;
}

// PoCL ends the process when it is asked for the binary of a program with long names.
std::string KernelNames(const NativeApi& api, cl_program program, bool long_names) {
  std::vector<std::vector<std::byte>> binaries;
  if (long_names && IsNvidias(api, program) && GetBinaries(api, program, binaries) == CL_SUCCESS) {
    for (const auto& binary : binaries) {
      std::string names = KernelNamesInPtx({reinterpret_cast<const char*>(binary.data()), binary.size()});
      if (!names.empty()) return names;
    }
  }
  return AskText([&](size_t size, void* value, size_t* size_ret) {
    return api.GetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, size, value, size_ret);
  });
}

}  // namespace

void ProgramReport::Collect(const NativeApi& api, cl_program program,
                            const std::vector<ProgramDevice>& devices, cl_int status, bool executable,
                            bool long_names) {
  status_ = status;
  if (program == nullptr) return;
  CollectDevices(api, program, devices);
  if (status != CL_SUCCESS || !executable) return;
  kernel_names_ = KernelNames(api, program, long_names);
  // One by one: clCreateKernelsInProgram does not take long names, either.
  std::vector<Owned<cl_kernel>> natives;
  for (size_t at = 0; at < kernel_names_.size();) {
    const size_t end = std::min(kernel_names_.find(';', at), kernel_names_.size());
    cl_int error = CL_SUCCESS;
    natives.emplace_back(api, api.CreateKernel(program, kernel_names_.substr(at, end - at).c_str(), &error));
    if (error != CL_SUCCESS) return;
    at = end + 1;
  }
  kernels_.reserve(natives.size());
  for (const Owned<cl_kernel>& kernel : natives) CollectKernel(api, kernel.get(), devices);
}

void ProgramReport::CollectDevices(const NativeApi& api, cl_program program,
                                   const std::vector<ProgramDevice>& devices) {
  logs_.reserve(devices.size());
  for (const ProgramDevice& device : devices) {
    const auto ask = [&](cl_program_build_info param, auto& value) {
      api.GetProgramBuildInfo(program, device.native, param, sizeof value, &value, nullptr);
    };
    wire::ProgramDeviceFacts facts;
    facts.device = device.id;
    ask(CL_PROGRAM_BUILD_STATUS, facts.build_status);
    ask(CL_PROGRAM_BINARY_TYPE, facts.binary_type);
    ask(CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE, facts.global_variable_total_size);
    logs_.push_back(AskText([&](size_t size, void* value, size_t* size_ret) {
      return api.GetProgramBuildInfo(program, device.native, CL_PROGRAM_BUILD_LOG, size, value, size_ret);
    }));
    facts.log = logs_.back();
    devices_.push_back(facts);
  }
}

void ProgramReport::CollectKernel(const NativeApi& api, cl_kernel native,
                                  const std::vector<ProgramDevice>& devices) {
  Kernel& kernel = kernels_.emplace_back();
  const auto text = [&](cl_kernel_info param) {
    return AskText([&](size_t size, void* value, size_t* size_ret) {
      return api.GetKernelInfo(native, param, size, value, size_ret);
    });
  };
  kernel.name = text(CL_KERNEL_FUNCTION_NAME);
  kernel.attributes = text(CL_KERNEL_ATTRIBUTES);
  cl_uint count = 0;
  api.GetKernelInfo(native, CL_KERNEL_NUM_ARGS, sizeof count, &count, nullptr);
  cl_kernel_arg_address_qualifier address = 0;
  kernel.has_arg_info = count == 0 || api.GetKernelArgInfo(native, 0, CL_KERNEL_ARG_ADDRESS_QUALIFIER,
                                                           sizeof address, &address, nullptr) == CL_SUCCESS;
  for (cl_uint i = 0; i < count; ++i) {
    kernel.arguments.push_back(kernel.has_arg_info ? CollectArgument(api, native, i)
                                                   : TryArgument(api, native, i));
  }
  for (const ProgramDevice& device : devices)
    kernel.work_group.push_back(WorkGroupFacts(api, native, device.native));

  for (Argument& argument : kernel.arguments) {
    argument.facts.type_name = argument.type_name;
    argument.facts.name = argument.name;
    kernel.argument_views.push_back(argument.facts);
  }
  for (size_t i = 0; i < devices.size(); ++i) {
    kernel.device_views.push_back({devices[i].id, kernel.work_group[i].facts()});
  }
  kernel_views_.push_back(
      {kernel.name, kernel.attributes, kernel.has_arg_info, kernel.argument_views, kernel.device_views});
}

ProgramReport::Argument ProgramReport::CollectArgument(const NativeApi& api, cl_kernel native,
                                                       cl_uint index) {
  Argument argument;
  const auto value = [&](cl_kernel_arg_info param, auto& into) {
    api.GetKernelArgInfo(native, index, param, sizeof into, &into, nullptr);
  };
  const auto text = [&](cl_kernel_arg_info param) {
    return AskText([&](size_t size, void* into, size_t* size_ret) {
      return api.GetKernelArgInfo(native, index, param, size, into, size_ret);
    });
  };
  value(CL_KERNEL_ARG_ADDRESS_QUALIFIER, argument.facts.address_qualifier);
  value(CL_KERNEL_ARG_ACCESS_QUALIFIER, argument.facts.access_qualifier);
  value(CL_KERNEL_ARG_TYPE_QUALIFIER, argument.facts.type_qualifier);
  argument.type_name = text(CL_KERNEL_ARG_TYPE_NAME);
  argument.name = text(CL_KERNEL_ARG_NAME);
  const bool by_value = argument.facts.address_qualifier == CL_KERNEL_ARG_ADDRESS_PRIVATE &&
                        argument.facts.access_qualifier == CL_KERNEL_ARG_ACCESS_NONE &&
                        !IsOpaque(argument.type_name);
  if (by_value) {
    argument.facts.value_size = ProbeValueSize(api, native, index, SizeOfTypeName(argument.type_name));
  }
  return argument;
}

ProgramReport::Argument ProgramReport::TryArgument(const NativeApi& api, cl_kernel native, cl_uint index) {
  Argument argument;
  if (api.SetKernelArg(native, index, sizeof(cl_mem), nullptr) == CL_SUCCESS) {
    const bool takes_null = Takes(api, native, index, sizeof(cl_mem));
    argument.facts.address_qualifier = takes_null ? CL_KERNEL_ARG_ADDRESS_GLOBAL : CL_KERNEL_ARG_ADDRESS_LOCAL;
  } else {
    argument.facts.address_qualifier = CL_KERNEL_ARG_ADDRESS_PRIVATE;
    argument.facts.value_size = ProbeValueSize(api, native, index, 0);
  }
  return argument;
}

wire::ProgramBuilt ProgramReport::Message(uint32_t request) const {
  return {request, status_, devices_, kernel_views_, kernel_names_};
}

}  // namespace clopencl::rankserver
