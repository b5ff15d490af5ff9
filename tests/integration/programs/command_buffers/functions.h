// The entry points of cl_khr_command_buffer, as an extension is found.
#pragma once

#include <CL/cl_ext.h>

#include "support/device.h"

namespace clopencl::programs {

// As versions 0.9.0 to 0.9.4 of the extension have them; later OpenCL headers describe later versions.
template <typename... Special>
using RecordFunction = cl_int(CL_API_CALL*)(cl_command_buffer_khr, cl_command_queue, Special..., cl_uint,
                                            const cl_sync_point_khr*, cl_sync_point_khr*,
                                            cl_mutable_command_khr*);

struct CommandBufferFunctions {
  // All null where the device does not have the extension.
  explicit CommandBufferFunctions(const Device& device);

  using Change = cl_int(CL_API_CALL*)(cl_command_buffer_khr);
  cl_command_buffer_khr(CL_API_CALL* Create)(cl_uint, const cl_command_queue*,
                                             const cl_command_buffer_properties_khr*, cl_int*) = nullptr;
  Change Finalize = nullptr;
  Change Retain = nullptr;
  Change Release = nullptr;
  cl_int(CL_API_CALL* Enqueue)(cl_uint, cl_command_queue*, cl_command_buffer_khr, cl_uint, const cl_event*,
                               cl_event*) = nullptr;
  cl_int(CL_API_CALL* GetInfo)(cl_command_buffer_khr, cl_command_buffer_info_khr, size_t, void*,
                               size_t*) = nullptr;
  RecordFunction<> Barrier = nullptr;
  RecordFunction<cl_mem, cl_mem, size_t, size_t, size_t> CopyBuffer = nullptr;
  RecordFunction<cl_mem, cl_mem, const size_t*, const size_t*, const size_t*, size_t, size_t, size_t, size_t>
      CopyBufferRect = nullptr;
  RecordFunction<cl_mem, cl_mem, size_t, const size_t*, const size_t*> CopyBufferToImage = nullptr;
  RecordFunction<cl_mem, cl_mem, const size_t*, const size_t*, const size_t*> CopyImage = nullptr;
  RecordFunction<cl_mem, cl_mem, const size_t*, const size_t*, size_t> CopyImageToBuffer = nullptr;
  RecordFunction<cl_mem, const void*, size_t, size_t, size_t> FillBuffer = nullptr;
  RecordFunction<cl_mem, const void*, const size_t*, const size_t*> FillImage = nullptr;
  RecordFunction<const cl_properties*, cl_kernel, cl_uint, const size_t*, const size_t*, const size_t*>
      NDRangeKernel = nullptr;
};

}  // namespace clopencl::programs
