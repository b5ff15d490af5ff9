// The device under measurement, with all that the benchmarks share.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "support/cl_error.h"
#include "support/cl_handle.h"
#include "support/device_info.h"

namespace clopencl::bench {

/// How often things are repeated within a round.
struct Effort {
  bool quick = false;
  [[nodiscard]] int Count(int full) const { return quick ? std::max(1, full / 10) : full; }
};

/// A context over one device or several, and the kernels of the benchmarks built for it:
///   nothing()                    does nothing
///   store(int* p, int v)         p[0] = v
///   increment(int* p)            p[0]++
///   fill(int* p, int v)          p[id] = v + id
class Target {
 public:
  /// Throws apps::ClError or std::runtime_error with the build log.
  explicit Target(std::vector<apps::DeviceInfo> devices);

  [[nodiscard]] const apps::DeviceInfo& device(std::size_t i = 0) const { return devices_[i]; }
  [[nodiscard]] cl_context context() const { return context_.get(); }

  [[nodiscard]] apps::Queue MakeQueue(cl_command_queue_properties properties = 0,
                                      std::size_t device = 0) const;
  [[nodiscard]] apps::Kernel MakeKernel(const char* name) const;
  [[nodiscard]] apps::Memory MakeBuffer(std::size_t bytes, cl_mem_flags flags = CL_MEM_READ_WRITE) const;

 private:
  std::vector<apps::DeviceInfo> devices_;
  apps::Context context_;
  apps::Program program_;
};

/// One work-item of `kernel`, behind `wait_for` if that is not null.
void Launch(cl_command_queue queue, cl_kernel kernel, cl_event wait_for = nullptr, cl_event* event = nullptr);

template <typename T>
void SetArgument(cl_kernel kernel, cl_uint index, const T& value) {
  apps::Check(clSetKernelArg(kernel, index, sizeof(value), &value), "clSetKernelArg");
}

/// Seconds since its construction.
class Stopwatch {
 public:
  [[nodiscard]] double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// `bytes` of page-aligned memory that has been touched.
class HostMemory {
 public:
  explicit HostMemory(std::size_t bytes);
  [[nodiscard]] unsigned char* data() { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Fills with a pattern that differs for each `seed` and place.
  void Fill(unsigned seed);
  /// Throws std::runtime_error, naming the place and `what`, where the content is not Fill(seed)'s.
  void Expect(unsigned seed, const char* what) const;

 private:
  struct Free {
    void operator()(unsigned char* memory) const { std::free(memory); }
  };
  std::unique_ptr<unsigned char, Free> bytes_;
  std::size_t size_;
};

}  // namespace clopencl::bench
