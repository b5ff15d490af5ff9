// Prints what a clGet…Info function returns for a list of tokens.
#pragma once

#include <CL/cl.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

namespace clopencl::programs {

// How the value of a token is read.
enum class Kind {
  kUint,
  kInt,
  kUlong,
  kSize,
  kSizes,
  kBool,
  kText,
  kTextWords,  // words in any order: extensions
  kHandle,     // printed as the name under which it was registered
  kHandles,
  kPointer,     // printed as null, as a registered name, or as "not null"
  kHex,         // flags and constants without names of their own here
  kProperties,  // a list of pairs that ends with 0; values that are registered handles are named
  kPartition,   // a list of cl_device_partition_property
  kVersion,
  kNameVersions,
  kFormat,
  kExecution,  // CL_EXEC_…
  kSvm,        // CL_DEVICE_SVM_…
  kTime,       // a time: that it is not zero is all that can be compared
  kError,
  kStatus,
  kCommand,
  kMemType,
  kSizeOnly,  // nothing but the size can be compared
  kAnything,  // not even that: whether the query works
  kBytes,
};

struct Token {
  cl_uint value;
  const char* name;
  Kind kind;
  const char* specified = nullptr;  // what the specification says, where a native platform departs from it
};

// A Token under its own name.
#define INFO(token, kind) \
  Token { token, #token, ::clopencl::programs::Kind::kind }

#define INFO_SPECIFIED(token, kind, specified) \
  Token { token, #token, ::clopencl::programs::Kind::kind, specified }

// token, size, value, size_ret
using InfoQuery = std::function<cl_int(cl_uint, size_t, void*, size_t*)>;

// Names handles, so that they are printed the same in every run.
class Handles {
 public:
  void Add(const void* handle, const std::string& name) { names_[handle] = name; }
  // "null", the name, or `otherwise`.
  std::string Name(const void* handle, const char* otherwise = "unknown") const;
  bool Knows(const void* handle) const { return names_.count(handle) != 0; }

 private:
  std::map<const void*, std::string> names_;
};

// Prints for each token "object/TOKEN size: n" and "object/TOKEN: value", or the error. Also says when a size
// that is too small is accepted, and when the function writes beyond the value's size.
void Dump(const std::string& object, const InfoQuery& query, const Handles& handles,
          const std::vector<Token>& tokens);

}  // namespace clopencl::programs
