// Programs and kernels. Of a source the kernels' heads matter, "kernel void name(type name, …)", and that
// "#error" anywhere makes building fail.
#include <cstring>
#include <regex>
#include <sstream>

#include "rankserver/model/engine.h"
#include "rankserver/program_facts.h"

namespace clopencl::rankserver::memory_opencl {
namespace {

KernelArg ParseArg(std::string text) {
  KernelArg arg;
  const auto take = [&](const std::string& word) {
    const size_t at = text.find(word);
    if (at == std::string::npos) return false;
    text.erase(at, word.size());
    return true;
  };
  arg.is_local = take("__local ") || take("local ");
  arg.is_pointer = take("__global ") || take("global ") || arg.is_local;
  arg.is_const = take("const ");
  text = std::regex_replace(text, std::regex("^\\s+|\\s+$"), "");
  const size_t name = text.find_last_of(" *") + 1;
  arg.name = text.substr(name);
  arg.type = std::regex_replace(text.substr(0, name), std::regex("\\s+"), "");
  if (!arg.is_pointer) {
    arg.value_size = SizeOfTypeName(arg.type);
    // What no basic type is called: a structure of 24 bytes, say.
    if (arg.value_size == 0) arg.value_size = 24;
  }
  return arg;
}

std::vector<KernelSource> ParseKernels(const std::string& source) {
  std::vector<KernelSource> kernels;
  const std::regex head("kernel\\s+void\\s+(\\w+)\\s*\\(([^)]*)\\)");
  for (std::sregex_iterator at(source.begin(), source.end(), head), end; at != end; ++at) {
    KernelSource kernel{(*at)[1], {}};
    std::stringstream args((*at)[2].str());
    for (std::string arg; std::getline(args, arg, ',');) kernel.args.push_back(ParseArg(arg));
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

cl_program AddProgram(Engine& engine, cl_context handle, std::shared_ptr<ProgramObject> program,
                      cl_int* status) {
  std::lock_guard lock(engine.mutex);
  const auto context = engine.Find<ContextObject>(handle, Kind::kContext);
  if (context == nullptr) {
    *status = CL_INVALID_CONTEXT;
    return nullptr;
  }
  program->context = context.get();
  program->keeps.push_back(context);
  return reinterpret_cast<cl_program>(engine.Add(std::move(program)));
}

cl_program CreateProgramWithSource(cl_context context, cl_uint, const char** texts, const size_t* sizes,
                                   cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateProgramWithSource");
  if (*status != CL_SUCCESS) return nullptr;
  auto program = std::make_shared<ProgramObject>();
  program->source.assign(texts[0], sizes[0]);
  return AddProgram(engine, context, std::move(program), status);
}

cl_program CreateProgramWithIL(cl_context context, const void* il, size_t size, cl_int* status) {
  const char* text = static_cast<const char*>(il);
  return CreateProgramWithSource(context, 1, &text, &size, status);
}

cl_program CreateProgramWithBuiltInKernels(cl_context context, cl_uint, const cl_device_id*,
                                           const char* names, cl_int* status) {
  const std::string source = "kernel void " + std::string(names) + "()";
  const char* text = source.c_str();
  const size_t size = source.size();
  return CreateProgramWithSource(context, 1, &text, &size, status);
}

// A binary is the source with this in front.
constexpr char kBinaryMagic[] = "MEMORYCL";

cl_program CreateProgramWithBinary(cl_context context, cl_uint count, const cl_device_id*,
                                   const size_t* sizes, const unsigned char** binaries, cl_int* binary_status,
                                   cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateProgramWithBinary");
  if (*status != CL_SUCCESS) return nullptr;
  auto program = std::make_shared<ProgramObject>();
  for (cl_uint i = 0; i < count; ++i) {
    const std::string text(reinterpret_cast<const char*>(binaries[i]), sizes[i]);
    const bool good = text.rfind(kBinaryMagic, 0) == 0;
    if (binary_status != nullptr) binary_status[i] = good ? CL_SUCCESS : CL_INVALID_BINARY;
    if (!good) *status = CL_INVALID_BINARY;
    program->source = good ? text.substr(std::strlen(kBinaryMagic)) : "";
  }
  if (*status != CL_SUCCESS) return nullptr;
  program->binary_type = CL_PROGRAM_BINARY_TYPE_EXECUTABLE;
  return AddProgram(engine, context, std::move(program), status);
}

cl_int ReleaseProgram(cl_program program) { return Current().Release(program, Kind::kProgram); }

std::shared_ptr<ProgramObject> FindProgram(Engine& engine, cl_program handle) {
  std::lock_guard lock(engine.mutex);
  return engine.Find<ProgramObject>(handle, Kind::kProgram);
}

void WaitForBuilds(Engine& engine) {
  std::unique_lock lock(engine.mutex);
  engine.changed.wait(lock, [&] { return !engine.builds_held; });
}

// Empty when the program can be built.
std::string BuildError(const Engine& engine, const ProgramObject& program) {
  if (program.source.find("#error") != std::string::npos) return "#error";
  if (!engine.settings.only_known_kernels) return {};
  for (const KernelSource& kernel : program.kernels) {
    if (engine.kernels.contains(kernel.name)) continue;
    std::string known;
    for (const auto& [name, function] : engine.kernels) known += (known.empty() ? "" : ", ") + name;
    return "the kernel " + kernel.name + " is none of those that a device model knows: " + known;
  }
  return {};
}

cl_int Build(const char* function, cl_program handle, const char* options, cl_program_binary_type type,
             cl_int failure) {
  Engine& engine = Current();
  const cl_int injected = engine.Enter(function);
  WaitForBuilds(engine);
  const auto program = FindProgram(engine, handle);
  if (program == nullptr) return CL_INVALID_PROGRAM;
  if (injected != CL_SUCCESS) return injected;
  std::lock_guard lock(engine.mutex);
  program->options = options != nullptr ? options : "";
  if (program->options.find("-bad") != std::string::npos) return CL_INVALID_BUILD_OPTIONS;
  program->kernels = ParseKernels(program->source);
  const std::string error = BuildError(engine, *program);
  const bool good = error.empty();
  program->status = good ? CL_BUILD_SUCCESS : CL_BUILD_ERROR;
  program->log = good ? "built" : "error: " + error;
  program->binary_type = good ? type : CL_PROGRAM_BINARY_TYPE_NONE;
  if (!good) program->kernels.clear();
  return good ? CL_SUCCESS : failure;
}

cl_int BuildProgram(cl_program program, cl_uint, const cl_device_id*, const char* options,
                    void(CL_CALLBACK*)(cl_program, void*), void*) {
  return Build("BuildProgram", program, options, CL_PROGRAM_BINARY_TYPE_EXECUTABLE, CL_BUILD_PROGRAM_FAILURE);
}

cl_int CompileProgram(cl_program program, cl_uint, const cl_device_id*, const char* options, cl_uint,
                      const cl_program*, const char**, void(CL_CALLBACK*)(cl_program, void*), void*) {
  return Build("CompileProgram", program, options, CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT,
               CL_COMPILE_PROGRAM_FAILURE);
}

cl_program LinkProgram(cl_context context, cl_uint, const cl_device_id*, const char*, cl_uint count,
                       const cl_program* inputs, void(CL_CALLBACK*)(cl_program, void*), void*,
                       cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("LinkProgram");
  WaitForBuilds(engine);
  if (*status != CL_SUCCESS) return nullptr;
  auto program = std::make_shared<ProgramObject>();
  for (cl_uint i = 0; i < count; ++i) {
    const auto input = FindProgram(engine, inputs[i]);
    if (input == nullptr || input->binary_type != CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT) {
      *status = CL_INVALID_OPERATION;
      return nullptr;
    }
    const bool has_bare = std::any_of(input->kernels.begin(), input->kernels.end(),
                                      [](const KernelSource& kernel) { return kernel.args.empty(); });
    if (engine.settings.arg_info_breaks_links && has_bare &&
        input->options.find("-cl-kernel-arg-info") != std::string::npos) {
      *status = CL_LINK_PROGRAM_FAILURE;
      return nullptr;
    }
    program->source += input->source + "\n";
  }
  program->status = CL_BUILD_SUCCESS;
  program->binary_type = CL_PROGRAM_BINARY_TYPE_EXECUTABLE;
  program->kernels = ParseKernels(program->source);
  return AddProgram(engine, context, std::move(program), status);
}

cl_int SetProgramSpecializationConstant(cl_program, cl_uint id, size_t, const void*) {
  if (const cl_int error = Current().Enter("SetProgramSpecializationConstant")) return error;
  return id > 100 ? CL_INVALID_SPEC_ID : CL_SUCCESS;
}

cl_int UnloadPlatformCompiler(cl_platform_id) { return Current().Enter("UnloadPlatformCompiler"); }

cl_int GetProgramInfo(cl_program handle, cl_program_info param, size_t room, void* into, size_t* size_ret) {
  Engine& engine = Current();
  const auto program = FindProgram(engine, handle);
  if (program == nullptr) return CL_INVALID_PROGRAM;
  const size_t devices = program->context->devices.size();
  const std::string binary = kBinaryMagic + program->source;
  switch (param) {
    case CL_PROGRAM_NUM_DEVICES:
      return AnswerValue(static_cast<cl_uint>(devices), room, into, size_ret);
    case CL_PROGRAM_DEVICES:
      return Answer(program->context->devices.data(), devices * sizeof(cl_device_id), room, into, size_ret);
    case CL_PROGRAM_SOURCE:
      return AnswerText(program->source, room, into, size_ret);
    case CL_PROGRAM_BINARY_SIZES: {
      const std::vector<size_t> sizes(devices, program->binary_type != 0 ? binary.size() : 0);
      return Answer(sizes.data(), sizes.size() * sizeof(size_t), room, into, size_ret);
    }
    case CL_PROGRAM_BINARIES: {
      auto** pointers = static_cast<unsigned char**>(into);
      for (size_t i = 0; i < devices && program->binary_type != 0; ++i) {
        if (pointers[i] != nullptr) std::ranges::copy(binary, pointers[i]);
      }
      return CL_SUCCESS;
    }
    case CL_PROGRAM_KERNEL_NAMES: {
      std::string names;
      for (const KernelSource& kernel : program->kernels) names += (names.empty() ? "" : ";") + kernel.name;
      return AnswerText(names, room, into, size_ret);
    }
    default:
      return CL_INVALID_VALUE;
  }
}

cl_int GetProgramBuildInfo(cl_program handle, cl_device_id, cl_program_build_info param, size_t room,
                           void* into, size_t* size_ret) {
  const auto program = FindProgram(Current(), handle);
  if (program == nullptr) return CL_INVALID_PROGRAM;
  switch (param) {
    case CL_PROGRAM_BUILD_STATUS:
      return AnswerValue(program->status, room, into, size_ret);
    case CL_PROGRAM_BUILD_LOG:
      return AnswerText(program->log, room, into, size_ret);
    case CL_PROGRAM_BUILD_OPTIONS:
      return AnswerText(program->options, room, into, size_ret);
    case CL_PROGRAM_BINARY_TYPE:
      return AnswerValue(program->binary_type, room, into, size_ret);
    default:
      return CL_INVALID_VALUE;
  }
}

// --- kernels

cl_kernel AddKernel(Engine& engine, const std::shared_ptr<ProgramObject>& program,
                    const KernelSource& source) {
  auto kernel = std::make_shared<KernelObject>();
  kernel->program = program.get();
  kernel->keeps.push_back(program);
  kernel->source = source;
  kernel->values.resize(source.args.size());
  std::lock_guard lock(engine.mutex);
  return reinterpret_cast<cl_kernel>(engine.Add(std::move(kernel)));
}

cl_kernel CreateKernel(cl_program handle, const char* name, cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateKernel");
  const auto program = FindProgram(engine, handle);
  if (program == nullptr) *status = CL_INVALID_PROGRAM;
  if (*status != CL_SUCCESS) return nullptr;
  for (const KernelSource& source : program->kernels) {
    if (source.name == name) return AddKernel(engine, program, source);
  }
  *status = program->kernels.empty() ? CL_INVALID_PROGRAM_EXECUTABLE : CL_INVALID_KERNEL_NAME;
  return nullptr;
}

cl_int CreateKernelsInProgram(cl_program handle, cl_uint room, cl_kernel* kernels, cl_uint* count) {
  Engine& engine = Current();
  const auto program = FindProgram(engine, handle);
  if (program == nullptr) return CL_INVALID_PROGRAM;
  for (cl_uint i = 0; kernels != nullptr && i < room && i < program->kernels.size(); ++i) {
    kernels[i] = AddKernel(engine, program, program->kernels[i]);
  }
  if (count != nullptr) *count = static_cast<cl_uint>(program->kernels.size());
  return CL_SUCCESS;
}

cl_int ReleaseKernel(cl_kernel kernel) { return Current().Release(kernel, Kind::kKernel); }

std::shared_ptr<KernelObject> FindKernel(Engine& engine, cl_kernel handle) {
  return engine.Find<KernelObject>(handle, Kind::kKernel);
}

cl_int SetKernelArg(cl_kernel handle, cl_uint index, size_t size, const void* value) {
  Engine& engine = Current();
  if (const cl_int error = engine.Enter("SetKernelArg")) return error;
  std::lock_guard lock(engine.mutex);
  const auto kernel = FindKernel(engine, handle);
  if (kernel == nullptr) return CL_INVALID_KERNEL;
  if (index >= kernel->values.size()) return CL_INVALID_ARG_INDEX;
  const KernelArg& arg = kernel->source.args[index];
  KernelObject::Value next;
  next.set = true;
  if (arg.is_local) {
    if (value != nullptr || size == 0) return CL_INVALID_ARG_VALUE;
    next.local_size = size;
  } else if (arg.is_pointer) {
    if (size != sizeof(cl_mem)) return CL_INVALID_ARG_SIZE;
    cl_mem mem_handle = nullptr;
    if (value != nullptr) std::memcpy(&mem_handle, value, sizeof mem_handle);
    if (mem_handle != nullptr) {
      const auto mem = engine.Find<MemObject>(mem_handle, Kind::kMem);
      if (mem == nullptr) return CL_INVALID_MEM_OBJECT;
      next.is_memory = true;
      next.memory = mem->memory;
      next.offset = mem->offset;
      next.size = mem->size;
      next.read_only = arg.is_const || (mem->flags & CL_MEM_READ_ONLY) != 0;
    }
  } else {
    if (value == nullptr) return CL_INVALID_ARG_VALUE;
    if (size != arg.value_size) return CL_INVALID_ARG_SIZE;
    const auto* first = static_cast<const std::byte*>(value);
    next.bytes.assign(first, first + size);
  }
  kernel->values[index] = std::move(next);
  return CL_SUCCESS;
}

cl_int GetKernelInfo(cl_kernel handle, cl_kernel_info param, size_t room, void* into, size_t* size_ret) {
  Engine& engine = Current();
  std::lock_guard lock(engine.mutex);
  const auto kernel = FindKernel(engine, handle);
  if (kernel == nullptr) return CL_INVALID_KERNEL;
  if (param == CL_KERNEL_FUNCTION_NAME) return AnswerText(kernel->source.name, room, into, size_ret);
  if (param == CL_KERNEL_ATTRIBUTES) return AnswerText("", room, into, size_ret);
  if (param == CL_KERNEL_NUM_ARGS) {
    return AnswerValue(static_cast<cl_uint>(kernel->values.size()), room, into, size_ret);
  }
  return CL_INVALID_VALUE;
}

cl_int GetKernelArgInfo(cl_kernel handle, cl_uint index, cl_kernel_arg_info param, size_t room, void* into,
                        size_t* size_ret) {
  Engine& engine = Current();
  std::lock_guard lock(engine.mutex);
  const auto kernel = FindKernel(engine, handle);
  if (kernel == nullptr) return CL_INVALID_KERNEL;
  if (index >= kernel->source.args.size()) return CL_INVALID_ARG_INDEX;
  if (kernel->program->options.find("-cl-kernel-arg-info") == std::string::npos)
    return CL_KERNEL_ARG_INFO_NOT_AVAILABLE;
  const KernelArg& arg = kernel->source.args[index];
  switch (param) {
    case CL_KERNEL_ARG_ADDRESS_QUALIFIER:
      return AnswerValue<cl_kernel_arg_address_qualifier>(arg.is_local     ? CL_KERNEL_ARG_ADDRESS_LOCAL
                                                          : arg.is_pointer ? CL_KERNEL_ARG_ADDRESS_GLOBAL
                                                                           : CL_KERNEL_ARG_ADDRESS_PRIVATE,
                                                          room, into, size_ret);
    case CL_KERNEL_ARG_ACCESS_QUALIFIER:
      return AnswerValue<cl_kernel_arg_access_qualifier>(CL_KERNEL_ARG_ACCESS_NONE, room, into, size_ret);
    case CL_KERNEL_ARG_TYPE_QUALIFIER:
      return AnswerValue<cl_kernel_arg_type_qualifier>(arg.is_const ? CL_KERNEL_ARG_TYPE_CONST : 0, room,
                                                       into, size_ret);
    case CL_KERNEL_ARG_TYPE_NAME:
      return AnswerText(arg.type, room, into, size_ret);
    case CL_KERNEL_ARG_NAME:
      return AnswerText(arg.name, room, into, size_ret);
    default:
      return CL_INVALID_VALUE;
  }
}

cl_int GetKernelWorkGroupInfo(cl_kernel, cl_device_id, cl_kernel_work_group_info param, size_t room,
                              void* into, size_t* size_ret) {
  if (param == CL_KERNEL_WORK_GROUP_SIZE) return AnswerValue(size_t{256}, room, into, size_ret);
  return CL_INVALID_VALUE;
}

cl_int EnqueueNDRangeKernel(cl_command_queue queue_handle, cl_kernel handle, cl_uint dimensions,
                            const size_t* offset, const size_t* global, const size_t*, cl_uint count,
                            const cl_event* list, cl_event* event) {
  Engine& engine = Current();
  if (const cl_int error = engine.Enter("EnqueueNDRangeKernel")) return error;
  std::shared_ptr<QueueObject> queue;
  auto call = std::make_shared<KernelCall>();
  std::vector<std::pair<std::shared_ptr<Memory>, bool>> memories;  // And whether the kernel may write it.
  KernelFunction function;
  {
    std::lock_guard lock(engine.mutex);
    queue = engine.Find<QueueObject>(queue_handle, Kind::kQueue);
    const auto kernel = FindKernel(engine, handle);
    if (queue == nullptr) return CL_INVALID_COMMAND_QUEUE;
    if (kernel == nullptr) return CL_INVALID_KERNEL;
    for (const KernelObject::Value& value : kernel->values) {
      if (!value.set) return CL_INVALID_KERNEL_ARGS;
      KernelCall::Argument arg{{}, value.bytes, value.local_size};
      if (value.is_memory) {
        const std::shared_ptr<Memory> memory = value.memory.lock();
        if (memory == nullptr) return CL_INVALID_KERNEL_ARGS;
        arg.memory = std::span(memory->bytes).subspan(value.offset, value.size);
        memories.emplace_back(memory, !value.read_only);
      }
      call->args.push_back(std::move(arg));
    }
    const auto known = engine.kernels.find(kernel->source.name);
    if (known != engine.kernels.end()) function = known->second;
    call->device = queue->device->index;
  }
  for (cl_uint i = 0; i < dimensions; ++i) {
    call->global[i] = global[i];
    if (offset != nullptr) call->offset[i] = offset[i];
  }
  const auto run = [&engine, call, memories, function] {
    for (const auto& [memory, writes] : memories) engine.CheckMaps(*memory, "a kernel", writes);
    return function ? function(*call) : CL_COMPLETE;
  };
  return engine.Enqueue(*queue, count, list, event, run, false, false, call);
}

}  // namespace

void FillPrograms(NativeApi& api) {
  api.CreateProgramWithSource = &CreateProgramWithSource;
  api.CreateProgramWithIL = &CreateProgramWithIL;
  api.CreateProgramWithBuiltInKernels = &CreateProgramWithBuiltInKernels;
  api.CreateProgramWithBinary = &CreateProgramWithBinary;
  api.ReleaseProgram = &ReleaseProgram;
  api.BuildProgram = &BuildProgram;
  api.CompileProgram = &CompileProgram;
  api.LinkProgram = &LinkProgram;
  api.SetProgramSpecializationConstant = &SetProgramSpecializationConstant;
  api.UnloadPlatformCompiler = &UnloadPlatformCompiler;
  api.GetProgramInfo = &GetProgramInfo;
  api.GetProgramBuildInfo = &GetProgramBuildInfo;
  api.CreateKernel = &CreateKernel;
  api.CreateKernelsInProgram = &CreateKernelsInProgram;
  api.ReleaseKernel = &ReleaseKernel;
  api.SetKernelArg = &SetKernelArg;
  api.GetKernelInfo = &GetKernelInfo;
  api.GetKernelArgInfo = &GetKernelArgInfo;
  api.GetKernelWorkGroupInfo = &GetKernelWorkGroupInfo;
  api.EnqueueNDRangeKernel = &EnqueueNDRangeKernel;
}

}  // namespace clopencl::rankserver::memory_opencl
