// A native OpenCL for tests: in memory, functional, and under the test's control.
//
// Its devices have real memory. Commands run on threads of its own, or one by one when the test says so.
// Kernels are C++ functions chosen by the name of the kernel in the "source". It also watches how it is used:
// a command that touches a mapped buffer, a handle that was released, or objects left over are faults that
// tests ask for.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rankserver/native_api.h"

namespace clopencl::testing {

namespace mock {
struct Engine;
}

// What a kernel gets: its arguments by index, and its range.
struct MockKernelCall {
  struct Argument {
    std::span<std::byte> memory;   // Of a buffer, whole.
    std::vector<std::byte> value;  // Of a value.
    size_t local_size = 0;
  };
  std::vector<Argument> args;
  std::array<size_t, 3> offset{};
  std::array<size_t, 3> global{1, 1, 1};
};
using MockKernelFunction = std::function<void(MockKernelCall& call)>;

// One at a time: the OpenCL functions have nothing that tells instances apart.
class MockOpenCl {
 public:
  struct Device {
    std::string name = "mock device";
    cl_device_type type = CL_DEVICE_TYPE_CPU;
    // Mapping gives the memory itself; otherwise a copy that is brought up to date when the map and unmap
    // commands run.
    bool unified = true;
  };
  struct Settings {
    std::vector<Device> devices{Device{}};
    std::string version = "OpenCL 3.0 mock";
    unsigned threads = 2;  // 0: commands run in Step() only.
  };

  explicit MockOpenCl(Settings settings);
  MockOpenCl() : MockOpenCl(Settings{}) {}
  // Ends the threads. Objects that live are forgotten.
  ~MockOpenCl();
  MockOpenCl(const MockOpenCl&) = delete;
  MockOpenCl& operator=(const MockOpenCl&) = delete;

  static rankserver::NativeApi Api();

  // Kernels of programs have to be known before they are built. There are: "add" (global int* p, int n: adds
  // n), "scale_into" (global int* to, global const int* from, int n) and "nothing" ().
  void AddKernel(const std::string& name, MockKernelFunction function);

  // The function (without "cl") fails with `error` at its next call but `after`.
  void FailNext(const std::string& function, cl_int error, int after = 0);
  uint64_t calls(const std::string& function) const;

  // Builds wait until ReleaseBuilds().
  void HoldBuilds();
  void ReleaseBuilds();

  // Runs up to `count` commands that are ready, in the order in which they became so. How many there were.
  size_t Step(size_t count = 1);
  // Until nothing is ready.
  void StepAll();

  // Objects that are alive: handles that were created and not released as often as retained.
  size_t live_objects() const;
  // Commands that were enqueued and are not over.
  size_t pending_commands() const;
  // What was done wrong, in words.
  std::vector<std::string> faults() const;

 private:
  std::shared_ptr<mock::Engine> engine_;
};

}  // namespace clopencl::testing
