/* What clOpenCL adds to OpenCL: where a platform or device lives, what has travelled between the ranks of the job, and
 * commands over several devices.
 *
 * Platforms and devices that a rank server offers have the extensions named here; others return CL_INVALID_VALUE for
 * the tokens and null for the functions.
 */
#ifndef CL_EXT_CLOPENCL_H_
#define CL_EXT_CLOPENCL_H_

#include <CL/cl.h>

#define CL_CLOPENCL_HOST_NAME_EXTENSION_NAME "cl_clopencl_host_name"

/* clGetPlatformInfo: char[], the host name of the node whose native platform this is. A merged platform, whose
 * devices live on several nodes, answers rank 0's host name; ask the devices. */
#define CL_PLATFORM_HOSTNAME 0x4CA0

/* clGetDeviceInfo: char[], the host name of the node the device is in. */
#define CL_DEVICE_HOSTNAME_CLOPENCL 0x4CA1

/* clGetDeviceInfo: cl_uint, the MPI rank of the rank server that serves the device. */
#define CL_DEVICE_RANK_CLOPENCL 0x4CA2

#define CL_CLOPENCL_TRAFFIC_EXTENSION_NAME "cl_clopencl_traffic"

/* What one rank has sent to another since the job began: packets (requests, replies and small data, bundled) and
 * payloads (data of more than CLOPENCL_INLINE_BYTES, each counted once). */
typedef struct cl_traffic_clopencl {
  cl_ulong packets;
  cl_ulong packet_bytes;
  cl_ulong payloads;
  cl_ulong payload_bytes;
} cl_traffic_clopencl;

/* clGetPlatformInfo: cl_traffic_clopencl[], what the program's own rank, which is 0, has sent to each rank of the job. */
#define CL_PLATFORM_TRAFFIC_CLOPENCL 0x4CA3

/* clGetDeviceInfo: cl_traffic_clopencl[], what the rank that serves the device has sent to each rank of the job. */
#define CL_DEVICE_TRAFFIC_CLOPENCL 0x4CA4

#define CL_CLOPENCL_COLLECTIVES_EXTENSION_NAME "cl_clopencl_collectives"

/* Commands over several devices of one context, whichever nodes they are in. Look the functions up with
 * clGetExtensionFunctionAddressForPlatform.
 *
 * Each takes a command queue for every device that takes part; the queues are of one context, and the first one's
 * device is where a single result goes. It is a command of each of these queues: in order after what an in-order queue
 * holds, and with the wait list for all of them. It reads and writes buffers as commands of those queues do, so the
 * usual rules hold for what other commands may do to them meanwhile. The event belongs to the first queue and is
 * complete once all is done; it may be null. Data goes from node to node directly and never through the program's
 * own.
 *
 * Errors: CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT (queues, buffers and events are not all of one context),
 * CL_INVALID_MEM_OBJECT, CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_VALUE (no queue, no size, a null list, a range that is
 * not inside its buffer), CL_MEM_COPY_OVERLAP, and what copying or running a kernel can return.
 *
 * Lists of buffers and of offsets have an entry for each queue; a null list of offsets means zeros. Offsets and sizes
 * are in bytes. */

/* All devices have the current contents of the range afterwards: commands that read it there find it in place. */
typedef cl_int(CL_API_CALL* clEnqueueBroadcastBufferCLOPENCL_fn)(cl_uint num_queues, const cl_command_queue* queues,
                                                                 cl_mem buffer, size_t offset, size_t size,
                                                                 cl_uint num_events_in_wait_list,
                                                                 const cl_event* event_wait_list, cl_event* event);

/* Device i copies `size` bytes from source_offset + i * size of the source to its destination. */
typedef cl_int(CL_API_CALL* clEnqueueScatterBufferCLOPENCL_fn)(cl_uint num_queues, const cl_command_queue* queues,
                                                               cl_mem source, size_t source_offset,
                                                               const cl_mem* destinations,
                                                               const size_t* destination_offsets, size_t size,
                                                               cl_uint num_events_in_wait_list,
                                                               const cl_event* event_wait_list, cl_event* event);

/* The first device copies `size` bytes of source i to destination_offset + i * size of the destination. */
typedef cl_int(CL_API_CALL* clEnqueueGatherBuffersCLOPENCL_fn)(cl_uint num_queues, const cl_command_queue* queues,
                                                               const cl_mem* sources, const size_t* source_offsets,
                                                               cl_mem destination, size_t destination_offset,
                                                               size_t size, cl_uint num_events_in_wait_list,
                                                               const cl_event* event_wait_list, cl_event* event);

/* Every device does that, with a destination of its own. */
typedef cl_int(CL_API_CALL* clEnqueueAllGatherBuffersCLOPENCL_fn)(
    cl_uint num_queues, const cl_command_queue* queues, const cl_mem* sources, const size_t* source_offsets,
    const cl_mem* destinations, const size_t* destination_offsets, size_t size, cl_uint num_events_in_wait_list,
    const cl_event* event_wait_list, cl_event* event);

typedef cl_uint cl_reduction_type_clopencl;
#define CL_REDUCTION_FLOAT_CLOPENCL 1
#define CL_REDUCTION_DOUBLE_CLOPENCL 2 /* CL_INVALID_OPERATION unless every device has cl_khr_fp64. */
#define CL_REDUCTION_INT_CLOPENCL 3    /* cl_int; sums wrap around. */

typedef cl_uint cl_reduction_operation_clopencl;
#define CL_REDUCTION_SUM_CLOPENCL 1 /* Added up in pairs: ((0+1)+(2+3))+... */
#define CL_REDUCTION_MIN_CLOPENCL 2 /* Of float and double as fmin and fmax. */
#define CL_REDUCTION_MAX_CLOPENCL 3

/* Element by element over the sources, `count` elements each; the result is in the destination, by the first
 * device. */
typedef cl_int(CL_API_CALL* clEnqueueReduceBuffersCLOPENCL_fn)(
    cl_uint num_queues, const cl_command_queue* queues, const cl_mem* sources, const size_t* source_offsets,
    cl_mem destination, size_t destination_offset, size_t count, cl_reduction_type_clopencl type,
    cl_reduction_operation_clopencl operation, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
    cl_event* event);

/* clGetEventInfo: the CL_EVENT_COMMAND_TYPE of their events. */
#define CL_COMMAND_BROADCAST_BUFFER_CLOPENCL 0x4CB0
#define CL_COMMAND_SCATTER_BUFFER_CLOPENCL 0x4CB1
#define CL_COMMAND_GATHER_BUFFERS_CLOPENCL 0x4CB2
#define CL_COMMAND_ALL_GATHER_BUFFERS_CLOPENCL 0x4CB3
#define CL_COMMAND_REDUCE_BUFFERS_CLOPENCL 0x4CB4

#endif /* CL_EXT_CLOPENCL_H_ */
