// Queries that the frontend could not answer from what it learnt.
#include <cstring>
#include <vector>

#include "rankserver/channel.h"
#include "rankserver/program_jobs.h"

namespace clopencl::rankserver {
namespace {

struct Answer {
  cl_int status = CL_INVALID_VALUE;
  std::vector<std::byte> value;
};

// `query(size, value, size_ret)` as all clGet*Info.
template <typename Query>
Answer Ask(Query query) {
  Answer answer;
  size_t size = 0;
  answer.status = query(size_t{0}, nullptr, &size);
  if (answer.status != CL_SUCCESS) return answer;
  answer.value.resize(size);
  if (size > 0) answer.status = query(size, answer.value.data(), nullptr);
  if (answer.status != CL_SUCCESS) answer.value.clear();
  return answer;
}

template <typename T>
Answer AskValue(cl_int status, const T& value) {
  Answer answer;
  answer.status = status;
  if (status == CL_SUCCESS) {
    answer.value.resize(sizeof value);
    std::memcpy(answer.value.data(), &value, sizeof value);
  }
  return answer;
}

// The value is text in the input's place, for queries that take one.
template <typename T>
bool ReadInput(wire::ByteView input, T& value) {
  if (input.size() != sizeof value) return false;
  std::memcpy(&value, input.data(), sizeof value);
  return true;
}

}  // namespace

// The room that the caller has is the size of the answer.
cl_int AnnounceSize(uint64_t output_size, size_t* size_ret) {
  constexpr uint64_t kMost = 4096;
  if (output_size > kMost) return CL_INVALID_VALUE;
  *size_ret = output_size;
  return CL_SUCCESS;
}

// Queries about one object type each; `m` was found good for it.
struct QueryRunner {
  Channel& channel;
  const wire::QueryInfo& m;
  // The object, for queries about these; null: there is none, because of `missing`.
  std::shared_ptr<Program> program;
  std::shared_ptr<Kernel> kernel;
  cl_int missing = CL_SUCCESS;

  const NativeApi& api() const { return channel.api(); }

  cl_device_id OptionalDevice(cl_int& status) const {
    if (!m.device) return nullptr;
    const std::shared_ptr<Device>* device = channel.devices.Find(m.device, status);
    return device != nullptr ? (*device)->native : nullptr;
  }

  Answer AskDevice() const {
    Answer answer;
    const std::shared_ptr<Device>* device = channel.devices.Find(DeviceId::Unpack(m.object), answer.status);
    if (device == nullptr) return answer;
    // Handles mean nothing to the frontend.
    if (m.param == CL_DEVICE_PLATFORM || m.param == CL_DEVICE_PARENT_DEVICE) return answer;
    return Ask([&](size_t size, void* value, size_t* size_ret) {
      return api().GetDeviceInfo((*device)->native, m.param, size, value, size_ret);
    });
  }

  Answer AskMem() const {
    Answer answer;
    const std::shared_ptr<Mem>* mem = channel.mems.Find(MemId::Unpack(m.object), answer.status);
    if (mem == nullptr) return answer;
    return Ask([&](size_t size, void* value, size_t* size_ret) {
      return m.query == wire::Query::kImageInfo
                 ? api().GetImageInfo((*mem)->native.get(), m.param, size, value, size_ret)
                 : api().GetMemObjectInfo((*mem)->native.get(), m.param, size, value, size_ret);
    });
  }

  Answer AskKernel() const {
    Answer answer;
    answer.status = kernel == nullptr ? missing : kernel->error;
    if (answer.status != CL_SUCCESS) return answer;
    const cl_kernel native = kernel->native.get();
    const cl_device_id device = OptionalDevice(answer.status);
    if (answer.status != CL_SUCCESS) return answer;
    uint32_t index = 0;
    if (m.query == wire::Query::kKernelArgInfo && !ReadInput(m.input, index)) {
      answer.status = CL_INVALID_ARG_INDEX;
      return answer;
    }
    if (m.query == wire::Query::kKernelSubGroupInfo && api().GetKernelSubGroupInfo == nullptr) {
      answer.status = CL_INVALID_OPERATION;
      return answer;
    }
    return Ask([&](size_t size, void* value, size_t* size_ret) {
      switch (m.query) {
        case wire::Query::kKernelWorkGroupInfo:
          return api().GetKernelWorkGroupInfo(native, device, m.param, size, value, size_ret);
        case wire::Query::kKernelSubGroupInfo:
          // How many dimensions are answered depends on the room that there is for them.
          if (size == 0 && m.output_size > 0) return AnnounceSize(m.output_size, size_ret);
          return api().GetKernelSubGroupInfo(native, device, m.param, m.input.size(), m.input.data(), size,
                                             value, size_ret);
        case wire::Query::kKernelArgInfo:
          return api().GetKernelArgInfo(native, index, m.param, size, value, size_ret);
        default:
          return api().GetKernelInfo(native, m.param, size, value, size_ret);
      }
    });
  }

