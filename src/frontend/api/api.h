// The OpenCL functions, one file an object type: argument checks in the order of the specification, then
// core/.
//
// Signatures are those of the C functions without errcode_ret; errors are thrown (error.h). dispatch_table.cc
// makes the C entry points of them.
#pragma once

#include <CL/cl.h>
#include <CL/cl_ext.h>

namespace clopencl::frontend::api {

using NotifyContext = void(CL_CALLBACK*)(const char*, const void*, size_t, void*);
using NotifyContextDestroyed = void(CL_CALLBACK*)(cl_context, void*);
using NotifyMem = void(CL_CALLBACK*)(cl_mem, void*);
using NotifyProgram = void(CL_CALLBACK*)(cl_program, void*);
using NotifyEvent = void(CL_CALLBACK*)(cl_event, cl_int, void*);
using NotifySvmFree = void(CL_CALLBACK*)(cl_command_queue, cl_uint, void*[], void*);

// platform.cc
void GetPlatformIDs(cl_uint num_entries, cl_platform_id* platforms, cl_uint* num_platforms);
void GetPlatformInfo(cl_platform_id platform, cl_platform_info param, size_t size, void* value,
                     size_t* size_ret);
void UnloadPlatformCompiler(cl_platform_id platform);
void UnloadCompiler();

// device.cc
void GetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint num_entries, cl_device_id* devices,
                  cl_uint* num_devices);
void GetDeviceInfo(cl_device_id device, cl_device_info param, size_t size, void* value, size_t* size_ret);
void CreateSubDevices(cl_device_id device, const cl_device_partition_property* properties,
                      cl_uint num_devices, cl_device_id* out_devices, cl_uint* num_devices_ret);
void RetainDevice(cl_device_id device);
void ReleaseDevice(cl_device_id device);
void GetDeviceAndHostTimer(cl_device_id device, cl_ulong* device_timestamp, cl_ulong* host_timestamp);
void GetHostTimer(cl_device_id device, cl_ulong* host_timestamp);
void SetDefaultDeviceCommandQueue(cl_context context, cl_device_id device, cl_command_queue queue);

// context.cc
cl_context CreateContext(const cl_context_properties* properties, cl_uint num_devices,
                         const cl_device_id* devices, NotifyContext notify, void* user_data);
cl_context CreateContextFromType(const cl_context_properties* properties, cl_device_type type,
                                 NotifyContext notify, void* user_data);
void RetainContext(cl_context context);
void ReleaseContext(cl_context context);
void GetContextInfo(cl_context context, cl_context_info param, size_t size, void* value, size_t* size_ret);
void SetContextDestructorCallback(cl_context context, NotifyContextDestroyed notify, void* user_data);

// queue.cc
cl_command_queue CreateCommandQueue(cl_context context, cl_device_id device,
                                    cl_command_queue_properties properties);
cl_command_queue CreateCommandQueueWithProperties(cl_context context, cl_device_id device,
                                                  const cl_queue_properties* properties);
void RetainCommandQueue(cl_command_queue queue);
void ReleaseCommandQueue(cl_command_queue queue);
void GetCommandQueueInfo(cl_command_queue queue, cl_command_queue_info param, size_t size, void* value,
                         size_t* size_ret);
void SetCommandQueueProperty(cl_command_queue queue, cl_command_queue_properties properties, cl_bool enable,
                             cl_command_queue_properties* old);
void Flush(cl_command_queue queue);
void Finish(cl_command_queue queue);

// mem.cc
cl_mem CreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void* host_ptr);
cl_mem CreateBufferWithProperties(cl_context context, const cl_mem_properties* properties, cl_mem_flags flags,
                                  size_t size, void* host_ptr);
cl_mem CreateSubBuffer(cl_mem buffer, cl_mem_flags flags, cl_buffer_create_type type, const void* info);
void RetainMemObject(cl_mem mem);
void ReleaseMemObject(cl_mem mem);
void GetMemObjectInfo(cl_mem mem, cl_mem_info param, size_t size, void* value, size_t* size_ret);
void SetMemObjectDestructorCallback(cl_mem mem, NotifyMem notify, void* user_data);
cl_mem CreatePipe(cl_context context, cl_mem_flags flags, cl_uint packet_size, cl_uint max_packets,
                  const cl_pipe_properties* properties);
void GetPipeInfo(cl_mem pipe, cl_pipe_info param, size_t size, void* value, size_t* size_ret);

// image.cc
cl_mem CreateImage(cl_context context, cl_mem_flags flags, const cl_image_format* format,
                   const cl_image_desc* desc, void* host_ptr);
cl_mem CreateImageWithProperties(cl_context context, const cl_mem_properties* properties, cl_mem_flags flags,
                                 const cl_image_format* format, const cl_image_desc* desc, void* host_ptr);
