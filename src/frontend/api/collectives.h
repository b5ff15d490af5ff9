// The functions of cl_clopencl_collectives, as those of api.h.
#pragma once

#include <CL/cl_ext_clopencl.h>

namespace clopencl::frontend::api {

void EnqueueBroadcastBuffer(cl_uint num_queues, const cl_command_queue* queues, cl_mem buffer, size_t offset,
                            size_t size, cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueScatterBuffer(cl_uint num_queues, const cl_command_queue* queues, cl_mem source,
                          size_t source_offset, const cl_mem* destinations, const size_t* destination_offsets,
                          size_t size, cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueGatherBuffers(cl_uint num_queues, const cl_command_queue* queues, const cl_mem* sources,
                          const size_t* source_offsets, cl_mem destination, size_t destination_offset,
                          size_t size, cl_uint num_events, const cl_event* wait_list, cl_event* event);
void EnqueueAllGatherBuffers(cl_uint num_queues, const cl_command_queue* queues, const cl_mem* sources,
                             const size_t* source_offsets, const cl_mem* destinations,
                             const size_t* destination_offsets, size_t size, cl_uint num_events,
                             const cl_event* wait_list, cl_event* event);
void EnqueueReduceBuffers(cl_uint num_queues, const cl_command_queue* queues, const cl_mem* sources,
                          const size_t* source_offsets, cl_mem destination, size_t destination_offset,
                          size_t count, cl_reduction_type_clopencl type,
                          cl_reduction_operation_clopencl operation, cl_uint num_events,
                          const cl_event* wait_list, cl_event* event);

}  // namespace clopencl::frontend::api
