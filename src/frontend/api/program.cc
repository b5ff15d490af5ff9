#include "frontend/core/program.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "common/log.h"
#include "frontend/api/api.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {
namespace {

std::vector<Ref<Device>> AllDevices(const Context& context) { return context.devices(); }

// A device list as the build functions take it: none means all of `all`.
std::vector<Device*> ReadDevices(cl_uint count, const cl_device_id* handles,
                                 const std::vector<Ref<Device>>& all) {
  Require((count == 0) == (handles == nullptr), CL_INVALID_VALUE);
  std::vector<Device*> devices;
  if (count == 0)
    for (const auto& device : all) devices.push_back(device.get());
  for (cl_uint i = 0; i < count; ++i) {
    Device& device = Get<Device>(handles[i], CL_INVALID_DEVICE);
    Require(std::any_of(all.begin(), all.end(), [&](const auto& known) { return known.get() == &device; }),
            CL_INVALID_DEVICE);
    devices.push_back(&device);
  }
  return devices;
}

std::vector<Ref<Device>> ProgramDevices(const Program& program) {
  std::vector<Ref<Device>> devices;
  for (const auto& state : program.devices()) devices.push_back(state.device);
  return devices;
}

// One build, compile or link over all servers concerned. The last answer ends it: wakes who waits, or has the
// application's callback run.
class BuildJob : public std::enable_shared_from_this<BuildJob> {
 public:
  BuildJob(Program& program, std::vector<Device*> devices, NotifyProgram notify, void* user_data)
      : program_(Ref(program)), devices_(std::move(devices)), notify_(notify), user_data_(user_data) {
    for (Device* device : devices_)
      if (std::find(sessions_.begin(), sessions_.end(), &device->session()) == sessions_.end())
        sessions_.push_back(&device->session());
    missing_ = sessions_.size();
  }

  const std::vector<Session*>& sessions() const { return sessions_; }
  std::vector<DeviceId> DevicesOn(const Session& session) const {
    std::vector<DeviceId> ids;
    for (Device* device : devices_)
      if (&device->session() == &session) ids.push_back(device->id());
    return ids;
  }

  // Under the command mutex.
  template <typename Message>
  void Send(Session& session, const Message& message) {
    session.Call<wire::ProgramBuilt>(message,
                                     [self = shared_from_this(), &session](const wire::ProgramBuilt* built) {
                                       self->program_->TakeBuilt(session, built);
                                       self->Answered();
                                     });
  }

  // Without a callback: waits. No locks held.
  cl_int Run() {
    Runtime& runtime = TheRuntime();
    if (notify_ != nullptr) {
      runtime.FlushAll();
      return CL_SUCCESS;
    }
    runtime.WaitUntil([this] { return done_.load(std::memory_order_acquire); });
    return program_->build_result();
  }

 private:
  void Answered() {
    if (missing_.fetch_sub(1) != 1) return;
    program_->EndBuild();
    done_.store(true, std::memory_order_release);
    if (notify_ == nullptr) return;
    TheRuntime().callbacks().Add(
        [self = shared_from_this()] { self->notify_(self->program_->handle(), self->user_data_); });
    TheRuntime().RemoveOutstanding();
  }

  const Ref<Program> program_;
  const std::vector<Device*> devices_;
  const NotifyProgram notify_;
  void* const user_data_;
  std::vector<Session*> sessions_;
  std::atomic<size_t> missing_{0};
  std::atomic<bool> done_{false};
};

std::shared_ptr<BuildJob> NewJob(Program& program, std::vector<Device*> devices, NotifyProgram notify,
                                 void* data) {
  if (notify != nullptr) TheRuntime().AddOutstanding();
  return std::make_shared<BuildJob>(program, std::move(devices), notify, data);
}

bool TakesIl(const Context& context) {
  return std::any_of(context.devices().begin(), context.devices().end(), [](const auto& device) {
    return !FactText(device->facts(), CL_DEVICE_IL_VERSION).empty();
  });
}

}  // namespace

cl_program CreateProgramWithSource(cl_context handle, cl_uint count, const char** strings,
                                   const size_t* lengths) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  Require(count > 0 && strings != nullptr, CL_INVALID_VALUE);
  std::string source;
  for (cl_uint i = 0; i < count; ++i) {
    Require(strings[i] != nullptr, CL_INVALID_VALUE);
    if (lengths != nullptr && lengths[i] != 0) {
      source.append(strings[i], lengths[i]);
    } else {
      source.append(strings[i]);
    }
  }
  return (new Program(context, Program::Origin::kSource, AllDevices(context), std::move(source), {}))
      ->handle();
}

cl_program CreateProgramWithIL(cl_context handle, const void* il, size_t length) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  constexpr uint32_t kSpirvMagic = 0x07230203;
  Require(il != nullptr && length > 0, CL_INVALID_VALUE);
  Require(TakesIl(context), CL_INVALID_OPERATION);
  Require(length > sizeof kSpirvMagic && std::memcmp(il, &kSpirvMagic, sizeof kSpirvMagic) == 0,
          CL_INVALID_VALUE);
  const auto* bytes = static_cast<const std::byte*>(il);
  return (new Program(context, Program::Origin::kIl, AllDevices(context), {}, {bytes, bytes + length}))
      ->handle();
}

