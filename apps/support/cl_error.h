// OpenCL error codes as exceptions with a readable name.
#pragma once

#include <CL/cl.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace clopencl::apps {

/// "CL_OUT_OF_RESOURCES (-5)", or "OpenCL error -1234" for a code the headers do not name.
std::string ErrorName(cl_int code);

/// An OpenCL call that failed; what() reads "clCreateBuffer: CL_OUT_OF_RESOURCES (-5)".
class ClError : public std::runtime_error {
 public:
  ClError(std::string_view call, cl_int code);

  [[nodiscard]] cl_int code() const { return code_; }

 private:
  cl_int code_;
};

/// Throws ClError unless `code` is CL_SUCCESS. `call` names the function, with what it was about if that
/// helps.
inline void Check(cl_int code, std::string_view call) {
  if (code != CL_SUCCESS) throw ClError(call, code);
}

}  // namespace clopencl::apps
