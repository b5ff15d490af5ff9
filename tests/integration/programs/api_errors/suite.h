// The cases of api_errors: each makes one call that OpenCL must refuse (or, as a check of the check, accept)
// and prints what came back.
#pragma once

#include <CL/cl.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "support/handle.h"

namespace clopencl::programs {

// The error codes that the specification allows for a case: several where it leaves the order of checks open.
class Codes {
 public:
  Codes(cl_int code) : codes_{code} {}  // NOLINT: a single code reads as itself
  Codes(std::initializer_list<cl_int> codes) : codes_(codes) {}

  bool Contains(cl_int code) const;
  std::string String() const;

 private:
  std::vector<cl_int> codes_;
};

// Runs cases and prints a line for each: "group/case: CL_…", followed by " [specification: CL_…]" where the
// platform departs from the specification. The harness lets a forwarding platform choose there.
class Suite {
 public:
  struct Options {
    std::string only;    // runs the cases whose names begin with it
    bool exact = false;  // … or are it
    bool all = false;    // runs also the cases that crash a native platform
    bool list = false;   // prints the names and runs nothing
  };

  explicit Suite(Options options) : options_(std::move(options)) {}

  void Group(const char* name) { group_ = name; }

  // `call` returns the error code.
  template <typename Call>
  void Returns(const char* name, const Codes& specified, Call call) {
    if (Begin(name)) End(call(), specified, "");
  }

  // `call` returns whether it got something, from a function without error codes.
  template <typename Call>
  void Yields(const char* name, bool specified, Call call) {
    if (Begin(name)) EndYield(call(), specified);
  }

  // `call` takes errcode_ret and returns an object, which must be null exactly when there is an error.
  template <typename Call>
  void Creates(const char* name, const Codes& specified, Call call) {
    if (!Begin(name)) return;
    cl_int code = kUntouched;
    auto object = call(&code);
    const bool consistent = (object != nullptr) == (code == CL_SUCCESS);
    if (code == CL_SUCCESS && object != nullptr) Release(object);
    End(code, specified, consistent ? "" : object != nullptr ? " with an object" : " without an object");
  }

  // `call` takes the event pointer of an enqueue and returns the error code. An accepted command is waited
  // for; a refused one must leave the event alone.
  template <typename Call>
  void Enqueues(const char* name, const Codes& specified, Call call) {
    if (!Begin(name)) return;
    cl_event event = nullptr;
    const cl_int code = call(&event);
    std::string remark;
    if (code == CL_SUCCESS && event == nullptr) remark = " without an event";
    if (code != CL_SUCCESS && event != nullptr) remark = " with an event";
    if (code == CL_SUCCESS && event != nullptr) {
      remark = Await(event);
      clReleaseEvent(event);
    }
    End(code, specified, remark);
  }

  int cases() const { return cases_; }

 private:
  // No OpenCL error: what a call leaves that does not set errcode_ret.
  static constexpr cl_int kUntouched = -9999;

  // False when the case is not to run.
  bool Begin(const char* name);
  void End(cl_int code, const Codes& specified, const std::string& remark);
  void EndYield(bool got, bool specified);
  // Empty, or how the command failed.
  static std::string Await(cl_event event);

  Options options_;
  std::string group_;
  std::string name_;
  int cases_ = 0;
};

// Whether the case makes a native platform crash or hang, so that there is nothing to compare with
// (native_crashes.cc says which and why).
bool CrashesNatively(const std::string& name);

}  // namespace clopencl::programs