cl_program CreateProgramWithBuiltInKernels(cl_context handle, cl_uint num_devices,
                                           const cl_device_id* devices, const char* names) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  Require(num_devices > 0 && devices != nullptr && names != nullptr, CL_INVALID_VALUE);
  std::vector<Ref<Device>> list;
  for (Device* device : ReadDevices(num_devices, devices, context.devices())) list.emplace_back(device);
  for (const auto& device : list) {
    const std::string known = ";" + FactText(device->facts(), CL_DEVICE_BUILT_IN_KERNELS) + ";";
    std::string_view rest = names;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      Require(known.find(";" + std::string(rest.substr(0, end)) + ";") != std::string::npos,
              CL_INVALID_VALUE);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return (new Program(context, Program::Origin::kBuiltIn, std::move(list), names, {}))->handle();
}

cl_program CreateProgramWithBinary(cl_context handle, cl_uint num_devices, const cl_device_id* devices,
                                   const size_t* lengths, const unsigned char** binaries,
                                   cl_int* binary_status) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  Require(num_devices > 0 && devices != nullptr && lengths != nullptr && binaries != nullptr,
          CL_INVALID_VALUE);
  const std::vector<Device*> list = ReadDevices(num_devices, devices, context.devices());
  bool all_given = true;
  for (cl_uint i = 0; i < num_devices; ++i) {
    const bool given = lengths[i] != 0 && binaries[i] != nullptr;
    if (binary_status != nullptr) binary_status[i] = given ? CL_SUCCESS : CL_INVALID_VALUE;
    all_given = all_given && given;
  }
  Require(all_given, CL_INVALID_VALUE);
  const auto program = Ref<Program>::Adopt(
      new Program(context, Program::Origin::kBinary, {list.begin(), list.end()}, {}, {}));
  cl_int result = CL_SUCCESS;
  for (Session* session : program->sessions()) {
    std::vector<DeviceId> ids;
    std::vector<wire::ByteView> bytes;
    std::vector<cl_uint> indices;
    for (cl_uint i = 0; i < num_devices; ++i) {
      if (&list[i]->session() != session) continue;
      ids.push_back(list[i]->id());
      bytes.push_back(std::as_bytes(std::span(binaries[i], lengths[i])));
      indices.push_back(i);
    }
    {
      std::lock_guard lock(TheRuntime().command_mutex());
      context.EnsureOn(*session);
      program->MarkKnownOn(*session);
    }
    TheRuntime().CallAndWait<wire::ProgramCreated>(
        *session, wire::CreateProgramWithBinary{0, program->id(), context.id(), ids, bytes},
        [&](const wire::ProgramCreated& reply) {
          if (reply.status != CL_SUCCESS) result = reply.status;
          for (size_t i = 0; i < std::min(indices.size(), reply.binary_types.size()); ++i) {
            if (binary_status != nullptr) binary_status[indices[i]] = reply.binary_status[i];
            program->SetBinaryType(*list[indices[i]], reply.binary_types[i]);
          }
        });
  }
  Require(result == CL_SUCCESS, result);
  program->AddReference();  // The application's.
  return program->handle();
}

void RetainProgram(cl_program program) { Get<Program>(program, CL_INVALID_PROGRAM).Retain(); }
void ReleaseProgram(cl_program program) { Get<Program>(program, CL_INVALID_PROGRAM).Release(); }

void BuildProgram(cl_program handle, cl_uint num_devices, const cl_device_id* devices, const char* options,
                  NotifyProgram notify, void* user_data) {
  Program& program = Get<Program>(handle, CL_INVALID_PROGRAM);
  Require(!(notify == nullptr && user_data != nullptr), CL_INVALID_VALUE);
  const auto list = ReadDevices(num_devices, devices, ProgramDevices(program));
  const std::string text = options == nullptr ? "" : options;
  program.BeginBuild(list, text, true);
  const auto job = NewJob(program, list, notify, user_data);
  {
    std::lock_guard lock(TheRuntime().command_mutex());
    for (Session* session : job->sessions()) {
      program.EnsureOn(*session);
      const auto ids = job->DevicesOn(*session);
      job->Send(*session, wire::BuildProgram{0, program.id(), ids, text});
    }
  }
  const cl_int status = job->Run();
  Require(status == CL_SUCCESS, status);
}

