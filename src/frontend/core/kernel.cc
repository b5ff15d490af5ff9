#include "frontend/core/kernel.h"

#include <algorithm>
#include <cstring>

#include "frontend/core/queue.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {
namespace {

// "image2d_t", but no pointer to a structure of the program that is called "image_data".
bool IsImage(const KernelArgInfo& arg) {
  return arg.type_name.starts_with("image") && arg.type_name.ends_with("_t");
}

// A memory object is taken as read and written unless the object or the kernel says otherwise.
wire::ArgKind MemoryKind(const Mem& mem, bool only_reads) {
  return only_reads || (mem.flags() & CL_MEM_READ_ONLY) != 0 ? wire::ArgKind::kMemRead : wire::ArgKind::kMem;
}

// As memcpy and memcmp, which are calls unless the size is known.
void CopyValue(std::byte* to, const void* from, size_t size) {
  switch (size) {
    case 4:
      std::memcpy(to, from, 4);
      break;
    case 8:
      std::memcpy(to, from, 8);
      break;
    default:
      std::memcpy(to, from, size);
  }
}

bool SameValue(const std::byte* a, const void* b, size_t size) {
  switch (size) {
    case 4:
      return std::memcmp(a, b, 4) == 0;
    case 8:
      return std::memcmp(a, b, 8) == 0;
    default:
      return std::memcmp(a, b, size) == 0;
  }
}

}  // namespace

Kernel::Kernel(Program& program, std::shared_ptr<const KernelInfo> info)
    : program_(Ref(program)), info_(std::move(info)), args_(info_->args.size()) {
  for (const KernelArgInfo& arg : info_->args) parameters_.push_back(Describe(arg, info_->has_arg_info));
  program_->AddKernel();
  std::lock_guard lock(TheRuntime().command_mutex());
  id_ = TheRuntime().ids().kernels.Insert(this);
}

Kernel::~Kernel() {
  Runtime& runtime = TheRuntime();
  program_->RemoveKernel();
  std::lock_guard lock(runtime.command_mutex());
  known_.ForEach([&](size_t session) {
    runtime.sessions()[session]->Post(wire::Release{wire::ObjectKind::kKernel, id_.Pack()});
  });
  runtime.ids().kernels.Erase(id_);
}

Kernel::ArgClass Kernel::Classify(const KernelArgInfo& arg, bool has_info) {
  if (arg.address == CL_KERNEL_ARG_ADDRESS_LOCAL) return ArgClass::kLocal;
  if (arg.address == CL_KERNEL_ARG_ADDRESS_GLOBAL || arg.address == CL_KERNEL_ARG_ADDRESS_CONSTANT)
    return ArgClass::kMemory;
  // An image, a sampler or a queue may be of that size, too.
  if (!has_info && (arg.value_size == 0 || arg.value_size == sizeof(void*))) return ArgClass::kUnknown;
  if ((arg.type_qualifier & CL_KERNEL_ARG_TYPE_PIPE) != 0 || IsImage(arg)) return ArgClass::kMemory;
  if (arg.type_name == "sampler_t") return ArgClass::kSampler;
  if (arg.type_name == "queue_t") return ArgClass::kQueue;
  return ArgClass::kValue;
}

Kernel::Parameter Kernel::Describe(const KernelArgInfo& arg, bool has_info) {
  Parameter parameter;
  parameter.arg_class = Classify(arg, has_info);
  parameter.is_image = IsImage(arg);
  parameter.reads_image = arg.access == CL_KERNEL_ARG_ACCESS_READ_ONLY;
  parameter.writes_image = arg.access == CL_KERNEL_ARG_ACCESS_WRITE_ONLY;
  parameter.only_reads =
      has_info && (arg.address == CL_KERNEL_ARG_ADDRESS_CONSTANT || parameter.reads_image ||
                   (arg.type_qualifier & CL_KERNEL_ARG_TYPE_CONST) != 0);
  parameter.value_size = arg.value_size;
  return parameter;
}

