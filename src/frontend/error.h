// How the frontend reports OpenCL errors: functions throw ClError, the entry adapter (entry.h) turns it into
// the error code of the C entry point. No exception leaves the driver.
#pragma once

#include <CL/cl.h>

namespace clopencl::frontend {

struct ClError {
  cl_int code;
};

[[noreturn]] inline void Fail(cl_int code) { throw ClError{code}; }

// One argument check of the specification.
inline void Require(bool holds, cl_int code) {
  if (!holds) [[unlikely]]
    Fail(code);
}

}  // namespace clopencl::frontend
