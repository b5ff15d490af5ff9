// Tests that call the driver's entry points, with a job of their own in the process.
#pragma once

#include <gtest/gtest.h>

#include "loopback/job_in_process.h"

namespace clopencl::testing {

inline JobInProcess* job = nullptr;

class Frontend : public ::testing::Test {
 protected:
  const cl_icd_dispatch& cl_ = job->cl();

  cl_context NewContext(const std::vector<cl_device_id>& devices) {
    cl_int error = CL_SUCCESS;
    const cl_context context = cl_.clCreateContext(nullptr, static_cast<cl_uint>(devices.size()),
                                                   devices.data(), nullptr, nullptr, &error);
    EXPECT_EQ(error, CL_SUCCESS);
    return context;
  }

  cl_command_queue NewQueue(cl_context context, cl_device_id device,
                            cl_command_queue_properties properties = 0) {
    cl_int error = CL_SUCCESS;
    const cl_command_queue queue = cl_.clCreateCommandQueue(context, device, properties, &error);
    EXPECT_EQ(error, CL_SUCCESS);
    return queue;
  }

  cl_mem NewBuffer(cl_context context, size_t size, const void* contents = nullptr) {
    cl_int error = CL_SUCCESS;
    const cl_mem_flags flags = contents != nullptr ? CL_MEM_COPY_HOST_PTR : 0;
    const cl_mem buffer = cl_.clCreateBuffer(context, flags, size, const_cast<void*>(contents), &error);
    EXPECT_EQ(error, CL_SUCCESS);
    return buffer;
  }

  // The mock's kernel `name` of a built program.
  cl_kernel NewKernel(cl_context context, const char* name) {
    const char* source = "kernel void add(global int* p, int n); kernel void nothing();";
    cl_int error = CL_SUCCESS;
    const cl_program program = cl_.clCreateProgramWithSource(context, 1, &source, nullptr, &error);
    EXPECT_EQ(error, CL_SUCCESS);
    EXPECT_EQ(cl_.clBuildProgram(program, 0, nullptr, "", nullptr, nullptr), CL_SUCCESS);
    const cl_kernel kernel = cl_.clCreateKernel(program, name, &error);
    EXPECT_EQ(error, CL_SUCCESS);
    EXPECT_EQ(cl_.clReleaseProgram(program), CL_SUCCESS);
    return kernel;
  }

  void Add(cl_command_queue queue, cl_kernel kernel, cl_mem buffer, cl_int amount, size_t count,
           cl_uint num_events = 0, const cl_event* events = nullptr, cl_event* event = nullptr) {
    EXPECT_EQ(cl_.clSetKernelArg(kernel, 0, sizeof buffer, &buffer), CL_SUCCESS);
    EXPECT_EQ(cl_.clSetKernelArg(kernel, 1, sizeof amount, &amount), CL_SUCCESS);
    EXPECT_EQ(
        cl_.clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &count, nullptr, num_events, events, event),
        CL_SUCCESS);
  }

  std::vector<cl_int> Read(cl_command_queue queue, cl_mem buffer, size_t count) {
    std::vector<cl_int> values(count);
    EXPECT_EQ(cl_.clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, count * sizeof(cl_int), values.data(), 0,
                                      nullptr, nullptr),
              CL_SUCCESS);
    return values;
  }
};

// For main(): runs the tests over so many servers.
inline int RunTestsInJob(int argc, char** argv, int servers) {
  ::testing::InitGoogleTest(&argc, argv);
  if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
  JobInProcess the_job(servers);
  job = &the_job;
  return RUN_ALL_TESTS();
}

}  // namespace clopencl::testing
