#include "frontend/core/program.h"

#include <algorithm>

#include "frontend/runtime.h"

namespace clopencl::frontend {
namespace {

KernelInfo Own(const wire::KernelFacts& facts) {
  KernelInfo info;
  info.name = facts.name;
  info.attributes = facts.attributes;
  info.has_arg_info = facts.has_arg_info;
  for (const wire::KernelArgFacts& arg : facts.args) {
    info.args.push_back({arg.address_qualifier, arg.access_qualifier, arg.type_qualifier,
                         std::string(arg.type_name), std::string(arg.name), arg.value_size});
  }
  return info;
}

}  // namespace

KernelInfo::OnDevice::OnDevice(Device* on, OwnedFacts facts) : device(on), work_group(std::move(facts)) {
  using Size = std::array<size_t, 3>;
  required_size = FactOr<Size>(work_group, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, Size{});
  max_size = std::min(FactOr<size_t>(work_group, CL_KERNEL_WORK_GROUP_SIZE, on->max_work_group_size()),
                      on->max_work_group_size());
}

const KernelInfo::OnDevice* KernelInfo::Find(const Device& device) const {
  const auto at =
      std::find_if(devices.begin(), devices.end(), [&](const auto& d) { return d.device == &device; });
  return at == devices.end() ? nullptr : &*at;
}

Program::Program(Context& context, Origin origin, std::vector<Ref<Device>> devices,
                 std::string source_or_names, std::vector<std::byte> il)
    : context_(Ref(context)), origin_(origin), source_(std::move(source_or_names)), il_(std::move(il)) {
  for (auto& device : devices) devices_.push_back({std::move(device)});
  std::lock_guard lock(TheRuntime().command_mutex());
  id_ = TheRuntime().ids().programs.Insert(this);
}

Program::~Program() {
  Runtime& runtime = TheRuntime();
  {
    std::lock_guard lock(runtime.command_mutex());
    known_.ForEach([&](size_t session) {
      runtime.sessions()[session]->Post(wire::Release{wire::ObjectKind::kProgram, id_.Pack()});
    });
    runtime.ids().programs.Erase(id_);
  }
}

ProgramOnDevice* Program::Find(const Device& device) {
  const auto at = std::find_if(devices_.begin(), devices_.end(),
                               [&](const auto& d) { return d.device.get() == &device; });
  return at == devices_.end() ? nullptr : &*at;
}

bool Program::HasDevice(const Device& device) const {
  std::lock_guard lock(mutex_);
  return const_cast<Program*>(this)->Find(device) != nullptr;
}

std::vector<Session*> Program::sessions() const {
  std::lock_guard lock(mutex_);
  std::vector<Session*> sessions;
  for (const auto& state : devices_) {
    Session* session = &state.device->session();
    if (std::find(sessions.begin(), sessions.end(), session) == sessions.end()) sessions.push_back(session);
  }
  return sessions;
}

std::vector<ProgramOnDevice> Program::devices() const {
  std::lock_guard lock(mutex_);
  return devices_;
}

ProgramOnDevice Program::OnDevice(const Device& device) const {
  std::lock_guard lock(mutex_);
  return *const_cast<Program*>(this)->Find(device);
}

void Program::SetBinaryType(const Device& device, cl_program_binary_type type) {
  std::lock_guard lock(mutex_);
  Find(device)->binary_type = type;
}

std::vector<std::shared_ptr<const KernelInfo>> Program::kernels() const {
  std::lock_guard lock(mutex_);
  return kernels_;
}

std::string Program::kernel_names() const {
  std::lock_guard lock(mutex_);
  return kernel_names_;
}

bool Program::built() const {
  std::lock_guard lock(mutex_);
  return std::any_of(devices_.begin(), devices_.end(), [](const auto& state) {
    return state.status == CL_BUILD_SUCCESS && state.binary_type == CL_PROGRAM_BINARY_TYPE_EXECUTABLE;
  });
}

void Program::EnsureOn(Session& session) {
  if (known_.Has(session.index())) return;
  known_.Add(session.index());
  context_->EnsureOn(session);
  if (origin_ == Origin::kSource) {
    session.Post(wire::CreateProgramWithSource{id_, context_->id(), source_});
  } else if (origin_ == Origin::kIl) {
    session.Post(wire::CreateProgramWithIl{id_, context_->id(), il_});
  } else if (origin_ == Origin::kBuiltIn) {
    std::vector<DeviceId> ids;
    for (const auto& state : devices_)
      if (&state.device->session() == &session) ids.push_back(state.device->id());
    session.Post(wire::CreateProgramWithBuiltInKernels{id_, context_->id(), ids, source_});
  }
  for (const auto& [spec_id, value] : spec_constants_)
    session.Post(wire::SetSpecializationConstant{id_, spec_id, value});
}

void Program::SetSpecConstant(cl_uint spec_id, std::span<const std::byte> value) {
  std::lock_guard lock(TheRuntime().command_mutex());
  std::erase_if(spec_constants_, [&](const auto& constant) { return constant.first == spec_id; });
  spec_constants_.emplace_back(spec_id, std::vector<std::byte>(value.begin(), value.end()));
  known_.ForEach([&](size_t session) {
    TheRuntime().sessions()[session]->Post(wire::SetSpecializationConstant{id_, spec_id, value});
  });
}

void Program::BeginBuild(const std::vector<Device*>& devices, const std::string& options,
                         bool needs_no_kernels) {
  std::lock_guard lock(mutex_);
  Require(!building_ && !(needs_no_kernels && has_kernels()), CL_INVALID_OPERATION);
  building_ = true;
  if (origin_ == Origin::kBinary || options.find("-cl-kernel-arg-info") != std::string::npos) ShowArgInfo();
  build_result_.store(CL_SUCCESS);
  building_kernels_.clear();
  building_devices_ = devices;
  building_options_ = options;
  for (Device* device : devices) {
    ProgramOnDevice* state = Find(*device);
    state->status = CL_BUILD_IN_PROGRESS;
    state->options = options;
    state->log.clear();
    state->binary_type = CL_PROGRAM_BINARY_TYPE_NONE;
  }
}

void Program::TakeBuilt(const Session& session, const wire::ProgramBuilt* built) {
  std::lock_guard lock(mutex_);
  cl_int none = CL_SUCCESS;
  if (built == nullptr) {
    build_result_.compare_exchange_strong(none, CL_DEVICE_NOT_AVAILABLE);
    return;
  }
  if (built->status != CL_SUCCESS) build_result_.compare_exchange_strong(none, built->status);
  const auto find_device = [&](DeviceId id) -> ProgramOnDevice* {
    for (auto& state : devices_)
      if (&state.device->session() == &session && state.device->id() == id) return &state;
    return nullptr;
  };
  for (const wire::ProgramDeviceFacts& facts : built->devices) {
    ProgramOnDevice* state = find_device(facts.device);
    if (state == nullptr) continue;
    state->status = facts.build_status;
    state->options = building_options_;  // Of a sub-device that was built for with its parent, too.
    state->log = facts.log;
    state->binary_type = facts.binary_type;
    state->global_variable_total_size = facts.global_variable_total_size;
  }
  for (const wire::KernelFacts& facts : built->kernels) {
    auto at = std::find_if(building_kernels_.begin(), building_kernels_.end(),
                           [&](const auto& kernel) { return kernel->name == facts.name; });
    if (at == building_kernels_.end()) {
      building_kernels_.push_back(std::make_shared<KernelInfo>(Own(facts)));
      at = std::prev(building_kernels_.end());
    }
    for (const wire::KernelDeviceFacts& on : facts.devices)
      if (ProgramOnDevice* state = find_device(on.device))
        (*at)->devices.push_back({state->device.get(), OwnFacts(on.work_group)});
  }
  kernel_names_ = built->kernel_names;
}

void Program::EndBuild() {
  std::lock_guard lock(mutex_);
  building_ = false;
  for (auto& state : devices_)  // Of a server that was lost.
    if (state.status == CL_BUILD_IN_PROGRESS) state.status = CL_BUILD_ERROR;
  // Kernels of devices that an earlier build was for stay.
  for (const auto& old : kernels_) {
    const auto at = std::find_if(building_kernels_.begin(), building_kernels_.end(),
                                 [&](const auto& kernel) { return kernel->name == old->name; });
    KernelInfo kept = *old;
    std::erase_if(kept.devices, [&](const auto& on) {
      return std::find(building_devices_.begin(), building_devices_.end(), on.device) !=
                 building_devices_.end() ||
             (at != building_kernels_.end() && (*at)->Find(*on.device) != nullptr);
    });
    if (kept.devices.empty()) continue;
    if (at != building_kernels_.end()) {
      (*at)->devices.insert((*at)->devices.end(), kept.devices.begin(), kept.devices.end());
    } else {
      building_kernels_.push_back(std::make_shared<KernelInfo>(std::move(kept)));
    }
  }
  kernels_.assign(building_kernels_.begin(), building_kernels_.end());
  building_kernels_.clear();
}

}  // namespace clopencl::frontend
