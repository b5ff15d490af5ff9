// What a test program prints, and the exit code that follows from it.
//
// Every line is "name: value" on standard output and must be the same wherever the program runs on the same
// device, so that the harness can compare a native run with a forwarded one line by line. Lines may be
// printed by any thread; a program that does so must see to their order itself.
#pragma once

#include <CL/cl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace clopencl::programs {

// Prints "name: value".
void Print(const std::string& name, const std::string& value);
// Prints "name: value" of a number.
void PrintNumber(const std::string& name, long long value);
// Prints "name: CL_…".
void PrintError(const std::string& name, cl_int code);

// Prints "name: value", followed by " [specification: …]" where a platform departs from what is specified;
// the harness then allows both.
void PrintSpecified(const std::string& name, const std::string& value, const std::string& specified);

// Prints "name: ok", or "name: WRONG, detail", which makes the exit code 1.
bool Expect(bool ok, const std::string& name, const std::string& detail = "");
// Expects `code` to be `expected`.
bool ExpectError(cl_int code, cl_int expected, const std::string& name);
// Expects `got` to equal `expected` byte by byte, and prints a hash of it.
bool ExpectBytes(const void* got, const void* expected, size_t size, const std::string& name);

template <typename T>
bool ExpectEqual(const std::vector<T>& got, const std::vector<T>& expected, const std::string& name) {
  if (got.size() != expected.size()) return Expect(false, name, "sizes differ");
  return ExpectBytes(got.data(), expected.data(), got.size() * sizeof(T), name);
}

// Prints a hash of bytes that no host model foresees (filtered images, binaries of one's own making).
void PrintHash(const std::string& name, const void* data, size_t size);
uint64_t Hash(const void* data, size_t size);

// Ends the program with exit code 2 and the place of the call, unless `code` is CL_SUCCESS: for the calls
// that a test needs but does not test.
void Must(cl_int code, const char* file = __builtin_FILE(), int line = __builtin_LINE(),
          const char* function = __builtin_FUNCTION());
// Ends the program with exit code 2 and `reason`.
[[noreturn]] void Die(const std::string& reason);
// Ends the program with exit code 77, which CTest and the harness take as "skipped".
[[noreturn]] void Skip(const std::string& reason);

// 0, or 1 when an Expect… was not met. To be returned from main.
int ExitCode();

}  // namespace clopencl::programs
