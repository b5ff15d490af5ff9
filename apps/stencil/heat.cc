#include "stencil/heat.h"

#include <random>
#include <string>

#include "support/cl_error.h"

namespace clopencl::stencil {
namespace {

using apps::Check;

// Sums and products without contraction: the same on every device, to the last bit.
constexpr const char* kSource = R"(
#pragma OPENCL FP_CONTRACT OFF
float spread(global const float* row, global const float* north, global const float* south, int x, int n) {
  float west = x > 0 ? row[x - 1] : 0.0f;
  float east = x + 1 < n ? row[x + 1] : 0.0f;
  return row[x] * 0.5f + ((north[x] + south[x]) + (west + east)) * 0.125f;
}

// The first and the last row of a part of `rows` rows.
kernel void edges(global const float* from, global float* to, global const float* above,
                  global const float* below, global float* top, global float* bottom, int n, int rows) {
  int x = get_global_id(0);
  if (get_global_id(1) == 0) {
    top[x] = to[x] = spread(from, above, from + n, x, n);
  } else {
    size_t last = (size_t)(rows - 1) * n;
    bottom[x] = to[last + x] = spread(from + last, from + last - n, below, x, n);
  }
}

kernel void inner(global const float* from, global float* to, int n) {
  int x = get_global_id(0);
  size_t row = (get_global_id(1) + 1) * (size_t)n;
  to[row + x] = spread(from + row, from + row - n, from + row + n, x, n);
}
)";

template <typename... Values>
void SetArgs(cl_kernel kernel, const Values&... values) {
  cl_uint index = 0;
  const auto set = [&](const auto& value) {
    Check(clSetKernelArg(kernel, index, sizeof value, &value), "clSetKernelArg " + std::to_string(index));
    ++index;
  };
  (set(values), ...);
}

apps::Memory MakeBuffer(cl_context context, std::size_t cells, const float* contents) {
  cl_int code = CL_SUCCESS;
  const cl_mem_flags flags = contents != nullptr ? CL_MEM_COPY_HOST_PTR : CL_MEM_READ_WRITE;
  apps::Memory buffer(
      clCreateBuffer(context, flags, cells * sizeof(float), const_cast<float*>(contents), &code));
  Check(code, "clCreateBuffer");
  return buffer;
}

apps::Kernel MakeKernel(cl_program program, const char* name) {
  cl_int code = CL_SUCCESS;
  apps::Kernel kernel(clCreateKernel(program, name, &code));
  Check(code, std::string("clCreateKernel ") + name);
  return kernel;
}

apps::Queue MakeQueue(cl_context context, cl_device_id device) {
  cl_int code = CL_SUCCESS;
  apps::Queue queue(clCreateCommandQueue(context, device, 0, &code));
  Check(code, "clCreateCommandQueue");
  return queue;
}

}  // namespace

std::vector<float> InitialPlate(std::size_t n, unsigned seed) {
  std::vector<float> plate(n * n);
  std::mt19937 random(seed);
  for (float& cell : plate) cell = static_cast<float>(random() >> 8) / static_cast<float>(1 << 24);
  return plate;
}

Heat::Heat(const std::vector<apps::DeviceInfo>& devices, std::size_t parts, const std::vector<float>& plate,
           std::size_t n)
    : n_(n), parts_(parts) {
  std::vector<cl_device_id> ids;
  for (const apps::DeviceInfo& device : devices) ids.push_back(device.id);
  const auto count = static_cast<cl_uint>(ids.size());
  cl_int code = CL_SUCCESS;
  context_ = apps::Context(clCreateContext(nullptr, count, ids.data(), nullptr, nullptr, &code));
  Check(code, "clCreateContext");
  const char* source = kSource;
  program_ = apps::Program(clCreateProgramWithSource(context_.get(), 1, &source, nullptr, &code));
  Check(code, "clCreateProgramWithSource");
  Check(clBuildProgram(program_.get(), count, ids.data(), "", nullptr, nullptr), "clBuildProgram");
  for (std::size_t i = 0; i < parts; ++i) {
    parts_[i].first_row = n * i / parts;
    parts_[i].rows = n * (i + 1) / parts - parts_[i].first_row;
    MakePart(parts_[i], ids[i % ids.size()], plate);
  }
}

apps::Memory Heat::Row(const float* contents) const { return MakeBuffer(context_.get(), n_, contents); }

