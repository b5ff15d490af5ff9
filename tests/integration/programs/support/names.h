// Names for the numbers that OpenCL returns, so that outputs can be read and compared.
#pragma once

#include <CL/cl.h>

#include <string>

namespace clopencl::programs {

// "CL_INVALID_VALUE"; a code that OpenCL does not define becomes "error -9999".
std::string ErrorName(cl_int code);

// "CL_QUEUED" to "CL_COMPLETE"; a negative status becomes its error's name.
std::string StatusName(cl_int status);

// "CL_COMMAND_NDRANGE_KERNEL" and so on.
std::string CommandName(cl_command_type type);

// "CL_MEM_OBJECT_BUFFER" and so on.
std::string MemTypeName(cl_mem_object_type type);

// "CL_RGBA/CL_FLOAT".
std::string FormatName(const cl_image_format& format);

}  // namespace clopencl::programs
