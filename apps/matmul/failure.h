// How the program ends, and the exception that ends it early.
#pragma once

#include <stdexcept>
#include <string>

namespace clopencl::matmul {

/// The exit codes; the README lists them for users.
enum class ExitCode : int {
  kCorrect = 0,
  kWrongResult = 1,
  kUsage = 2,         // an option or its value
  kBadDevices = 3,    // --devices cannot be read, or a part of it names nothing
  kNoDevice = 4,      // no OpenCL device to choose from
  kBadSlice = 5,      // n and slice do not go together
  kTooBig = 6,        // memory of the host or of a device
  kDeviceFailed = 7,  // an OpenCL call failed on at least one device
  kOutput = 8,        // the result file cannot be written
};

/// what() is a message for the user: what was wrong, where, what to do.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  [[nodiscard]] ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace clopencl::matmul