void Heat::MakePart(Part& part, cl_device_id device, const std::vector<float>& plate) {
  const std::vector<float> cold(n_);
  const std::size_t end_row = part.first_row + part.rows;
  part.compute = MakeQueue(context_.get(), device);
  part.exchange = MakeQueue(context_.get(), device);
  part.edges = MakeKernel(program_.get(), "edges");
  part.inner = MakeKernel(program_.get(), "inner");
  for (int i = 0; i < 2; ++i) {
    part.plate[i] =
        MakeBuffer(context_.get(), part.rows * n_, i == 0 ? &plate[part.first_row * n_] : nullptr);
    part.above[i] = Row(part.first_row > 0 ? &plate[(part.first_row - 1) * n_] : cold.data());
    part.below[i] = Row(end_row < n_ ? &plate[end_row * n_] : cold.data());
    part.top[i] = Row(nullptr);
    part.bottom[i] = Row(nullptr);
  }
}

apps::Event Heat::ComputeEdges(Part& part, std::size_t step) {
  const std::size_t now = step % 2, next = 1 - now;
  SetArgs(part.edges.get(), part.plate[now].get(), part.plate[next].get(), part.above[now].get(),
          part.below[now].get(), part.top[now].get(), part.bottom[now].get(), static_cast<cl_int>(n_),
          static_cast<cl_int>(part.rows));
  std::vector<cl_event> wait;
  for (const apps::Event& event : part.arrived) wait.push_back(event.get());
  const std::size_t cells[] = {n_, 2};
  apps::Event computed;
  Check(clEnqueueNDRangeKernel(part.compute.get(), part.edges.get(), 2, nullptr, cells, nullptr,
                               static_cast<cl_uint>(wait.size()), wait.empty() ? nullptr : wait.data(),
                               computed.Receive()),
        "clEnqueueNDRangeKernel edges");
  part.arrived.clear();
  return computed;
}

void Heat::ComputeInner(Part& part, std::size_t step) {
  if (part.rows == 2) return;
  SetArgs(part.inner.get(), part.plate[step % 2].get(), part.plate[1 - step % 2].get(),
          static_cast<cl_int>(n_));
  const std::size_t cells[] = {n_, part.rows - 2};
  Check(clEnqueueNDRangeKernel(part.compute.get(), part.inner.get(), 2, nullptr, cells, nullptr, 0, nullptr,
                               nullptr),
        "clEnqueueNDRangeKernel inner");
}

// By the queue of the device that needs it.
void Heat::Receive(Part& part, const apps::Memory& from, const apps::Memory& to,
                   const apps::Event& computed) {
  apps::Event& arrived = part.arrived.emplace_back();
  Check(clEnqueueCopyBuffer(part.exchange.get(), from.get(), to.get(), 0, 0, n_ * sizeof(float), 1,
                            computed.address(), arrived.Receive()),
        "clEnqueueCopyBuffer");
}

void Heat::Run(std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i, ++steps_done_) {
    const std::size_t now = steps_done_ % 2, next = 1 - now;
    std::vector<apps::Event> computed;
    for (Part& part : parts_) computed.push_back(ComputeEdges(part, steps_done_));
    for (Part& part : parts_) Check(clFlush(part.compute.get()), "clFlush");
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      Part& part = parts_[p];
      if (p > 0) Receive(part, parts_[p - 1].bottom[now], part.above[next], computed[p - 1]);
      if (p + 1 < parts_.size()) Receive(part, parts_[p + 1].top[now], part.below[next], computed[p + 1]);
      Check(clFlush(part.exchange.get()), "clFlush");
    }
    for (Part& part : parts_) {
      ComputeInner(part, steps_done_);
      Check(clFlush(part.compute.get()), "clFlush");
    }
  }
  for (Part& part : parts_) {
    Check(clFinish(part.compute.get()), "clFinish");
    Check(clFinish(part.exchange.get()), "clFinish");
  }
}

std::vector<float> Heat::Read() {
  std::vector<float> plate(n_ * n_);
  for (Part& part : parts_) {
    Check(
        clEnqueueReadBuffer(part.compute.get(), part.plate[steps_done_ % 2].get(), CL_TRUE, 0,
                            part.rows * n_ * sizeof(float), &plate[part.first_row * n_], 0, nullptr, nullptr),
        "clEnqueueReadBuffer");
  }
  return plate;
}

}  // namespace clopencl::stencil
