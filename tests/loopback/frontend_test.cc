// The frontend against real rank servers on a mock device: how often it waits, and contexts over two servers.
#include <CL/cl_ext_clopencl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>

#include "loopback/frontend_fixture.h"

namespace clopencl::testing {
namespace {

// A round trip that comes back into one of these calls fails here.
TEST_F(Frontend, WaitsOnlyWhereOpenClDemandsAnAnswer) {
  const auto waits = [] { return job->runtime().waits(); };
  const cl_context context = NewContext({job->devices()[0]});
  const cl_kernel kernel = NewKernel(context, "add");  // Building waits, once.
  uint64_t before = waits();
  const cl_command_queue queue = NewQueue(context, job->devices()[0]);
  std::vector<cl_int> values(1 << 16);
  const cl_mem buffer = NewBuffer(context, values.size() * sizeof(cl_int), values.data());
  for (int i = 0; i < 100; ++i) Add(queue, kernel, buffer, 1, values.size());
  const cl_int one = 1;
  EXPECT_EQ(cl_.clEnqueueWriteBuffer(queue, buffer, CL_TRUE, 0, sizeof one, &one, 0, nullptr, nullptr),
            CL_SUCCESS);
  EXPECT_EQ(cl_.clEnqueueFillBuffer(queue, buffer, &one, sizeof one, 4, 4, 0, nullptr, nullptr), CL_SUCCESS);
  cl_event event = nullptr;
  EXPECT_EQ(cl_.clEnqueueMarkerWithWaitList(queue, 0, nullptr, &event), CL_SUCCESS);
  EXPECT_EQ(cl_.clFlush(queue), CL_SUCCESS);
  cl_ulong answer = 0;
  EXPECT_EQ(
      cl_.clGetDeviceInfo(job->devices()[0], CL_DEVICE_GLOBAL_MEM_SIZE, sizeof answer, &answer, nullptr),
      CL_SUCCESS);
  EXPECT_EQ(waits() - before, 0u);

  before = waits();
  EXPECT_EQ(cl_.clWaitForEvents(1, &event), CL_SUCCESS);
  EXPECT_LE(waits() - before, 1u);
  before = waits();
  const auto got = Read(queue, buffer, 3);
  EXPECT_LE(waits() - before, 1u);
  EXPECT_EQ(got, (std::vector<cl_int>{1, 1, 100}));
  before = waits();
  EXPECT_EQ(cl_.clFinish(queue), CL_SUCCESS);
  EXPECT_LE(waits() - before, 1u);

  before = waits();
  cl_.clReleaseEvent(event);
  cl_.clReleaseKernel(kernel);
  cl_.clReleaseMemObject(buffer);
  cl_.clReleaseCommandQueue(queue);
  cl_.clReleaseContext(context);
  EXPECT_EQ(waits() - before, 0u);
}

TEST_F(Frontend, KnowsHandlesFromValuesWhereTheCompilerTellsNothing) {
  const cl_context context = NewContext({job->devices()[0]});
  job->mock().FailNext("BuildProgram", CL_BUILD_PROGRAM_FAILURE);
  const cl_kernel kernel = NewKernel(context, "add");
  const cl_command_queue queue = NewQueue(context, job->devices()[0]);
  const cl_int one = 1;
  const cl_mem buffer = NewBuffer(context, sizeof one, &one);
  cl_kernel_arg_address_qualifier address = 0;
  EXPECT_EQ(
      cl_.clGetKernelArgInfo(kernel, 0, CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof address, &address, nullptr),
      CL_KERNEL_ARG_INFO_NOT_AVAILABLE);
  const auto no_buffer = reinterpret_cast<cl_mem>(queue);
  EXPECT_EQ(cl_.clSetKernelArg(kernel, 0, sizeof no_buffer, &no_buffer), CL_INVALID_MEM_OBJECT);
  EXPECT_EQ(cl_.clSetKernelArg(kernel, 0, sizeof one, &one), CL_INVALID_ARG_SIZE);
  EXPECT_EQ(cl_.clSetKernelArg(kernel, 1, sizeof buffer, &buffer), CL_INVALID_ARG_SIZE);
  Add(queue, kernel, buffer, 41, 1);
  EXPECT_EQ(Read(queue, buffer, 1), std::vector<cl_int>{42});
  cl_.clReleaseKernel(kernel);
  cl_.clReleaseMemObject(buffer);
  cl_.clReleaseCommandQueue(queue);
  cl_.clReleaseContext(context);
}

// How often a thread of this process with that name went to sleep so far.
int64_t SleepsOf(const std::string& name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string found;
    std::getline(std::ifstream(task.path() / "comm"), found);
    if (found != name) continue;
    std::ifstream status(task.path() / "status");
    for (std::string word; status >> word;) {
      int64_t count = 0;
      if (word == "voluntary_ctxt_switches:" && status >> count) return count;
    }
  }
  ADD_FAILURE() << "no thread is called " << name;
  return 0;
}

// A thread that waits by itself needs no other one, which would take the core of one that works.
TEST_F(Frontend, BlockingReadsLeaveTheBackgroundThreadAlone) {
  const cl_context context = NewContext({job->devices()[0]});
  const cl_command_queue queue = NewQueue(context, job->devices()[0]);
  const cl_int one = 1;
  const cl_mem buffer = NewBuffer(context, sizeof one, &one);
  Read(queue, buffer, 1);
  const auto begin = std::chrono::steady_clock::now();
  const int64_t before = SleepsOf("clopencl");
  for (int i = 0; i < 20000; ++i) Read(queue, buffer, 1);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  // It looks by itself at times.
  EXPECT_LE(SleepsOf("clopencl") - before, 100 + 4 * took.count());
  cl_.clReleaseMemObject(buffer);
  cl_.clReleaseCommandQueue(queue);
  cl_.clReleaseContext(context);
}

// The program computes after its flush, and the packets need this process's help to get to the server.
TEST_F(Frontend, CommandsRunWhileTheProgramComputes) {
  const cl_context context = NewContext({job->devices()[0]});
  const cl_kernel kernel = NewKernel(context, "add");
  const cl_command_queue queue = NewQueue(context, job->devices()[0]);
  const cl_int one = 1;
  const cl_mem buffer = NewBuffer(context, sizeof one, &one);
  EXPECT_EQ(cl_.clFinish(queue), CL_SUCCESS);
  const auto launches = [] { return job->mock().calls("EnqueueNDRangeKernel"); };
  const uint64_t before = launches();
  job->hub().SendLate(0, true);
  for (int i = 0; i < 2000; ++i) Add(queue, kernel, buffer, 1, 1);
  EXPECT_EQ(cl_.clFlush(queue), CL_SUCCESS);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (launches() - before < 2000 && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(launches() - before, 2000u);
  job->hub().SendLate(0, false);
  EXPECT_EQ(Read(queue, buffer, 1), std::vector<cl_int>{2001});
  cl_.clReleaseKernel(kernel);
  cl_.clReleaseMemObject(buffer);
  cl_.clReleaseCommandQueue(queue);
  cl_.clReleaseContext(context);
}

// Whatever may be asked about platforms and devices was learnt in the greeting.
// The call has returned by then, and there is no event: what the program asks for next fails.
TEST_F(Frontend, ACommandThatTheNativeRuntimeRefusesIsTold) {
  const cl_context context = NewContext({job->devices()[0]});
  const cl_command_queue in_order = NewQueue(context, job->devices()[0]);
  const cl_command_queue unordered =
      NewQueue(context, job->devices()[0], CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  const std::vector<cl_int> values(4, 5);
  const cl_mem buffer = NewBuffer(context, sizeof(cl_int) * values.size(), values.data());
  const auto refused_fill = [&](cl_command_queue queue) {
    job->mock().FailNext("EnqueueFillBuffer", CL_OUT_OF_RESOURCES);
    const cl_int zero = 0;
    EXPECT_EQ(cl_.clEnqueueFillBuffer(queue, buffer, &zero, sizeof zero, 0, 8, 0, nullptr, nullptr),
              CL_SUCCESS);
  };
  cl_int value = 0;
  const auto read = [&](cl_command_queue queue, cl_bool blocking) {
    const cl_int code =
        cl_.clEnqueueReadBuffer(queue, buffer, blocking, 0, sizeof value, &value, 0, nullptr, nullptr);
    if (blocking == CL_FALSE) {
      EXPECT_EQ(code, CL_SUCCESS);
    }
    return code;
  };
  refused_fill(in_order);
  EXPECT_EQ(read(in_order, CL_TRUE), CL_OUT_OF_RESOURCES);
  EXPECT_EQ(Read(in_order, buffer, 4), values) << "by one read";
  EXPECT_EQ(cl_.clFinish(in_order), CL_OUT_OF_RESOURCES);
  EXPECT_EQ(cl_.clFinish(in_order), CL_SUCCESS);

  refused_fill(in_order);
  EXPECT_EQ(cl_.clFinish(in_order), CL_OUT_OF_RESOURCES);
  EXPECT_EQ(Read(in_order, buffer, 4), values);

  refused_fill(in_order);
  read(in_order, CL_FALSE);
  EXPECT_EQ(cl_.clFinish(in_order), CL_OUT_OF_RESOURCES) << "nobody asks about the read";

  refused_fill(unordered);
  EXPECT_EQ(read(unordered, CL_TRUE), CL_SUCCESS) << "it does not come after the refused command";
  EXPECT_EQ(cl_.clFinish(unordered), CL_OUT_OF_RESOURCES);

  EXPECT_EQ(cl_.clReleaseMemObject(buffer), CL_SUCCESS);
  for (const cl_command_queue queue : {in_order, unordered})
    EXPECT_EQ(cl_.clReleaseCommandQueue(queue), CL_SUCCESS);
  EXPECT_EQ(cl_.clReleaseContext(context), CL_SUCCESS);
}

// NVIDIA's runtime crashes at the release of a sub-buffer beside which one was made after a use.
TEST_F(Frontend, SubBuffersAreMadeBeforeTheirMemoryIsUsed) {
  const cl_context context = NewContext({job->devices()[0]});
  const cl_command_queue queue = NewQueue(context, job->devices()[0]);
  const cl_mem buffer = NewBuffer(context, 1 << 16);
  const auto sub_buffer = [&](size_t origin, size_t size) {
    const cl_buffer_region region{origin, size};
    cl_int error = CL_SUCCESS;
    const cl_mem made = cl_.clCreateSubBuffer(buffer, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &error);
    EXPECT_EQ(error, CL_SUCCESS);
    return made;
  };
  const auto made_by_use_of = [&](cl_mem used) {
    const uint64_t before = job->mock().calls("CreateSubBuffer");
    const cl_int zero = 0;
    EXPECT_EQ(cl_.clEnqueueFillBuffer(queue, used, &zero, sizeof zero, 0, 64, 0, nullptr, nullptr),
              CL_SUCCESS);
    EXPECT_EQ(cl_.clFinish(queue), CL_SUCCESS);
    return job->mock().calls("CreateSubBuffer") - before;
  };
  const cl_mem first = sub_buffer(0, 8192), released = sub_buffer(4096, 1024),
               second = sub_buffer(6144, 4096);
  EXPECT_EQ(cl_.clReleaseMemObject(released), CL_SUCCESS);
  EXPECT_EQ(made_by_use_of(second), 2u);
  EXPECT_EQ(made_by_use_of(first), 0u);
  const cl_mem third = sub_buffer(8192, 4096), fourth = sub_buffer(12288, 4096);
  EXPECT_EQ(made_by_use_of(second), 2u) << "a use is one though it was used before";
  const cl_mem fifth = sub_buffer(0, 4096);
  EXPECT_EQ(made_by_use_of(buffer), 1u);
  for (const cl_mem mem : {buffer, first, second, third, fourth, fifth})
    EXPECT_EQ(cl_.clReleaseMemObject(mem), CL_SUCCESS);
  EXPECT_EQ(cl_.clReleaseCommandQueue(queue), CL_SUCCESS);
  EXPECT_EQ(cl_.clReleaseContext(context), CL_SUCCESS);
}

TEST_F(Frontend, KnowsEverythingAboutPlatformsAndDevices) {
  const uint64_t before = job->runtime().waits();
  int answered = 0;
  const auto ask = [&](auto function, auto handle, cl_uint first, cl_uint last) {
    for (cl_uint param = first; param <= last; ++param) {
      std::vector<std::byte> value(4096);
      size_t size = 0;
      if (function(handle, param, value.size(), value.data(), &size) == CL_SUCCESS) ++answered;
    }
  };
  ask(cl_.clGetPlatformInfo, job->platform(), 0x0900, 0x093f);
  ask(cl_.clGetPlatformInfo, job->platform(), 0x4ca0, 0x4caf);
  for (const cl_device_id device : job->devices()) {
    ask(cl_.clGetDeviceInfo, device, 0x1000, 0x10ff);
    ask(cl_.clGetDeviceInfo, device, 0x4000,
        CL_DEVICE_TRAFFIC_CLOPENCL - 1);  // What a server sent so far it alone knows.
    ask(cl_.clGetDeviceInfo, device, CL_DEVICE_TRAFFIC_CLOPENCL + 1, 0x4caf);
  }
  EXPECT_GT(answered, 40);
  EXPECT_EQ(job->runtime().waits() - before, 0u);
}

class TwoServers : public Frontend {
 protected:
  cl_context context_ = NewContext(job->devices());
  cl_command_queue a_ = NewQueue(context_, job->devices()[0]);
  cl_command_queue b_ = NewQueue(context_, job->devices()[1]);
  cl_kernel add_ = NewKernel(context_, "add");

  void TearDown() override {
    cl_.clReleaseKernel(add_);
    cl_.clReleaseCommandQueue(a_);
    cl_.clReleaseCommandQueue(b_);
    cl_.clReleaseContext(context_);
  }
};

TEST_F(TwoServers, ContentsFollowTheCommands) {
  constexpr size_t kCount = 300000;
  std::vector<cl_int> expected(kCount);
  std::iota(expected.begin(), expected.end(), 0);
  const cl_mem buffer = NewBuffer(context_, kCount * sizeof(cl_int), expected.data());
  for (int round = 0; round < 5; ++round) {
    cl_event done = nullptr;
    Add(a_, add_, buffer, 1, kCount, 0, nullptr, &done);
    Add(b_, add_, buffer, 10, kCount, 1, &done);
    cl_.clReleaseEvent(done);
    EXPECT_EQ(cl_.clFinish(b_), CL_SUCCESS);
  }
  for (cl_int& value : expected) value += 55;
  EXPECT_EQ(Read(a_, buffer, kCount), expected);
  EXPECT_EQ(Read(b_, buffer, kCount), expected);
  cl_.clReleaseMemObject(buffer);
}

TEST_F(TwoServers, AUserEventHoldsBackBoth) {
  const std::vector<cl_int> zeros(16);
  const cl_mem on_a = NewBuffer(context_, 64, zeros.data()), on_b = NewBuffer(context_, 64, zeros.data());
  cl_int error = CL_SUCCESS;
  const cl_event gate = cl_.clCreateUserEvent(context_, &error);
  cl_event done[2] = {};
  Add(a_, add_, on_a, 1, 16, 1, &gate, &done[0]);
  Add(b_, add_, on_b, 2, 16, 1, &gate, &done[1]);
  EXPECT_EQ(cl_.clFlush(a_), CL_SUCCESS);
  EXPECT_EQ(cl_.clFlush(b_), CL_SUCCESS);
  for (cl_event event : done) {
    cl_int status = CL_COMPLETE;
    EXPECT_EQ(cl_.clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr),
              CL_SUCCESS);
    EXPECT_GT(status, CL_COMPLETE);
  }
  EXPECT_EQ(cl_.clSetUserEventStatus(gate, CL_COMPLETE), CL_SUCCESS);
  EXPECT_EQ(cl_.clWaitForEvents(2, done), CL_SUCCESS);
  EXPECT_EQ(Read(a_, on_a, 16), std::vector<cl_int>(16, 1));
  EXPECT_EQ(Read(b_, on_b, 16), std::vector<cl_int>(16, 2));
  for (cl_event event : {gate, done[0], done[1]}) cl_.clReleaseEvent(event);
  for (cl_mem buffer : {on_a, on_b}) cl_.clReleaseMemObject(buffer);
}

TEST_F(TwoServers, AFailureReachesTheOtherServer) {
  cl_int error = CL_SUCCESS;
  const cl_event gate = cl_.clCreateUserEvent(context_, &error);
  cl_event first = nullptr, second = nullptr;
  EXPECT_EQ(cl_.clEnqueueMarkerWithWaitList(a_, 1, &gate, &first), CL_SUCCESS);
  EXPECT_EQ(cl_.clEnqueueMarkerWithWaitList(b_, 1, &first, &second), CL_SUCCESS);
  EXPECT_EQ(cl_.clSetUserEventStatus(gate, -5), CL_SUCCESS);
  EXPECT_EQ(cl_.clWaitForEvents(1, &second), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
  cl_int status = CL_COMPLETE;
  EXPECT_EQ(cl_.clGetEventInfo(second, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr),
            CL_SUCCESS);
  EXPECT_LT(status, 0);
  for (cl_event event : {gate, first, second}) cl_.clReleaseEvent(event);
}

TEST_F(TwoServers, EventsMayBeReleasedBeforeTheOtherServerHeardOfThem) {
  constexpr size_t kCount = 1024;
  const std::vector<cl_int> zeros(kCount);
  const cl_mem buffer = NewBuffer(context_, kCount * sizeof(cl_int), zeros.data());
  cl_event last = nullptr;
  for (int i = 0; i < 500; ++i) {
    cl_event event = nullptr;
    Add(i % 2 == 0 ? a_ : b_, add_, buffer, 1, kCount, last != nullptr ? 1 : 0,
        last != nullptr ? &last : nullptr, &event);
    if (last != nullptr) cl_.clReleaseEvent(last);
    last = event;
  }
  EXPECT_EQ(cl_.clWaitForEvents(1, &last), CL_SUCCESS);
  cl_.clReleaseEvent(last);
  EXPECT_EQ(Read(a_, buffer, kCount), std::vector<cl_int>(kCount, 500));
  cl_.clReleaseMemObject(buffer);
}

}  // namespace
}  // namespace clopencl::testing

int main(int argc, char** argv) { return clopencl::testing::RunTestsInJob(argc, argv, 2); }