cl_mem CreateImage2D(cl_context context, cl_mem_flags flags, const cl_image_format* format, size_t width,
                     size_t height, size_t row_pitch, void* host_ptr);
cl_mem CreateImage3D(cl_context context, cl_mem_flags flags, const cl_image_format* format, size_t width,
                     size_t height, size_t depth, size_t row_pitch, size_t slice_pitch, void* host_ptr);
void GetSupportedImageFormats(cl_context context, cl_mem_flags flags, cl_mem_object_type type,
                              cl_uint num_entries, cl_image_format* formats, cl_uint* num_formats);
void GetImageInfo(cl_mem image, cl_image_info param, size_t size, void* value, size_t* size_ret);

// sampler.cc
cl_sampler CreateSampler(cl_context context, cl_bool normalized, cl_addressing_mode addressing,
                         cl_filter_mode filter);
cl_sampler CreateSamplerWithProperties(cl_context context, const cl_sampler_properties* properties);
void RetainSampler(cl_sampler sampler);
void ReleaseSampler(cl_sampler sampler);
void GetSamplerInfo(cl_sampler sampler, cl_sampler_info param, size_t size, void* value, size_t* size_ret);

// program.cc
cl_program CreateProgramWithSource(cl_context context, cl_uint count, const char** strings,
                                   const size_t* lengths);
cl_program CreateProgramWithIL(cl_context context, const void* il, size_t length);
cl_program CreateProgramWithBuiltInKernels(cl_context context, cl_uint num_devices,
                                           const cl_device_id* devices, const char* names);
// Has two results besides the program, so it takes errcode_ret itself.
cl_program CreateProgramWithBinary(cl_context context, cl_uint num_devices, const cl_device_id* devices,
                                   const size_t* lengths, const unsigned char** binaries,
                                   cl_int* binary_status);
void RetainProgram(cl_program program);
void ReleaseProgram(cl_program program);
void BuildProgram(cl_program program, cl_uint num_devices, const cl_device_id* devices, const char* options,
                  NotifyProgram notify, void* user_data);
void CompileProgram(cl_program program, cl_uint num_devices, const cl_device_id* devices, const char* options,
                    cl_uint num_headers, const cl_program* headers, const char** names, NotifyProgram notify,
                    void* user_data);
// A failed link still gives a program with its log (OpenCL 3.0, clLinkProgram), so it has its own entry
// point.
cl_program CL_API_CALL LinkProgram(cl_context context, cl_uint num_devices, const cl_device_id* devices,
                                   const char* options, cl_uint num_inputs, const cl_program* inputs,
                                   NotifyProgram notify, void* user_data, cl_int* errcode_ret);
void SetProgramSpecializationConstant(cl_program program, cl_uint spec_id, size_t size, const void* value);
void SetProgramReleaseCallback(cl_program program, NotifyProgram notify, void* user_data);
void GetProgramInfo(cl_program program, cl_program_info param, size_t size, void* value, size_t* size_ret);
void GetProgramBuildInfo(cl_program program, cl_device_id device, cl_program_build_info param, size_t size,
                         void* value, size_t* size_ret);

// kernel.cc
cl_kernel CreateKernel(cl_program program, const char* name);
void CreateKernelsInProgram(cl_program program, cl_uint num_kernels, cl_kernel* kernels,
                            cl_uint* num_kernels_ret);
cl_kernel CloneKernel(cl_kernel source);
void RetainKernel(cl_kernel kernel);
void ReleaseKernel(cl_kernel kernel);
void SetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void* value);
void SetKernelArgSVMPointer(cl_kernel kernel, cl_uint index, const void* value);
void SetKernelExecInfo(cl_kernel kernel, cl_kernel_exec_info param, size_t size, const void* value);
void GetKernelInfo(cl_kernel kernel, cl_kernel_info param, size_t size, void* value, size_t* size_ret);
void GetKernelArgInfo(cl_kernel kernel, cl_uint index, cl_kernel_arg_info param, size_t size, void* value,
                      size_t* size_ret);
void GetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id device, cl_kernel_work_group_info param,
                            size_t size, void* value, size_t* size_ret);
void GetKernelSubGroupInfo(cl_kernel kernel, cl_device_id device, cl_kernel_sub_group_info param,
                           size_t input_size, const void* input, size_t size, void* value, size_t* size_ret);

