#include "matmul/device_session.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>
#include <thread>

#include "matmul/sbmp_kernel.h"
#include "support/cl_error.h"

namespace clopencl::matmul {

using apps::Check;
using apps::ClError;

namespace {

std::string BuildLog(cl_program program, cl_device_id device) {
  std::size_t size = 0;
  if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size) != CL_SUCCESS)
    return {};
  std::string log(size, '\0');
  if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr) != CL_SUCCESS)
    return {};
  log.resize(std::string_view(log.c_str()).size());
  return log;
}

}  // namespace

std::shared_ptr<const DeviceSession::Shared> DeviceSession::Build(
    const std::vector<apps::DeviceInfo>& devices) {
  auto shared = std::make_shared<Shared>();
  std::vector<cl_device_id> ids;
  for (const apps::DeviceInfo& device : devices) ids.push_back(device.id);
  const auto count = static_cast<cl_uint>(ids.size());
  cl_int code = CL_SUCCESS;
  shared->context = apps::Context(clCreateContext(nullptr, count, ids.data(), nullptr, nullptr, &code));
  Check(code, "clCreateContext");
  const char* source = kSbmpSource;
  shared->program =
      apps::Program(clCreateProgramWithSource(shared->context.get(), 1, &source, nullptr, &code));
  Check(code, "clCreateProgramWithSource");
  code = clBuildProgram(shared->program.get(), count, ids.data(), "", nullptr, nullptr);
  if (code != CL_SUCCESS) {
    std::string log;
    for (const cl_device_id id : ids) log += BuildLog(shared->program.get(), id);
    throw std::runtime_error(fmt::format("{}\n{}", ClError("clBuildProgram of sbmp", code).what(), log));
  }
  return shared;
}

DeviceSession::DeviceSession(std::shared_ptr<const Shared> shared, const apps::DeviceInfo& device,
                             std::int64_t n, std::int64_t slice)
    : device_(device), n_(n), slice_(slice), shared_(std::move(shared)) {
  cl_int code = CL_SUCCESS;
  kernel_ = apps::Kernel(clCreateKernel(shared_->program.get(), kSbmpName, &code));
  Check(code, "clCreateKernel(sbmp)");
}

DeviceSession::DeviceSession(const apps::DeviceInfo& device, std::int64_t n, std::int64_t slice)
    : DeviceSession(Build({device}), device, n, slice) {}

std::vector<DeviceSession> DeviceSession::InOneContext(const std::vector<apps::DeviceInfo>& devices,
                                                       std::int64_t n, std::int64_t slice) {
  const std::shared_ptr<const Shared> shared = Build(devices);
  std::vector<DeviceSession> sessions;
  for (const apps::DeviceInfo& device : devices) sessions.push_back(DeviceSession(shared, device, n, slice));
  return sessions;
}

apps::Queue DeviceSession::MakeQueue() const {
  cl_int code = CL_SUCCESS;
  const cl_command_queue_properties properties = device_.profiling ? CL_QUEUE_PROFILING_ENABLE : 0;
  apps::Queue queue(clCreateCommandQueue(context(), device_.id, properties, &code));
  Check(code, "clCreateCommandQueue");
  return queue;
}

apps::Memory DeviceSession::MakeBuffer(cl_mem_flags flags, std::size_t bytes, const char* what) const {
  cl_int code = CL_SUCCESS;
  apps::Memory memory(clCreateBuffer(context(), flags, bytes, nullptr, &code));
  Check(code, fmt::format("clCreateBuffer of {} for {}", apps::FormatBytes(bytes), what));
  return memory;
}

apps::Memory DeviceSession::MakeBlock(cl_mem_flags flags) const {
  return MakeBuffer(flags, static_cast<std::size_t>(n_ * slice_) * sizeof(float), "a block of rows");
}

apps::Memory DeviceSession::MakeTile() const {
  return MakeBuffer(CL_MEM_WRITE_ONLY, static_cast<std::size_t>(slice_ * slice_) * sizeof(float),
                    "a tile of C");
}

apps::Event DeviceSession::Launch(cl_int n, cl_command_queue queue, cl_mem a, cl_mem b, cl_mem c,
                                  const Piece& piece, const std::vector<cl_event>& wait_list) {
  const auto slice = static_cast<cl_int>(slice_);
  Check(clSetKernelArg(kernel_.get(), 0, sizeof(n), &n), "clSetKernelArg(n)");
  Check(clSetKernelArg(kernel_.get(), 1, sizeof(slice), &slice), "clSetKernelArg(slice)");
  Check(clSetKernelArg(kernel_.get(), 2, sizeof(a), &a), "clSetKernelArg(subA)");
  Check(clSetKernelArg(kernel_.get(), 3, sizeof(b), &b), "clSetKernelArg(subB)");
  Check(clSetKernelArg(kernel_.get(), 4, sizeof(c), &c), "clSetKernelArg(subC)");
  const std::size_t offset[2] = {static_cast<std::size_t>(piece.first), 0};
  const std::size_t global[2] = {static_cast<std::size_t>(piece.rows()), static_cast<std::size_t>(slice_)};
  apps::Event event;
  Check(clEnqueueNDRangeKernel(queue, kernel_.get(), 2, piece.first == 0 ? nullptr : offset, global, nullptr,
                               static_cast<cl_uint>(wait_list.size()),
                               wait_list.empty() ? nullptr : wait_list.data(), event.Receive()),
        "clEnqueueNDRangeKernel(sbmp)");
  return event;
}

void DeviceSession::WarmUp(cl_command_queue queue, cl_mem a, cl_mem b, cl_mem c, const Piece& piece) {
  const apps::Event event = Launch(1, queue, a, b, c, piece, {});
  Check(clFinish(queue), "clFinish");
  CheckDone(event.get(), "kernel sbmp");
}

apps::Event DeviceSession::EnqueuePiece(cl_command_queue queue, cl_mem a, cl_mem b, cl_mem c,
                                        const Piece& piece, const std::vector<cl_event>& wait_list) {
  return Launch(static_cast<cl_int>(n_), queue, a, b, c, piece, wait_list);
}

void CheckDone(cl_event event, const char* what) {
  cl_int status = CL_COMPLETE;
  Check(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, nullptr),
        "clGetEventInfo");
  if (status < 0) throw ClError(what, status);
}

bool AddSeconds(cl_event event, double& seconds) {
  cl_ulong start = 0;
  cl_ulong end = 0;
  if (clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start), &start, nullptr) !=
          CL_SUCCESS ||
      clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end, nullptr) != CL_SUCCESS) {
    return false;
  }
  seconds += end > start ? static_cast<double>(end - start) * 1e-9 : 0;
  return true;
}

std::vector<std::string> OnThreads(std::size_t count, const std::function<void(std::size_t)>& body) {
  std::vector<std::string> errors(count);
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&body, &error = errors[i], i] {
      try {
        body(i);
      } catch (const std::exception& exception) {
        error = exception.what();
      }
    });
  }
  threads.clear();
  return errors;
}

}  // namespace clopencl::matmul