  Answer AskProgram() const {
    Answer answer;
    answer.status = program == nullptr ? missing : program->error;
    if (answer.status != CL_SUCCESS) return answer;
    const cl_device_id device = OptionalDevice(answer.status);
    if (answer.status != CL_SUCCESS) return answer;
    // Binaries are a message of their own, and handles mean nothing to the frontend.
    if (m.query == wire::Query::kProgramInfo &&
        (m.param == CL_PROGRAM_BINARIES || m.param == CL_PROGRAM_CONTEXT || m.param == CL_PROGRAM_DEVICES)) {
      answer.status = CL_INVALID_VALUE;
      return answer;
    }
    const cl_program native = program->native.get();
    return Ask([&](size_t size, void* value, size_t* size_ret) {
      return m.query == wire::Query::kProgramInfo
                 ? api().GetProgramInfo(native, m.param, size, value, size_ret)
                 : api().GetProgramBuildInfo(native, device, m.param, size, value, size_ret);
    });
  }

  Answer AskImageFormats() const {
    Answer answer;
    const std::shared_ptr<Context>* context =
        channel.contexts.Find(ContextId::Unpack(m.object), answer.status);
    uint64_t flags = 0;
    if (context == nullptr || !ReadInput(m.input, flags)) return answer;
    cl_uint count = 0;
    answer.status =
        api().GetSupportedImageFormats((*context)->native.get(), flags, m.param, 0, nullptr, &count);
    if (answer.status != CL_SUCCESS) return answer;
    std::vector<cl_image_format> formats(count);
    answer.status = api().GetSupportedImageFormats((*context)->native.get(), flags, m.param, count,
                                                   formats.data(), nullptr);
    if (answer.status != CL_SUCCESS || formats.empty()) return answer;
    answer.value.resize(formats.size() * sizeof(cl_image_format));
    std::memcpy(answer.value.data(), formats.data(), answer.value.size());
    return answer;
  }

  Answer AskTimer() const {
    Answer answer;
    const std::shared_ptr<Device>* device = channel.devices.Find(DeviceId::Unpack(m.object), answer.status);
    if (device == nullptr) return answer;
    std::array<cl_ulong, 2> times{};
    if (m.query == wire::Query::kHostTimer) {
      if (api().GetHostTimer == nullptr) return AskValue(CL_INVALID_OPERATION, times);
      return AskValue(api().GetHostTimer((*device)->native, times.data()), times[0]);
    }
    if (api().GetDeviceAndHostTimer == nullptr) return AskValue(CL_INVALID_OPERATION, times);
    const cl_int status = api().GetDeviceAndHostTimer((*device)->native, times.data(), times.data() + 1);
    return AskValue(status, times);
  }

  Answer AskTraffic() const {
    const std::vector<transport::Traffic> traffic = channel.environment().transport.traffic();
    const auto bytes = std::as_bytes(std::span(traffic));
    return {CL_SUCCESS, {bytes.begin(), bytes.end()}};
  }

  Answer Run() const {
    switch (m.query) {
      case wire::Query::kDeviceInfo:
        return AskDevice();
      case wire::Query::kMemObjectInfo:
      case wire::Query::kImageInfo:
        return AskMem();
      case wire::Query::kKernelInfo:
      case wire::Query::kKernelWorkGroupInfo:
      case wire::Query::kKernelSubGroupInfo:
      case wire::Query::kKernelArgInfo:
        return AskKernel();
      case wire::Query::kProgramInfo:
      case wire::Query::kProgramBuildInfo:
        return AskProgram();
      case wire::Query::kSupportedImageFormats:
        return AskImageFormats();
      case wire::Query::kDeviceAndHostTimer:
      case wire::Query::kHostTimer:
        return AskTimer();
      case wire::Query::kTraffic:
        return AskTraffic();
    }
    return {};
  }
};

void Channel::On(const wire::QueryInfo& m) {
  std::shared_ptr<Program> program;
  std::shared_ptr<Kernel> kernel;
  cl_int missing = CL_SUCCESS;
  if (m.query == wire::Query::kProgramInfo || m.query == wire::Query::kProgramBuildInfo) {
    if (const auto* found = programs.Find(ProgramId::Unpack(m.object), missing)) program = *found;
  } else if (m.query == wire::Query::kKernelInfo || m.query == wire::Query::kKernelWorkGroupInfo ||
             m.query == wire::Query::kKernelSubGroupInfo || m.query == wire::Query::kKernelArgInfo) {
    if (const auto* found = kernels.Find(KernelId::Unpack(m.object), missing)) {
      kernel = *found;
      program = kernel->program;
    }
  }
  WhenFree({program}, m, [this, program, kernel, missing](const wire::QueryInfo& query) {
    const Answer answer = QueryRunner{*this, query, program, kernel, missing}.Run();
    Send(wire::InfoAnswered{query.request, answer.status, answer.value});
  });
}

}  // namespace clopencl::rankserver
