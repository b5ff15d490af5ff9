#include "support/commands.h"

#include <chrono>
#include <thread>

#include "support/report.h"

namespace clopencl::programs {
namespace {

constexpr char kSource[] = R"(
kernel void append(global int* log, int value, int rounds) {
  uint work = value;
  for (int i = 0; i < rounds; ++i) work = work * 1664525u + 1013904223u;
  int at = log[0];
  log[0] = at + 1;
  log[at + 1] = value;
  if (rounds > 0 && work == 0) log[0] = at;
}
)";

}  // namespace

CommandLog::CommandLog(const Device& device, cl_context context)
    : program_(BuildProgram(context, device, kSource)), kernel_(MakeKernel(program_, "append")) {
  std::vector<cl_int> zeros(kCapacity);
  log_ =
      MakeBuffer(context, kCapacity * sizeof(cl_int), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, zeros.data());
  SetArg(kernel_, 0, log_);
}

void CommandLog::Append(cl_command_queue queue, cl_int value, const std::vector<cl_event>& wait,
                        cl_event* event) {
  Enqueue(queue, value, 0, wait, event);
}

void CommandLog::AppendSlowly(cl_command_queue queue, cl_int value, const std::vector<cl_event>& wait,
                              cl_event* event) {
  Enqueue(queue, value, 3000000, wait, event);
}

void CommandLog::Enqueue(cl_command_queue queue, cl_int value, cl_int rounds,
                         const std::vector<cl_event>& wait, cl_event* event) {
  SetArg(kernel_, 1, value);
  SetArg(kernel_, 2, rounds);
  const size_t one = 1;
  Must(clEnqueueNDRangeKernel(queue, kernel_, 1, nullptr, &one, nullptr, CountOf(wait), ListOf(wait), event));
}

std::vector<cl_int> CommandLog::Values(cl_command_queue queue) const {
  const cl_int count = ReadVector<cl_int>(queue, log_, 1)[0];
  std::vector<cl_int> values = ReadVector<cl_int>(queue, log_, static_cast<size_t>(count) + 1);
  values.erase(values.begin());
  return values;
}

void CommandLog::ExpectValues(cl_command_queue queue, const std::vector<cl_int>& expected,
                              const std::string& name) const {
  const std::vector<cl_int> values = Values(queue);
  std::string text;
  for (cl_int value : values) text += " " + std::to_string(value);
  Expect(values == expected, name, "the order was" + text);
}

Event MakeUserEvent(cl_context context) {
  cl_int code = CL_SUCCESS;
  Event event(clCreateUserEvent(context, &code));
  Must(code);
  return event;
}

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void ShortPause() { std::this_thread::sleep_for(std::chrono::microseconds(200)); }

}  // namespace clopencl::programs
