#include "rankserver/build_job.h"

#include <algorithm>
#include <utility>

namespace clopencl::rankserver {
namespace {

constexpr char kArgInfo[] = " -cl-kernel-arg-info";

// Native functions are given the devices only where the program named them.
struct DeviceList {
  DeviceList(const std::vector<cl_device_id>& devices, bool all)
      : count(all ? 0 : static_cast<cl_uint>(devices.size())), data(all ? nullptr : devices.data()) {}
  cl_uint count;
  const cl_device_id* data;
};

std::vector<cl_program> NativesOf(const std::vector<std::shared_ptr<Program>>& programs) {
  std::vector<cl_program> natives;
  for (const auto& program : programs) natives.push_back(program->native.get());
  return natives;
}

cl_int Compile(const NativeApi& api, cl_program program, const Compilation& how, const std::string& options) {
  const DeviceList list(how.devices, how.all_devices);
  const std::vector<cl_program> headers = NativesOf(how.headers);
  std::vector<const char*> names;
  for (const std::string& name : how.header_names) names.push_back(name.c_str());
  return api.CompileProgram(program, list.count, list.data, options.c_str(),
                            static_cast<cl_uint>(headers.size()), headers.empty() ? nullptr : headers.data(),
                            names.empty() ? nullptr : names.data(), nullptr, nullptr);
}

}  // namespace

std::vector<ProgramDevice> ToProgramDevices(const std::vector<std::shared_ptr<Device>>& devices) {
  std::vector<ProgramDevice> list;
  for (const auto& device : devices) list.push_back({device->native, device->id});
  return list;
}

std::vector<cl_device_id> Natives(const std::vector<ProgramDevice>& devices) {
  std::vector<cl_device_id> natives;
  for (const ProgramDevice& device : devices) natives.push_back(device.native);
  return natives;
}

// The program's devices that are parts of the chosen ones without being chosen.
std::vector<ProgramDevice> PartsOf(const std::vector<ProgramDevice>& chosen, const Program& program) {
  const auto is_chosen = [&](const Device& device) {
    return std::any_of(chosen.begin(), chosen.end(),
                       [&](const ProgramDevice& other) { return other.id == device.id; });
  };
  std::vector<ProgramDevice> parts;
  for (const auto& device : program.devices) {
    if (is_chosen(*device)) continue;
    for (const Device* above = device->parent.get(); above != nullptr; above = above->parent.get()) {
      if (!is_chosen(*above)) continue;
      parts.push_back({device->native, device->id});
      break;
    }
  }
  return parts;
}

void BuildJob::Work() {
  if (kind_ == Kind::kLink) {
    status_ = Link();
    if (status_ != CL_SUCCESS && CompileInputsAnew()) status_ = Link();
    native = linked_.get();
  } else {
    status_ = Run(options + (wants_arg_info ? kArgInfo : ""));
    has_arg_info_ = wants_arg_info && status_ == CL_SUCCESS;
    // Not every compiler knows that option, and NVIDIA's fails with it over kernels without arguments.
    if (wants_arg_info && !has_arg_info_) status_ = Run(options);
  }
  report_.Collect(api_, native, Concerned(), status_, kind_ != Kind::kCompile, long_names);
}

void BuildJob::Done(Channel& channel) {
  if (kind_ == Kind::kLink) {
    result->error = linked_ ? CL_SUCCESS : status_ != CL_SUCCESS ? status_ : CL_INVALID_PROGRAM;
    result->native = std::move(linked_);
    for (const auto& input : compiled_anew_) input->with_arg_info = nullptr;
  } else {
    result->with_arg_info = nullptr;
    if (kind_ == Kind::kCompile && has_arg_info_ && HeadersKeepNothing())
      result->with_arg_info = AsCompilation();
  }
  channel.Send(report_.Message(request_));
}

std::vector<ProgramDevice> BuildJob::Concerned() const {
  std::vector<ProgramDevice> concerned = devices;
  for (const ProgramDevice& part : parts) {
    cl_build_status status = CL_BUILD_NONE;
    api_.GetProgramBuildInfo(native, part.native, CL_PROGRAM_BUILD_STATUS, sizeof status, &status, nullptr);
    if (status != CL_BUILD_NONE) concerned.push_back(part);
  }
  return concerned;
}

std::shared_ptr<const Compilation> BuildJob::AsCompilation() const {
  return std::make_shared<Compilation>(
      Compilation{Natives(devices), all_devices, options, inputs, header_names});
}

// So programs that are each other's headers do not keep each other for ever.
bool BuildJob::HeadersKeepNothing() const {
  return std::all_of(inputs.begin(), inputs.end(), [this](const auto& header) {
    return header != result && header->with_arg_info == nullptr;
  });
}

cl_int BuildJob::Run(const std::string& all_options) {
  if (kind_ == Kind::kCompile) return Compile(api_, native, *AsCompilation(), all_options);
  const std::vector<cl_device_id> natives = Natives(devices);
  const DeviceList list(natives, all_devices);
  return api_.BuildProgram(native, list.count, list.data, all_options.c_str(), nullptr, nullptr);
}

cl_int BuildJob::Link() {
  const std::vector<cl_device_id> natives = Natives(devices);
  const DeviceList list(natives, all_devices);
  const std::vector<cl_program> objects = NativesOf(inputs);
  cl_int status = CL_SUCCESS;
  linked_ = Owned<cl_program>(api_, api_.LinkProgram(context, list.count, list.data, options.c_str(),
                                                     static_cast<cl_uint>(objects.size()), objects.data(),
                                                     nullptr, nullptr, &status));
  return status;
}

// NVIDIA's linker fails over objects that have a kernel without arguments and were compiled with what tells
// of arguments. Whether anything else will be linked now.
bool BuildJob::CompileInputsAnew() {
  for (const auto& input : inputs) {
    if (input->with_arg_info == nullptr) continue;
    const Compilation& how = *input->with_arg_info;
    if (Compile(api_, input->native.get(), how, how.options) != CL_SUCCESS) return false;
    compiled_anew_.push_back(input);
  }
  return !compiled_anew_.empty();
}

}  // namespace clopencl::rankserver
