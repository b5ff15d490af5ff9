// Programs and kernels.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "rankserver/build_job.h"
#include "rankserver/program_facts.h"
#include "rankserver/program_jobs.h"

namespace clopencl::rankserver {
namespace {

class BinaryJob final : public ProgramJob {
 public:
  BinaryJob(const NativeApi& native_api, uint32_t request) : api_(native_api), request_(request) {}

  void Work() override {
    const std::vector<cl_device_id> natives = Natives(devices);
    std::vector<const unsigned char*> pointers;
    std::vector<size_t> sizes;
    for (const std::vector<unsigned char>& binary : binaries) {
      pointers.push_back(binary.data());
      sizes.push_back(binary.size());
    }
    binary_status_.assign(natives.size(), CL_INVALID_VALUE);
    binary_types_.assign(natives.size(), CL_PROGRAM_BINARY_TYPE_NONE);
    made_ = Owned<cl_program>(
        api_, api_.CreateProgramWithBinary(context, static_cast<cl_uint>(natives.size()), natives.data(),
                                           sizes.data(), pointers.data(), binary_status_.data(), &status_));
    for (size_t i = 0; made_ && i < natives.size(); ++i) {
      binary_types_[i] = CL_PROGRAM_BINARY_TYPE_EXECUTABLE;  // Where it can't be asked for.
      api_.GetProgramBuildInfo(made_.get(), natives[i], CL_PROGRAM_BINARY_TYPE, sizeof binary_types_[i],
                               &binary_types_[i], nullptr);
    }
  }

  void Done(Channel& channel) override {
    result->error = status_;
    result->native = std::move(made_);
    channel.Send(wire::ProgramCreated{request_, status_, binary_status_, binary_types_});
  }

  cl_context context = nullptr;
  std::shared_ptr<Program> result;
  std::vector<ProgramDevice> devices;
  std::vector<std::vector<unsigned char>> binaries;

 private:
  const NativeApi& api_;
  const uint32_t request_;
  cl_int status_ = CL_SUCCESS;
  std::vector<cl_int> binary_status_;
  std::vector<uint32_t> binary_types_;
  Owned<cl_program> made_;
};

class GetBinariesJob final : public ProgramJob {
 public:
  GetBinariesJob(const NativeApi& native_api, uint32_t request, cl_program native)
      : api_(native_api), request_(request), native_(native) {}

  void Work() override { status_ = GetBinaries(api_, native_, binaries_); }

  void Done(Channel& channel) override {
    std::vector<wire::ByteView> views;
    if (status_ == CL_SUCCESS) views.assign(binaries_.begin(), binaries_.end());
    channel.Send(wire::ProgramBinaries{request_, status_, views});
  }