void Kernel::SetWord(ArgValue& arg, wire::ArgKind kind, uint64_t word) {
  if (arg.set && arg.kind == kind && arg.word == word) return;
  arg.set = true;
  arg.kind = kind;
  arg.word = word;
  arg.version = ++version_;
}

void Kernel::SetValue(ArgValue& arg, size_t size, const void* value) {
  if (arg.set && arg.kind == wire::ArgKind::kValue && arg.size == size &&
      SameValue(arg.bytes().data(), value, size))
    return;
  arg.set = true;
  arg.kind = wire::ArgKind::kValue;
  arg.size = static_cast<uint32_t>(size);
  if (size <= arg.small.size()) {
    CopyValue(arg.small.data(), value, size);
  } else {
    const auto* bytes = static_cast<const std::byte*>(value);
    arg.large.assign(bytes, bytes + size);
  }
  arg.version = ++version_;
}

void Kernel::SetMemory(ArgValue& arg, const Parameter& parameter, size_t size, const void* value) {
  Require(size == sizeof(cl_mem), CL_INVALID_ARG_SIZE);
  const cl_mem handle = value == nullptr ? nullptr : *static_cast<const cl_mem*>(value);
  if (handle == nullptr) {
    Require(!parameter.is_image, CL_INVALID_ARG_VALUE);
    return SetWord(arg, wire::ArgKind::kMem, 0);
  }
  Mem& mem = Get<Mem>(handle, CL_INVALID_MEM_OBJECT);
  Require(mem.is_image() || !parameter.is_image, CL_INVALID_MEM_OBJECT);
  if (mem.is_image()) {
    Require(!(parameter.reads_image && (mem.flags() & CL_MEM_WRITE_ONLY) != 0), CL_INVALID_ARG_VALUE);
    Require(!(parameter.writes_image && (mem.flags() & CL_MEM_READ_ONLY) != 0), CL_INVALID_ARG_VALUE);
  }
  SetWord(arg, MemoryKind(mem, parameter.only_reads), mem.id().Pack());
}

void Kernel::SetUnknown(ArgValue& arg, size_t size, const void* value) {
  if (value == nullptr) return SetWord(arg, wire::ArgKind::kLocal, size);
  if (size == sizeof(cl_mem)) {
    const void* word = *static_cast<void* const*>(value);
    MemId mem;
    wire::ArgKind kind = wire::ArgKind::kMem;
    SamplerId sampler;
    {
      std::lock_guard lock(TheRuntime().command_mutex());
      TheRuntime().ids().mems.ForEach([&](Mem* live) {
        if (static_cast<Object*>(live) != word) return;
        mem = live->id();
        kind = MemoryKind(*live, false);
      });
      TheRuntime().ids().samplers.ForEach([&](void* live) {
        if (live == word) sampler = static_cast<Sampler*>(live)->id();
      });
    }
    if (mem) return SetWord(arg, kind, mem.Pack());
    if (sampler) return SetWord(arg, wire::ArgKind::kSampler, sampler.Pack());
  }
  SetValue(arg, size, value);
}

