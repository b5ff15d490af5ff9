#include "bench/target.h"

#include <fmt/format.h>

#include <cstring>
#include <new>
#include <stdexcept>

namespace clopencl::bench {

using apps::Check;
using apps::ClError;

namespace {

constexpr const char* kSource = R"(
__kernel void nothing(void) {}
__kernel void store(__global int *p, int v) { p[0] = v; }
__kernel void increment(__global int *p) { p[0]++; }
__kernel void fill(__global int *p, int v) { p[get_global_id(0)] = v + (int)get_global_id(0); }
)";

constexpr std::size_t kPage = 4096;

// The word that Fill(seed) puts at a place.
std::uint32_t Pattern(unsigned seed, std::size_t word) {
  return static_cast<std::uint32_t>(word) * 2654435761U + seed * 40503U;
}

std::string BuildLog(cl_program program, cl_device_id device) {
  std::size_t size = 0;
  if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size) != CL_SUCCESS)
    return {};
  std::string log(size, '\0');
  clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr);
  return log;
}

}  // namespace

Target::Target(std::vector<apps::DeviceInfo> devices) : devices_(std::move(devices)) {
  std::vector<cl_device_id> ids;
  for (const apps::DeviceInfo& device : devices_) ids.push_back(device.id);
  const auto count = static_cast<cl_uint>(ids.size());
  cl_int code = CL_SUCCESS;
  context_ = apps::Context(clCreateContext(nullptr, count, ids.data(), nullptr, nullptr, &code));
  Check(code, "clCreateContext");
  const char* source = kSource;
  program_ = apps::Program(clCreateProgramWithSource(context_.get(), 1, &source, nullptr, &code));
  Check(code, "clCreateProgramWithSource");
  code = clBuildProgram(program_.get(), count, ids.data(), "", nullptr, nullptr);
  if (code != CL_SUCCESS) {
    throw std::runtime_error(
        fmt::format("{}\n{}", ClError("clBuildProgram", code).what(), BuildLog(program_.get(), ids.front())));
  }
}

apps::Queue Target::MakeQueue(cl_command_queue_properties properties, std::size_t device) const {
  cl_int code = CL_SUCCESS;
  apps::Queue queue(clCreateCommandQueue(context_.get(), devices_[device].id, properties, &code));
  Check(code, "clCreateCommandQueue");
  return queue;
}

apps::Kernel Target::MakeKernel(const char* name) const {
  cl_int code = CL_SUCCESS;
  apps::Kernel kernel(clCreateKernel(program_.get(), name, &code));
  Check(code, "clCreateKernel");
  return kernel;
}

apps::Memory Target::MakeBuffer(std::size_t bytes, cl_mem_flags flags) const {
  cl_int code = CL_SUCCESS;
  apps::Memory buffer(clCreateBuffer(context_.get(), flags, bytes, nullptr, &code));
  Check(code, "clCreateBuffer");
  return buffer;
}

void Launch(cl_command_queue queue, cl_kernel kernel, cl_event wait_for, cl_event* event) {
  const std::size_t one = 1;
  Check(clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &one, &one, wait_for == nullptr ? 0 : 1,
                               wait_for == nullptr ? nullptr : &wait_for, event),
        "clEnqueueNDRangeKernel");
}

HostMemory::HostMemory(std::size_t bytes) : size_(bytes) {
  const std::size_t whole_pages = (bytes + kPage - 1) / kPage * kPage;
  bytes_.reset(static_cast<unsigned char*>(std::aligned_alloc(kPage, whole_pages)));
  if (bytes_ == nullptr) throw std::bad_alloc();
  std::memset(bytes_.get(), 0, whole_pages);
}

void HostMemory::Fill(unsigned seed) {
  for (std::size_t i = 0; i < size_ / 4; ++i) {
    const std::uint32_t word = Pattern(seed, i);
    std::memcpy(data() + i * 4, &word, 4);
  }
}

void HostMemory::Expect(unsigned seed, const char* what) const {
  for (std::size_t i = 0; i < size_ / 4; ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes_.get() + i * 4, 4);
    if (word != Pattern(seed, i))
      throw std::runtime_error(fmt::format("{}: wrong data at byte {}", what, i * 4));
  }
}

}  // namespace clopencl::bench
