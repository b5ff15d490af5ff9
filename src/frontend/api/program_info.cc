// What programs tell of themselves.
#include <algorithm>
#include <cstring>

#include "frontend/api/api.h"
#include "frontend/core/program.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {
namespace {

// All binaries of a program, in the order of its devices.
std::vector<std::vector<std::byte>> FetchBinaries(Program& program) {
  const auto devices = program.devices();
  std::vector<std::vector<std::byte>> binaries(devices.size());
  for (Session* session : program.sessions()) {
    {
      std::lock_guard lock(TheRuntime().command_mutex());
      program.EnsureOn(*session);
    }
    cl_int status = CL_SUCCESS;
    TheRuntime().CallAndWait<wire::ProgramBinaries>(
        *session, wire::GetProgramBinaries{0, program.id()}, [&](const wire::ProgramBinaries& reply) {
          status = reply.status;
          size_t next = 0;
          for (size_t i = 0; i < devices.size() && next < reply.binaries.size(); ++i)
            if (&devices[i].device->session() == session) {
              binaries[i].assign(reply.binaries[next].begin(), reply.binaries[next].end());
              ++next;
            }
        });
    Require(status == CL_SUCCESS, status);
  }
  return binaries;
}

}  // namespace

void GetProgramInfo(cl_program handle, cl_program_info param, size_t size, void* value, size_t* size_ret) {
  Program& program = Get<Program>(handle, CL_INVALID_PROGRAM);
  const InfoSink sink(size, value, size_ret);
  const auto devices = program.devices();
  switch (param) {
    case CL_PROGRAM_REFERENCE_COUNT:
      return sink.Put<cl_uint>(program.api_references.load());
    case CL_PROGRAM_CONTEXT:
      return sink.Put(program.context().handle());
    case CL_PROGRAM_NUM_DEVICES:
      return sink.Put(static_cast<cl_uint>(devices.size()));
    case CL_PROGRAM_DEVICES: {
      std::vector<cl_device_id> handles;
      for (const auto& state : devices) handles.push_back(state.device->handle());
      return sink.PutArray(handles);
    }
    case CL_PROGRAM_SOURCE:
      return sink.PutText(program.origin() == Program::Origin::kSource ? program.source() : "");
    case CL_PROGRAM_IL:
      return sink.PutBytes(program.il().data(), program.il().size());
    case CL_PROGRAM_BINARY_SIZES: {
      // Not learnt with the build: PoCL compiles every kernel to be able to tell.
      std::vector<size_t> sizes(devices.size());
      if (value != nullptr) {
        Require(size >= sizes.size() * sizeof(size_t), CL_INVALID_VALUE);
        const auto binaries = FetchBinaries(program);
        for (size_t i = 0; i < sizes.size(); ++i) sizes[i] = binaries[i].size();
      }
      return sink.PutArray(sizes);
    }
    case CL_PROGRAM_BINARIES: {
      const size_t wanted = devices.size() * sizeof(unsigned char*);
      if (value != nullptr) {
        Require(size >= wanted, CL_INVALID_VALUE);
        const auto binaries = FetchBinaries(program);
        for (size_t i = 0; i < binaries.size(); ++i)
          if (unsigned char* into = static_cast<unsigned char**>(value)[i];
              into != nullptr && !binaries[i].empty())
            std::memcpy(into, binaries[i].data(), binaries[i].size());
      }
      if (size_ret != nullptr) *size_ret = wanted;
      return;
    }
    case CL_PROGRAM_NUM_KERNELS:
      Require(program.built(), CL_INVALID_PROGRAM_EXECUTABLE);
      return sink.Put(program.kernels().size());
    case CL_PROGRAM_KERNEL_NAMES:
      Require(program.built(), CL_INVALID_PROGRAM_EXECUTABLE);
      return sink.PutText(program.kernel_names());
    case CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT:
    case CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT:
      return sink.Put<cl_bool>(CL_FALSE);
    default:
      Fail(CL_INVALID_VALUE);
  }
}

void GetProgramBuildInfo(cl_program handle, cl_device_id device_handle, cl_program_build_info param,
                         size_t size, void* value, size_t* size_ret) {
  const Program& program = Get<Program>(handle, CL_INVALID_PROGRAM);
  const Device& device = Get<Device>(device_handle, CL_INVALID_DEVICE);
  Require(program.HasDevice(device), CL_INVALID_DEVICE);
  const ProgramOnDevice state = program.OnDevice(device);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_PROGRAM_BUILD_STATUS:
      return sink.Put(state.status);
    case CL_PROGRAM_BUILD_OPTIONS:
      return sink.PutText(state.options);
    case CL_PROGRAM_BUILD_LOG:
      return sink.PutText(state.log);
    case CL_PROGRAM_BINARY_TYPE:
      return sink.Put(state.binary_type);
    case CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE:
      return sink.Put(state.global_variable_total_size);
    default:
      Fail(CL_INVALID_VALUE);
  }
}

}  // namespace clopencl::frontend::api