void CompileProgram(cl_program handle, cl_uint num_devices, const cl_device_id* devices, const char* options,
                    cl_uint num_headers, const cl_program* headers, const char** names, NotifyProgram notify,
                    void* user_data) {
  Program& program = Get<Program>(handle, CL_INVALID_PROGRAM);
  Require(!(notify == nullptr && user_data != nullptr), CL_INVALID_VALUE);
  Require((num_headers == 0) == (headers == nullptr) && (num_headers == 0) == (names == nullptr),
          CL_INVALID_VALUE);
  const auto list = ReadDevices(num_devices, devices, ProgramDevices(program));
  Require(program.origin() == Program::Origin::kSource || program.origin() == Program::Origin::kIl,
          CL_INVALID_OPERATION);
  const std::string text = options == nullptr ? "" : options;
  std::vector<Program*> included;
  std::vector<std::string_view> included_names;
  for (cl_uint i = 0; i < num_headers; ++i) {
    included.push_back(&Get<Program>(headers[i], CL_INVALID_PROGRAM));
    Require(names[i] != nullptr, CL_INVALID_VALUE);
    included_names.push_back(names[i]);
  }
  program.BeginBuild(list, text, true);
  const auto job = NewJob(program, list, notify, user_data);
  {
    std::lock_guard lock(TheRuntime().command_mutex());
    for (Session* session : job->sessions()) {
      program.EnsureOn(*session);
      std::vector<ProgramId> ids;
      for (Program* header : included) {
        header->EnsureOn(*session);
        ids.push_back(header->id());
      }
      const auto device_ids = job->DevicesOn(*session);
      job->Send(*session, wire::CompileProgram{0, program.id(), device_ids, text, ids, included_names});
    }
  }
  cl_int status = job->Run();
  if (status == CL_BUILD_PROGRAM_FAILURE) status = CL_COMPILE_PROGRAM_FAILURE;
  Require(status == CL_SUCCESS, status);
}

namespace {

// The linked program; `status` as clLinkProgram reports it.
cl_program Link(cl_context context_handle, cl_uint num_devices, const cl_device_id* devices,
                const char* options, cl_uint num_inputs, const cl_program* inputs, NotifyProgram notify,
                void* user_data, cl_int& status) {
  Context& context = Get<Context>(context_handle, CL_INVALID_CONTEXT);
  Require(num_inputs > 0 && inputs != nullptr, CL_INVALID_VALUE);
  Require(!(notify == nullptr && user_data != nullptr), CL_INVALID_VALUE);
  const auto list = ReadDevices(num_devices, devices, context.devices());
  std::vector<Program*> parts;
  for (cl_uint i = 0; i < num_inputs; ++i) parts.push_back(&Get<Program>(inputs[i], CL_INVALID_PROGRAM));
  const std::string text = options == nullptr ? "" : options;
  std::vector<Ref<Device>> owned;
  for (Device* device : list) owned.emplace_back(device);
  const auto program =
      Ref<Program>::Adopt(new Program(context, Program::Origin::kLinked, std::move(owned), {}, {}));
  program->BeginBuild(list, text, true);
  if (std::any_of(parts.begin(), parts.end(), [](const Program* part) { return part->shows_arg_info(); }))
    program->ShowArgInfo();
  const auto job = NewJob(*program, list, notify, user_data);
  {
    std::lock_guard lock(TheRuntime().command_mutex());
    for (Session* session : job->sessions()) {
      context.EnsureOn(*session);
      program->MarkKnownOn(*session);
      std::vector<ProgramId> ids;
      for (Program* part : parts) {
        part->EnsureOn(*session);
        ids.push_back(part->id());
      }
      const auto device_ids = job->DevicesOn(*session);
      job->Send(*session, wire::LinkProgram{0, program->id(), context.id(), device_ids, text, ids});
    }
  }
  status = job->Run();
  if (status == CL_BUILD_PROGRAM_FAILURE) status = CL_LINK_PROGRAM_FAILURE;
  // Other errors mean that natively there is no program.
  if (status != CL_SUCCESS && status != CL_LINK_PROGRAM_FAILURE) return nullptr;
  program->AddReference();  // The application's.
  return program->handle();
}

}  // namespace

cl_program CL_API_CALL LinkProgram(cl_context context, cl_uint num_devices, const cl_device_id* devices,
                                   const char* options, cl_uint num_inputs, const cl_program* inputs,
                                   NotifyProgram notify, void* user_data, cl_int* errcode_ret) {
  cl_program result = nullptr;
  cl_int status = CL_SUCCESS;
  try {
    result = Link(context, num_devices, devices, options, num_inputs, inputs, notify, user_data, status);
  } catch (const ClError& error) {
    status = error.code;
  } catch (const std::bad_alloc&) {
    status = CL_OUT_OF_HOST_MEMORY;
  }
  if (errcode_ret != nullptr) *errcode_ret = status;
  return result;
}

void SetProgramSpecializationConstant(cl_program handle, cl_uint spec_id, size_t size, const void* value) {
  Program& program = Get<Program>(handle, CL_INVALID_PROGRAM);
  Require(TakesIl(program.context()), CL_INVALID_OPERATION);
  Require(program.origin() == Program::Origin::kIl, CL_INVALID_PROGRAM);
  Require(value != nullptr && size > 0, CL_INVALID_VALUE);
  program.SetSpecConstant(spec_id, {static_cast<const std::byte*>(value), size});
}

void SetProgramReleaseCallback(cl_program handle, NotifyProgram, void*) {
  Get<Program>(handle, CL_INVALID_PROGRAM);
  // Refused where there are no program-scope destructors, as on all of our devices.
  Fail(CL_INVALID_OPERATION);
}

}  // namespace clopencl::frontend::api
