// The table of entry points (object.h: kDispatchTable) and the extension functions beside it.
#pragma once

#include <CL/cl_icd.h>

namespace clopencl::frontend {

// What clGetExtensionFunctionAddress* answer; null for functions we do not have.
void* FindExtensionFunction(const char* name);

}  // namespace clopencl::frontend
