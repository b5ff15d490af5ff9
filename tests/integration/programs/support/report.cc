#include "support/report.h"

#include <unistd.h>

#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "support/names.h"

namespace clopencl::programs {
namespace {

std::atomic<bool> g_failed = false;

std::mutex& OutputMutex() {
  static std::mutex& mutex = *new std::mutex;  // never destroyed: threads may print while the process exits
  return mutex;
}

std::string Hex(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%016" PRIx64, value);
  return text;
}

[[noreturn]] void End(int code, const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", text.c_str());
  std::fflush(stderr);
  std::_Exit(code);
}

}  // namespace

void Print(const std::string& name, const std::string& value) {
  const std::lock_guard lock(OutputMutex());
  std::printf("%s: %s\n", name.c_str(), value.c_str());
  std::fflush(stdout);  // a crash must not take earlier lines with it
}

void PrintNumber(const std::string& name, long long value) { Print(name, std::to_string(value)); }

void PrintError(const std::string& name, cl_int code) { Print(name, ErrorName(code)); }

void PrintSpecified(const std::string& name, const std::string& value, const std::string& specified) {
  Print(name, value == specified ? value : value + " [specification: " + specified + "]");
}

bool Expect(bool ok, const std::string& name, const std::string& detail) {
  if (!ok) g_failed = true;
  Print(name, ok ? "ok" : detail.empty() ? "WRONG" : "WRONG, " + detail);
  return ok;
}

bool ExpectError(cl_int code, cl_int expected, const std::string& name) {
  if (code != expected) g_failed = true;
  Print(name, code == expected ? ErrorName(code)
                               : "WRONG, " + ErrorName(code) + " instead of " + ErrorName(expected));
  return code == expected;
}

bool ExpectBytes(const void* got, const void* expected, size_t size, const std::string& name) {
  if (std::memcmp(got, expected, size) == 0) {
    Print(name, "ok " + Hex(Hash(got, size)));
    return true;
  }
  const auto* left = static_cast<const unsigned char*>(got);
  const auto* right = static_cast<const unsigned char*>(expected);
  size_t first = 0;
  size_t wrong = 0;
  for (size_t i = size; i-- > 0;) {
    if (left[i] == right[i]) continue;
    first = i;
    ++wrong;
  }
  return Expect(false, name,
                std::to_string(wrong) + " of " + std::to_string(size) + " bytes differ, the first at " +
                    std::to_string(first) + ": " + std::to_string(left[first]) + " instead of " +
                    std::to_string(right[first]));
}

void PrintHash(const std::string& name, const void* data, size_t size) { Print(name, Hex(Hash(data, size))); }

uint64_t Hash(const void* data, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint64_t hash = 1469598103934665603u;  // FNV-1a over words of eight bytes, then over the rest
  for (; size >= 8; size -= 8, bytes += 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    hash = (hash ^ word) * 1099511628211u;
    hash ^= hash >> 29;
  }
  for (; size > 0; --size, ++bytes) hash = (hash ^ *bytes) * 1099511628211u;
  return hash;
}

void Must(cl_int code, const char* file, int line, const char* function) {
  if (code == CL_SUCCESS) return;
  const char* slash = std::strrchr(file, '/');
  End(2, std::string(slash != nullptr ? slash + 1 : file) + ":" + std::to_string(line) + ": " + function +
             ": " + ErrorName(code));
}

void Die(const std::string& reason) { End(2, reason); }

void Skip(const std::string& reason) { End(77, "skipped: " + reason); }

int ExitCode() { return g_failed ? 1 : 0; }

}  // namespace clopencl::programs