void Kernel::SetArg(cl_uint index, size_t size, const void* value) {
  Require(index < args_.size(), CL_INVALID_ARG_INDEX);
  ArgValue& arg = args_[index];
  const Parameter& parameter = parameters_[index];
  switch (parameter.arg_class) {
    case ArgClass::kLocal:
      Require(value == nullptr, CL_INVALID_ARG_VALUE);
      Require(size != 0, CL_INVALID_ARG_SIZE);
      return SetWord(arg, wire::ArgKind::kLocal, size);
    case ArgClass::kMemory:
      return SetMemory(arg, parameter, size, value);
    case ArgClass::kSampler: {
      Require(value != nullptr, CL_INVALID_ARG_VALUE);
      Require(size == sizeof(cl_sampler), CL_INVALID_ARG_SIZE);
      Sampler& sampler = Get<Sampler>(*static_cast<const cl_sampler*>(value), CL_INVALID_SAMPLER);
      return SetWord(arg, wire::ArgKind::kSampler, sampler.id().Pack());
    }
    case ArgClass::kQueue: {
      Require(value != nullptr, CL_INVALID_DEVICE_QUEUE);
      Require(size == sizeof(cl_command_queue), CL_INVALID_ARG_SIZE);
      Queue& queue = Get<Queue>(*static_cast<const cl_command_queue*>(value), CL_INVALID_DEVICE_QUEUE);
      Require(queue.on_device(), CL_INVALID_DEVICE_QUEUE);
      return SetWord(arg, wire::ArgKind::kQueue, queue.id().Pack());
    }
    case ArgClass::kUnknown:
      return SetUnknown(arg, size, value);
    case ArgClass::kValue:
      Require(value != nullptr, CL_INVALID_ARG_VALUE);
      Require(parameter.value_size == 0 ? size != 0 : size == parameter.value_size, CL_INVALID_ARG_SIZE);
      return SetValue(arg, size, value);
  }
}

void Kernel::SetArgSvm(cl_uint index, const void* pointer) {
  Require(index < args_.size(), CL_INVALID_ARG_INDEX);
  const ArgClass arg_class = parameters_[index].arg_class;
  Require(arg_class == ArgClass::kMemory || arg_class == ArgClass::kUnknown, CL_INVALID_ARG_VALUE);
  SetWord(args_[index], wire::ArgKind::kSvmPointer, reinterpret_cast<uint64_t>(pointer));
}

void Kernel::CopyArgsFrom(const Kernel& other) {
  args_ = other.args_;
  exec_info_ = other.exec_info_;
  for (ArgValue& arg : args_)
    if (arg.set) arg.version = ++version_;
  for (ExecInfo& info : exec_info_) info.version = ++version_;
}

void Kernel::SetExecInfo(cl_uint param, std::span<const std::byte> value) {
  std::erase_if(exec_info_, [&](const ExecInfo& info) { return info.param == param; });
  exec_info_.push_back({param, {value.begin(), value.end()}, ++version_});
}

bool Kernel::AllArgsSet() const {
  return std::all_of(args_.begin(), args_.end(), [](const ArgValue& arg) { return arg.set; });
}

size_t Kernel::local_arg_bytes() const {
  size_t bytes = 0;
  for (const ArgValue& arg : args_)
    if (arg.set && arg.kind == wire::ArgKind::kLocal) bytes += arg.word;
  return bytes;
}

void Kernel::EnsureOn(Session& session) {
  if (known_.Has(session.index())) return;
  known_.Add(session.index());
  program_->EnsureOn(session);
  session.Post(wire::CreateKernel{id_, program_->id(), info_->name});
}

uint64_t& Kernel::Sent(Session& session) {
  auto at =
      std::find_if(sent_.begin(), sent_.end(), [&](const auto& s) { return s.first == session.index(); });
  if (at == sent_.end()) at = sent_.insert(sent_.end(), {session.index(), 0});
  return at->second;
}

const Kernel::Changes& Kernel::TakeAll(Session& session) {
  ForgetTaken(session);
  TakeChanges(session);
  ForgetTaken(session);
  return changes_;
}

const Kernel::Changes& Kernel::TakeChanges(Session& session) {
  changes_.args.clear();
  changes_.exec_info.clear();
  uint64_t& sent = Sent(session);
  if (sent == version_) return changes_;
  for (uint32_t i = 0; i < args_.size(); ++i) {
    const ArgValue& arg = args_[i];
    if (arg.version <= sent) continue;
    const bool by_value = arg.kind == wire::ArgKind::kValue;
    changes_.args.push_back(
        {i, arg.kind, by_value ? 0 : arg.word, by_value ? arg.bytes() : wire::ByteView{}});
  }
  for (const ExecInfo& info : exec_info_)
    if (info.version > sent) changes_.exec_info.push_back({info.param, info.value});
  sent = version_;
  return changes_;
}

}  // namespace clopencl::frontend