// event.cc
void WaitForEvents(cl_uint count, const cl_event* events);
void GetEventInfo(cl_event event, cl_event_info param, size_t size, void* value, size_t* size_ret);
cl_event CreateUserEvent(cl_context context);
void RetainEvent(cl_event event);
void ReleaseEvent(cl_event event);
void SetUserEventStatus(cl_event event, cl_int status);
void SetEventCallback(cl_event event, cl_int type, NotifyEvent notify, void* user_data);
void GetEventProfilingInfo(cl_event event, cl_profiling_info param, size_t size, void* value,
                           size_t* size_ret);

// enqueue_buffer.cc
void EnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t size,
                       void* ptr, cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t size,
                        const void* ptr, cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueReadBufferRect(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                           const size_t* buffer_origin, const size_t* host_origin, const size_t* region,
                           size_t buffer_row_pitch, size_t buffer_slice_pitch, size_t host_row_pitch,
                           size_t host_slice_pitch, void* ptr, cl_uint num_events, const cl_event* wait_list,
                           cl_event* event);
void EnqueueWriteBufferRect(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                            const size_t* buffer_origin, const size_t* host_origin, const size_t* region,
                            size_t buffer_row_pitch, size_t buffer_slice_pitch, size_t host_row_pitch,
                            size_t host_slice_pitch, const void* ptr, cl_uint num_events,
                            const cl_event* wait_list, cl_event* event);
void EnqueueCopyBuffer(cl_command_queue queue, cl_mem source, cl_mem destination, size_t source_offset,
                       size_t destination_offset, size_t size, cl_uint num_events, const cl_event* wait_list,
                       cl_event* event);
void EnqueueCopyBufferRect(cl_command_queue queue, cl_mem source, cl_mem destination,
                           const size_t* source_origin, const size_t* destination_origin,
                           const size_t* region, size_t source_row_pitch, size_t source_slice_pitch,
                           size_t destination_row_pitch, size_t destination_slice_pitch, cl_uint num_events,
                           const cl_event* wait_list, cl_event* event);
void EnqueueFillBuffer(cl_command_queue queue, cl_mem buffer, const void* pattern, size_t pattern_size,
                       size_t offset, size_t size, cl_uint num_events, const cl_event* wait_list,
                       cl_event* event);

