// What goes wrong in a way that the user can mend: the text says what, where, and what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace clopencl::launch {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The command line (or a device specification in it) was wrong; clrun then ends with 2 instead of 1.
class UsageError : public Error {
 public:
  using Error::Error;
};

// "what: No such file or directory", from errno.
[[noreturn]] void ThrowErrno(const std::string& what);

}  // namespace clopencl::launch
