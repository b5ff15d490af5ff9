/* What clOpenCL adds to OpenCL: where a platform or device lives.
 *
 * Platforms and devices that a rank server offers answer these tokens; others return CL_INVALID_VALUE. The extension string
 * cl_clopencl_host_name says that they do.
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

#endif /* CL_EXT_CLOPENCL_H_ */