 private:
  const NativeApi& api_;
  const uint32_t request_;
  const cl_program native_;
  cl_int status_ = CL_SUCCESS;
  std::vector<std::vector<std::byte>> binaries_;
};

bool MayPrint(std::string_view source) { return source.find("printf") != std::string_view::npos; }

}  // namespace

void Channel::On(const wire::CreateProgramWithSource& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  auto program = std::make_shared<Program>();
  if (context != nullptr) {
    const char* text = m.source.empty() ? "" : m.source.data();  // Of no length means up to the zero.
    const size_t size = m.source.size();
    program->context = *context;
    program->devices = (*context)->devices;
    program->wants_arg_info = true;
    program->long_names = HasLongName(m.source);
    program->native = Owned<cl_program>(
        api(), api().CreateProgramWithSource((*context)->native.get(), 1, &text, &size, &status));
    if (MayPrint(m.source)) environment_.output.Expect();
  }
  Keep(programs, m.program, status, std::move(program));
}

void Channel::On(const wire::CreateProgramWithIl& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  auto program = std::make_shared<Program>();
  if (context != nullptr && api().CreateProgramWithIL == nullptr) status = CL_INVALID_OPERATION;
  if (status == CL_SUCCESS) {
    program->context = *context;
    program->devices = (*context)->devices;
    program->native = Owned<cl_program>(
        api(), api().CreateProgramWithIL((*context)->native.get(), m.il.data(), m.il.size(), &status));
    environment_.output.Expect();
  }
  Keep(programs, m.program, status, std::move(program));
}

cl_int Channel::FindDevices(std::span<const DeviceId> ids, std::vector<std::shared_ptr<Device>>& found) {
  for (const DeviceId id : ids) {
    cl_int status = CL_SUCCESS;
    const std::shared_ptr<Device>* device = devices.Find(id, status);
    if (device == nullptr) return status;
    found.push_back(*device);
  }
  return CL_SUCCESS;
}

void Channel::On(const wire::CreateProgramWithBuiltInKernels& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  auto program = std::make_shared<Program>();
  if (context != nullptr) status = FindDevices(m.devices, program->devices);
  if (status == CL_SUCCESS) {
    const std::vector<cl_device_id> natives = Natives(ToProgramDevices(program->devices));
    program->context = *context;
    program->native = Owned<cl_program>(
        api(),
        api().CreateProgramWithBuiltInKernels((*context)->native.get(), static_cast<cl_uint>(natives.size()),
                                              natives.data(), std::string(m.names).c_str(), &status));
    environment_.output.Expect();
  }
  Keep(programs, m.program, status, std::move(program));
}

void Channel::On(const wire::CreateProgramWithBinary& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  auto program = std::make_shared<Program>();
  if (context != nullptr) status = FindDevices(m.devices, program->devices);
  if (status == CL_SUCCESS && (m.devices.size() != m.binaries.size() || m.devices.empty()))
    status = CL_INVALID_VALUE;
  if (status != CL_SUCCESS) {
    programs.InsertError(m.program, status);
    return Send(wire::ProgramCreated{m.request, status, {}, {}});
  }
  program->context = *context;
  environment_.output.Expect();
  programs.Insert(m.program, program);
  auto job = std::make_unique<BinaryJob>(api(), m.request);
  job->context = (*context)->native.get();
  job->result = program;
  job->devices = ToProgramDevices(program->devices);
  for (const wire::ByteView binary : m.binaries) {
    const auto* first = reinterpret_cast<const unsigned char*>(binary.data());
    job->binaries.emplace_back(first, first + binary.size());
    const std::string_view text(reinterpret_cast<const char*>(binary.data()), binary.size());
    program->long_names = program->long_names || HasLongName(text);
  }
  job->programs = {program};
  StartJob(std::move(job));
}

void Channel::On(const wire::SetSpecializationConstant& m) {
  const std::shared_ptr<Program>* found = programs.Find(m.program);
  if (found == nullptr) return;
  WhenFree({*found}, m, [this, program = *found](const wire::SetSpecializationConstant& message) {
    cl_int status = program->error;
    if (status == CL_SUCCESS && api().SetProgramSpecializationConstant == nullptr)
      status = CL_INVALID_OPERATION;
    if (status == CL_SUCCESS) {
      status = api().SetProgramSpecializationConstant(program->native.get(), message.spec_id,
                                                      message.value.size(), message.value.data());
    }
    // Nobody waits for an answer: the next build tells.
    if (status != CL_SUCCESS && program->constant_error == CL_SUCCESS) program->constant_error = status;
  });
}

// The devices of a build, and whether these are all of the program's.
cl_int Channel::BuildDevices(std::span<const DeviceId> ids, const Program& program,
                             std::vector<ProgramDevice>& chosen) {
  std::vector<std::shared_ptr<Device>> found;
  const cl_int status = FindDevices(ids, found);
  chosen = ToProgramDevices(ids.empty() ? program.devices : found);
  return status;
}

void Channel::On(const wire::BuildProgram& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Program>* found = programs.Find(m.program, status);
  if (found == nullptr) return Send(wire::ProgramBuilt{m.request, status, {}, {}, {}});
  WhenFree({*found}, m, [this, program = *found](const wire::BuildProgram& message) {
    auto job = std::make_unique<BuildJob>(api(), BuildJob::Kind::kBuild, message.request);
    cl_int error =
        program->error != CL_SUCCESS ? program->error : std::exchange(program->constant_error, CL_SUCCESS);
    if (error == CL_SUCCESS) error = BuildDevices(message.devices, *program, job->devices);
    if (error != CL_SUCCESS) return Send(wire::ProgramBuilt{message.request, error, {}, {}, {}});
    job->native = program->native.get();
    job->result = program;
    job->parts = PartsOf(job->devices, *program);
    job->all_devices = message.devices.empty();
    job->options = message.options;
    job->wants_arg_info = program->wants_arg_info;
    job->long_names = program->long_names;
    job->programs = {program};
    StartJob(std::move(job));
  });
}

cl_int Channel::FindPrograms(std::span<const ProgramId> ids, std::vector<std::shared_ptr<Program>>& found) {
  for (const ProgramId id : ids) {
    cl_int status = CL_SUCCESS;
    const std::shared_ptr<Program>* program = programs.Find(id, status);
    if (program == nullptr) return status;
    found.push_back(*program);
  }
  return CL_SUCCESS;
}

void Channel::On(const wire::CompileProgram& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Program>* found = programs.Find(m.program, status);
  std::vector<std::shared_ptr<Program>> headers;
  if (found != nullptr) status = FindPrograms(m.headers, headers);
  if (status == CL_SUCCESS && m.headers.size() != m.header_names.size()) status = CL_INVALID_VALUE;
  if (status != CL_SUCCESS) return Send(wire::ProgramBuilt{m.request, status, {}, {}, {}});
  std::vector<std::shared_ptr<Program>> needs = headers;
  needs.push_back(*found);
  WhenFree(std::move(needs), m, [this, program = *found, headers](const wire::CompileProgram& message) {
    auto job = std::make_unique<BuildJob>(api(), BuildJob::Kind::kCompile, message.request);
    cl_int error = program->error;
    if (error == CL_SUCCESS) error = BuildDevices(message.devices, *program, job->devices);
    for (const auto& header : headers) {
      if (header->error != CL_SUCCESS) error = header->error;
      program->long_names = program->long_names || header->long_names;
    }
    if (error != CL_SUCCESS) return Send(wire::ProgramBuilt{message.request, error, {}, {}, {}});
    job->native = program->native.get();
    job->result = program;
    job->parts = PartsOf(job->devices, *program);
    job->all_devices = message.devices.empty();
    job->options = message.options;
    job->wants_arg_info = program->wants_arg_info;
    job->inputs = headers;
    job->header_names.assign(message.header_names.begin(), message.header_names.end());
    job->programs = headers;
    job->programs.push_back(program);
    StartJob(std::move(job));
  });
}

void Channel::On(const wire::LinkProgram& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  std::vector<std::shared_ptr<Program>> inputs;
  if (context != nullptr) status = FindPrograms(m.inputs, inputs);
  auto result = std::make_shared<Program>();
  if (status == CL_SUCCESS) {
    status = m.devices.empty() ? CL_SUCCESS : FindDevices(m.devices, result->devices);
    if (m.devices.empty()) result->devices = (*context)->devices;
  }
  if (status != CL_SUCCESS) {
    programs.InsertError(m.program, status);
    return Send(wire::ProgramBuilt{m.request, status, {}, {}, {}});
  }
  result->context = *context;
  programs.Insert(m.program, result);
  std::vector<std::shared_ptr<Program>> needs = inputs;
  needs.push_back(result);
  // What comes for the new program waits for the link, also while that waits itself.
  WhenFree(std::move(needs), m, [this, result, inputs](const wire::LinkProgram& message) {
    auto job = std::make_unique<BuildJob>(api(), BuildJob::Kind::kLink, message.request);
    cl_int error = CL_SUCCESS;
    for (const auto& input : inputs) {
      if (input->error != CL_SUCCESS) error = input->error;
      result->long_names = result->long_names || input->long_names;
    }
    job->long_names = result->long_names;
    if (error != CL_SUCCESS) {
      result->error = error;
      return Send(wire::ProgramBuilt{message.request, error, {}, {}, {}});
    }
    job->context = result->context->native.get();
    job->result = result;
    job->inputs = inputs;
    job->devices = ToProgramDevices(result->devices);
    job->all_devices = message.devices.empty();
    job->options = message.options;
    job->programs = inputs;
    job->programs.push_back(result);
    StartJob(std::move(job));
  });
}

void Channel::On(const wire::GetProgramBinaries& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Program>* found = programs.Find(m.program, status);
  if (found == nullptr) return Send(wire::ProgramBinaries{m.request, status, {}});
  WhenFree({*found}, m, [this, program = *found](const wire::GetProgramBinaries& message) {
    if (program->error != CL_SUCCESS) return Send(wire::ProgramBinaries{message.request, program->error, {}});
    auto job = std::make_unique<GetBinariesJob>(api(), message.request, program->native.get());
    job->programs = {program};
    StartJob(std::move(job));
  });
}

void Channel::On(const wire::UnloadCompiler&) { api().UnloadPlatformCompiler(platform_.native); }

void Channel::On(const wire::CreateKernel& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Program>* found = programs.Find(m.program, status);
  if (found == nullptr) return kernels.InsertError(m.kernel, status);
  auto kernel = std::make_shared<Kernel>();
  kernel->program = *found;
  kernels.Insert(m.kernel, kernel);
  WhenFree({*found}, m, [this, kernel](const wire::CreateKernel& message) {
    kernel->error = kernel->program->error;
    if (kernel->error != CL_SUCCESS) return;
    kernel->native = Owned<cl_kernel>(
        api(),
        api().CreateKernel(kernel->program->native.get(), std::string(message.name).c_str(), &kernel->error));
  });
}

}  // namespace clopencl::rankserver
