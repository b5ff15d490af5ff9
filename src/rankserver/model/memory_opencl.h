// A native OpenCL in this process's memory: below the device model (device_model.h), and in tests.
//
// Its devices have real memory. Commands run on threads of its own, or one by one when a test says so.
// Kernels are C++ functions chosen by the name of the kernel in the source. It also watches how it is used:
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

namespace clopencl::rankserver {

namespace memory_opencl {
struct Engine;
}

// What a kernel gets: its arguments by index, and its range.
struct KernelCall {
  struct Argument {
    std::span<std::byte> memory;   // Of a buffer, whole.
    std::vector<std::byte> value;  // Of a value.
    size_t local_size = 0;
  };
  std::vector<Argument> args;
  std::array<size_t, 3> offset{};
  std::array<size_t, 3> global{1, 1, 1};
  size_t device = 0;  // Its place among the devices.
  // Nanoseconds of CLOCK_MONOTONIC. When all was done that the launch waits for, the device's own kernels
  // apart; and, if the kernel has times of its own, when it began and ended.
  uint64_t ready = 0;
  uint64_t began = 0, ended = 0;
};
// The status with which the launch ends: CL_COMPLETE or an error.
using KernelFunction = std::function<cl_int(KernelCall& call)>;

// One at a time: the OpenCL functions have nothing that tells instances apart.
class MemoryOpenCl {
 public:
  struct Device {
    std::string name = "device in memory";
    std::string vendor = "clOpenCL";
    cl_device_type type = CL_DEVICE_TYPE_CPU;
    // Mapping gives the memory itself; otherwise a copy that is brought up to date when the map and unmap
    // commands run.
    bool unified = true;
    // What buffers of contexts with this device may take together, and what the device says of one alone.
    uint64_t memory = uint64_t{1} << 30;
    uint64_t max_allocation = uint64_t{1} << 28;
    cl_uint units = 4;
  };
  struct Settings {
    std::vector<Device> devices{Device{}};
    std::string platform = "OpenCL in memory";
    std::string version = "OpenCL 3.0 memory";
    size_t largest_buffer = size_t{1} << 30;
    unsigned threads = 2;  // 0: commands run in Step() only.
    // As PoCL 3.1: a failure takes with it everything that waits, also for the order of the queue; it calls no
    // callbacks, and such that are set later are told of success; what is enqueued later to wait for it never
    // runs.
    bool silent_failures = false;
    // A device runs one kernel at a time; transfers go on beside it.
    bool one_kernel_a_device = false;
    // A program with a kernel that AddKernel() doesn't know fails to build; else such a kernel does nothing.
    bool only_known_kernels = false;
    // As NVIDIA's: objects that have a kernel without arguments can't be linked once they were compiled with
    // -cl-kernel-arg-info.
    bool arg_info_breaks_links = false;
  };

  explicit MemoryOpenCl(Settings settings);
  MemoryOpenCl() : MemoryOpenCl(Settings{}) {}
  // Ends the threads. Objects that live are forgotten.
  ~MemoryOpenCl();
  MemoryOpenCl(const MemoryOpenCl&) = delete;
  MemoryOpenCl& operator=(const MemoryOpenCl&) = delete;

  static NativeApi Api();

  // Kernels of programs have to be known before they are built. There are: "add" (global int* p, int n: adds
  // n), "scale_into" (global int* to, global const int* from, int n) and "nothing" ().
  void AddKernel(const std::string& name, KernelFunction function);
  void RemoveKernels();

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
  std::shared_ptr<memory_opencl::Engine> engine_;
};

}  // namespace clopencl::rankserver