// enqueue_image.cc
void EnqueueReadImage(cl_command_queue queue, cl_mem image, cl_bool blocking, const size_t* origin,
                      const size_t* region, size_t row_pitch, size_t slice_pitch, void* ptr,
                      cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueWriteImage(cl_command_queue queue, cl_mem image, cl_bool blocking, const size_t* origin,
                       const size_t* region, size_t row_pitch, size_t slice_pitch, const void* ptr,
                       cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueCopyImage(cl_command_queue queue, cl_mem source, cl_mem destination, const size_t* source_origin,
                      const size_t* destination_origin, const size_t* region, cl_uint num_events,
                      const cl_event* wait_list, cl_event* event);
void EnqueueFillImage(cl_command_queue queue, cl_mem image, const void* color, const size_t* origin,
                      const size_t* region, cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueCopyImageToBuffer(cl_command_queue queue, cl_mem source, cl_mem destination, const size_t* origin,
                              const size_t* region, size_t offset, cl_uint num_events,
                              const cl_event* wait_list, cl_event* event);
void EnqueueCopyBufferToImage(cl_command_queue queue, cl_mem source, cl_mem destination, size_t offset,
                              const size_t* origin, const size_t* region, cl_uint num_events,
                              const cl_event* wait_list, cl_event* event);

// enqueue_map.cc
void* EnqueueMapBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, cl_map_flags flags,
                       size_t offset, size_t size, cl_uint num_events, const cl_event* wait_list,
                       cl_event* event);
void* EnqueueMapImage(cl_command_queue queue, cl_mem image, cl_bool blocking, cl_map_flags flags,
                      const size_t* origin, const size_t* region, size_t* row_pitch, size_t* slice_pitch,
                      cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueUnmapMemObject(cl_command_queue queue, cl_mem mem, void* pointer, cl_uint num_events,
                           const cl_event* wait_list, cl_event* event);
void EnqueueMigrateMemObjects(cl_command_queue queue, cl_uint num_mems, const cl_mem* mems,
                              cl_mem_migration_flags flags, cl_uint num_events, const cl_event* wait_list,
                              cl_event* event);

// enqueue_kernel.cc
void EnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint work_dim,
                          const size_t* global_offset, const size_t* global_size, const size_t* local_size,
                          cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueTask(cl_command_queue queue, cl_kernel kernel, cl_uint num_events, const cl_event* wait_list,
                 cl_event* event);
void EnqueueNativeKernel(cl_command_queue queue, void(CL_CALLBACK* function)(void*), void* args,
                         size_t args_size, cl_uint num_mems, const cl_mem* mems, const void** args_mem_loc,
                         cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueMarkerWithWaitList(cl_command_queue queue, cl_uint num_events, const cl_event* wait_list,
                               cl_event* event);
void EnqueueBarrierWithWaitList(cl_command_queue queue, cl_uint num_events, const cl_event* wait_list,
                                cl_event* event);
void EnqueueMarker(cl_command_queue queue, cl_event* event);
void EnqueueBarrier(cl_command_queue queue);
void EnqueueWaitForEvents(cl_command_queue queue, cl_uint num_events, const cl_event* wait_list);

// svm.cc
void* CL_API_CALL SVMAlloc(cl_context context, cl_svm_mem_flags flags, size_t size, cl_uint alignment);
void CL_API_CALL SVMFree(cl_context context, void* pointer);
void EnqueueSVMFree(cl_command_queue queue, cl_uint num_pointers, void* pointers[], NotifySvmFree notify,
                    void* user_data, cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueSVMMemcpy(cl_command_queue queue, cl_bool blocking, void* destination, const void* source,
                      size_t size, cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueSVMMemFill(cl_command_queue queue, void* pointer, const void* pattern, size_t pattern_size,
                       size_t size, cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueSVMMap(cl_command_queue queue, cl_bool blocking, cl_map_flags flags, void* pointer, size_t size,
                   cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueSVMUnmap(cl_command_queue queue, void* pointer, cl_uint num_events, const cl_event* wait_list,
                     cl_event* event);
void EnqueueSVMMigrateMem(cl_command_queue queue, cl_uint num_pointers, const void** pointers,
                          const size_t* sizes, cl_mem_migration_flags flags, cl_uint num_events,
                          const cl_event* wait_list, cl_event* event);

// command_buffer.cc
cl_command_buffer_khr CreateCommandBuffer(cl_uint num_queues, const cl_command_queue* queues,
                                          const cl_command_buffer_properties_khr* properties);
void FinalizeCommandBuffer(cl_command_buffer_khr buffer);
void RetainCommandBuffer(cl_command_buffer_khr buffer);
void ReleaseCommandBuffer(cl_command_buffer_khr buffer);
void EnqueueCommandBuffer(cl_uint num_queues, cl_command_queue* queues, cl_command_buffer_khr buffer,
                          cl_uint num_events, const cl_event* wait_list, cl_event* event);
void GetCommandBufferInfo(cl_command_buffer_khr buffer, cl_command_buffer_info_khr param, size_t size,
                          void* value, size_t* size_ret);
void CommandBarrierWithWaitList(cl_command_buffer_khr buffer, cl_command_queue queue, cl_uint count,
                                const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                                cl_mutable_command_khr* mutable_handle);
void CommandCopyBuffer(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source,
                       cl_mem destination, size_t source_offset, size_t destination_offset, size_t size,
                       cl_uint count, const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                       cl_mutable_command_khr* mutable_handle);
void CommandCopyBufferRect(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source,
                           cl_mem destination, const size_t* source_origin, const size_t* destination_origin,
                           const size_t* region, size_t source_row_pitch, size_t source_slice_pitch,
                           size_t destination_row_pitch, size_t destination_slice_pitch, cl_uint count,
                           const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                           cl_mutable_command_khr* mutable_handle);
void CommandCopyBufferToImage(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source,
                              cl_mem destination, size_t source_offset, const size_t* destination_origin,
                              const size_t* region, cl_uint count, const cl_sync_point_khr* list,
                              cl_sync_point_khr* sync_point, cl_mutable_command_khr* mutable_handle);
void CommandCopyImage(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source, cl_mem destination,
                      const size_t* source_origin, const size_t* destination_origin, const size_t* region,
                      cl_uint count, const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                      cl_mutable_command_khr* mutable_handle);
void CommandCopyImageToBuffer(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source,
                              cl_mem destination, const size_t* source_origin, const size_t* region,
                              size_t destination_offset, cl_uint count, const cl_sync_point_khr* list,
                              cl_sync_point_khr* sync_point, cl_mutable_command_khr* mutable_handle);
void CommandFillBuffer(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem mem, const void* pattern,
                       size_t pattern_size, size_t offset, size_t size, cl_uint count,
                       const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                       cl_mutable_command_khr* mutable_handle);
void CommandFillImage(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem image, const void* color,
                      const size_t* origin, const size_t* region, cl_uint count,
                      const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                      cl_mutable_command_khr* mutable_handle);
void CommandNDRangeKernel(cl_command_buffer_khr buffer, cl_command_queue queue,
                          const cl_properties* properties, cl_kernel kernel, cl_uint dimensions,
                          const size_t* offset, const size_t* global, const size_t* local, cl_uint count,
                          const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                          cl_mutable_command_khr* mutable_handle);

}  // namespace clopencl::frontend::api
