// The functions of cl_khr_command_buffer as versions 0.9.0 to 0.9.4 have them. Not taken from the OpenCL
// headers, because these describe the version that they are of, and later ones added an argument.
#pragma once

#include <CL/cl_ext.h>

namespace clopencl::command_buffer {

using Create = cl_command_buffer_khr(CL_API_CALL*)(cl_uint num_queues, const cl_command_queue* queues,
                                                   const cl_command_buffer_properties_khr* properties,
                                                   cl_int* errcode_ret);
using Change = cl_int(CL_API_CALL*)(cl_command_buffer_khr buffer);  // Finalize, retain, release.
using Enqueue = cl_int(CL_API_CALL*)(cl_uint num_queues, cl_command_queue* queues,
                                     cl_command_buffer_khr buffer, cl_uint num_events,
                                     const cl_event* wait_list, cl_event* event);
using GetInfo = cl_int(CL_API_CALL*)(cl_command_buffer_khr buffer, cl_command_buffer_info_khr param,
                                     size_t size, void* value, size_t* size_ret);

// Recordings: a buffer, a queue, what is special, then sync points and what comes back.
template <typename... Special>
using Record = cl_int(CL_API_CALL*)(cl_command_buffer_khr buffer, cl_command_queue queue, Special... special,
                                    cl_uint num_sync_points, const cl_sync_point_khr* wait_list,
                                    cl_sync_point_khr* sync_point, cl_mutable_command_khr* mutable_handle);
using Barrier = Record<>;
using CopyBuffer = Record<cl_mem, cl_mem, size_t, size_t, size_t>;
using CopyBufferRect =
    Record<cl_mem, cl_mem, const size_t*, const size_t*, const size_t*, size_t, size_t, size_t, size_t>;
using CopyBufferToImage = Record<cl_mem, cl_mem, size_t, const size_t*, const size_t*>;
using CopyImage = Record<cl_mem, cl_mem, const size_t*, const size_t*, const size_t*>;
using CopyImageToBuffer = Record<cl_mem, cl_mem, const size_t*, const size_t*, size_t>;
using FillBuffer = Record<cl_mem, const void*, size_t, size_t, size_t>;
using FillImage = Record<cl_mem, const void*, const size_t*, const size_t*>;
using NDRangeKernel =
    Record<const cl_properties*, cl_kernel, cl_uint, const size_t*, const size_t*, const size_t*>;

}  // namespace clopencl::command_buffer
