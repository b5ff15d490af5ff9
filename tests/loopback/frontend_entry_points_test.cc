// Entry points that no ordinary program calls: those that are refused, whatever they are given, and those
// that extensions name.
#include <CL/cl_ext.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "loopback/job_in_process.h"

namespace clopencl::testing {
namespace {

JobInProcess* job = nullptr;

class EntryPoints : public ::testing::Test {
 protected:
  const cl_icd_dispatch& cl_ = job->cl();
  const cl_device_id device_ = job->devices()[0];
  const cl_context context_ = cl_.clCreateContext(nullptr, 1, &device_, nullptr, nullptr, nullptr);
  const cl_command_queue queue_ = cl_.clCreateCommandQueue(context_, device_, 0, nullptr);
  cl_int error_ = CL_SUCCESS;

  void TearDown() override {
    cl_.clReleaseCommandQueue(queue_);
    cl_.clReleaseContext(context_);
  }

  // The function that an extension names, or null.
  template <typename Function>
  Function Find(const char* name) {
    return reinterpret_cast<Function>(cl_.clGetExtensionFunctionAddressForPlatform(job->platform(), name));
  }

  // An object that could not be made, and why.
  void ExpectRefused(const void* object) {
    EXPECT_EQ(object, nullptr);
    EXPECT_EQ(error_, CL_INVALID_OPERATION);
    error_ = CL_SUCCESS;
  }
  void ExpectRefused(cl_int code) { EXPECT_EQ(code, CL_INVALID_OPERATION); }
  // Of the systems that this build has no types for: the dispatch table holds a plain pointer.
  void ExpectRefusedUntyped(const void* function) {
    ASSERT_NE(function, nullptr);
    ExpectRefused(reinterpret_cast<cl_int(CL_API_CALL*)()>(const_cast<void*>(function))());
  }
};

TEST_F(EntryPoints, SharingWithOpenGlIsRefused) {
  ExpectRefused(cl_.clCreateFromGLBuffer(context_, 0, 1, &error_));
  ExpectRefused(cl_.clCreateFromGLTexture(context_, 0, 0x0DE1, 0, 1, &error_));
  ExpectRefused(cl_.clCreateFromGLTexture2D(context_, 0, 0x0DE1, 0, 1, &error_));
  ExpectRefused(cl_.clCreateFromGLTexture3D(context_, 0, 0x806F, 0, 1, &error_));
  ExpectRefused(cl_.clCreateFromGLRenderbuffer(context_, 0, 1, &error_));
  ExpectRefused(cl_.clGetGLObjectInfo(nullptr, nullptr, nullptr));
  ExpectRefused(cl_.clGetGLTextureInfo(nullptr, 0x2004, 0, nullptr, nullptr));
  ExpectRefused(cl_.clEnqueueAcquireGLObjects(queue_, 0, nullptr, 0, nullptr, nullptr));
  ExpectRefused(cl_.clEnqueueReleaseGLObjects(queue_, 0, nullptr, 0, nullptr, nullptr));
  ExpectRefused(cl_.clGetGLContextInfoKHR(nullptr, 0x2006, 0, nullptr, nullptr));
  ExpectRefused(cl_.clCreateEventFromGLsyncKHR(context_, nullptr, &error_));
  // Not asking for the code is allowed.
  EXPECT_EQ(cl_.clCreateFromGLBuffer(context_, 0, 1, nullptr), nullptr);
}

TEST_F(EntryPoints, SharingWithEglIsRefused) {
  ExpectRefused(cl_.clCreateFromEGLImageKHR(context_, nullptr, nullptr, 0, nullptr, &error_));
  ExpectRefused(cl_.clEnqueueAcquireEGLObjectsKHR(queue_, 0, nullptr, 0, nullptr, nullptr));
  ExpectRefused(cl_.clEnqueueReleaseEGLObjectsKHR(queue_, 0, nullptr, 0, nullptr, nullptr));
  ExpectRefused(cl_.clCreateEventFromEGLSyncKHR(context_, nullptr, nullptr, &error_));
}

TEST_F(EntryPoints, SharingWithDirectXIsRefused) {
  ExpectRefusedUntyped(cl_.clGetDeviceIDsFromD3D10KHR);
  ExpectRefusedUntyped(cl_.clCreateFromD3D10BufferKHR);
  ExpectRefusedUntyped(cl_.clCreateFromD3D10Texture2DKHR);
  ExpectRefusedUntyped(cl_.clCreateFromD3D10Texture3DKHR);
  ExpectRefusedUntyped(cl_.clEnqueueAcquireD3D10ObjectsKHR);
  ExpectRefusedUntyped(cl_.clEnqueueReleaseD3D10ObjectsKHR);
  ExpectRefusedUntyped(cl_.clGetDeviceIDsFromD3D11KHR);
  ExpectRefusedUntyped(cl_.clCreateFromD3D11BufferKHR);
  ExpectRefusedUntyped(cl_.clCreateFromD3D11Texture2DKHR);
  ExpectRefusedUntyped(cl_.clCreateFromD3D11Texture3DKHR);
  ExpectRefusedUntyped(cl_.clEnqueueAcquireD3D11ObjectsKHR);
  ExpectRefusedUntyped(cl_.clEnqueueReleaseD3D11ObjectsKHR);
  ExpectRefusedUntyped(cl_.clGetDeviceIDsFromDX9MediaAdapterKHR);
  ExpectRefusedUntyped(cl_.clCreateFromDX9MediaSurfaceKHR);
  ExpectRefusedUntyped(cl_.clEnqueueAcquireDX9MediaSurfacesKHR);
  ExpectRefusedUntyped(cl_.clEnqueueReleaseDX9MediaSurfacesKHR);
}

TEST_F(EntryPoints, QueuesChangeTheirPropertiesAsIn10) {
  cl_int pattern = 5;
  const cl_mem buffer = cl_.clCreateBuffer(context_, 0, sizeof pattern, nullptr, &error_);
  const auto fill = [&] {
    cl_event event = nullptr;
    EXPECT_EQ(cl_.clEnqueueFillBuffer(queue_, buffer, &pattern, sizeof pattern, 0, sizeof pattern, 0, nullptr,
                                      &event),
              CL_SUCCESS);
    return event;
  };
  const auto set = [&](cl_command_queue_properties properties, cl_bool enable) {
    cl_command_queue_properties old = ~cl_command_queue_properties{0}, now = old;
    EXPECT_EQ(cl_.clSetCommandQueueProperty(queue_, properties, enable, &old), CL_SUCCESS);
    EXPECT_EQ(cl_.clGetCommandQueueInfo(queue_, CL_QUEUE_PROPERTIES, sizeof now, &now, nullptr), CL_SUCCESS);
    return std::pair(old, now);
  };
  const auto time = [&](cl_event event) {
    cl_ulong end = 0;
    EXPECT_EQ(cl_.clWaitForEvents(1, &event), CL_SUCCESS);
    const cl_int status =
        cl_.clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, nullptr);
    EXPECT_EQ(cl_.clReleaseEvent(event), CL_SUCCESS);
    return status;
  };
  using Pair = std::pair<cl_command_queue_properties, cl_command_queue_properties>;
  constexpr cl_command_queue_properties kProfiling = CL_QUEUE_PROFILING_ENABLE;
  constexpr cl_command_queue_properties kBoth = kProfiling | CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;

  EXPECT_EQ(time(fill()), CL_PROFILING_INFO_NOT_AVAILABLE);
  ++pattern;
  const cl_event before = fill();
  EXPECT_EQ(set(kProfiling, CL_TRUE), Pair(0, kProfiling));
  cl_int status = CL_QUEUED, value = 0;
  EXPECT_EQ(cl_.clGetEventInfo(before, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr),
            CL_SUCCESS);
  EXPECT_EQ(status, CL_COMPLETE);
  EXPECT_EQ(cl_.clReleaseEvent(before), CL_SUCCESS);
  EXPECT_EQ(cl_.clEnqueueReadBuffer(queue_, buffer, CL_TRUE, 0, sizeof value, &value, 0, nullptr, nullptr),
            CL_SUCCESS);
  EXPECT_EQ(value, pattern);
  EXPECT_EQ(time(fill()), CL_SUCCESS);
  EXPECT_EQ(set(kBoth, CL_TRUE), Pair(kProfiling, kBoth));
  EXPECT_EQ(time(fill()), CL_SUCCESS);
  EXPECT_EQ(set(kProfiling, CL_FALSE), Pair(kBoth, kBoth & ~kProfiling));
  EXPECT_EQ(set(kProfiling, CL_FALSE), Pair(kBoth & ~kProfiling, kBoth & ~kProfiling));
  EXPECT_EQ(time(fill()), CL_PROFILING_INFO_NOT_AVAILABLE);

  EXPECT_EQ(cl_.clSetCommandQueueProperty(nullptr, kProfiling, CL_TRUE, nullptr), CL_INVALID_COMMAND_QUEUE);
  EXPECT_EQ(cl_.clSetCommandQueueProperty(queue_, ~kBoth, CL_TRUE, nullptr), CL_INVALID_VALUE);
  EXPECT_EQ(cl_.clSetCommandQueueProperty(queue_, kBoth, CL_FALSE, nullptr), CL_SUCCESS);
  EXPECT_EQ(cl_.clReleaseMemObject(buffer), CL_SUCCESS);
}

TEST_F(EntryPoints, WhatVersionsReplacedIsRefused) {
  cl_device_id sub_device = nullptr;
  ExpectRefused(cl_.clCreateSubDevicesEXT(device_, nullptr, 1, &sub_device, nullptr));
  ExpectRefused(cl_.clRetainDeviceEXT(device_));
  ExpectRefused(cl_.clReleaseDeviceEXT(device_));
}

TEST_F(EntryPoints, NativeKernelsAreRefusedAndNotAnnounced) {
  ExpectRefused(cl_.clEnqueueNativeKernel(
      queue_, [](void*) {}, nullptr, 0, 0, nullptr, nullptr, 0, nullptr, nullptr));
  cl_device_exec_capabilities capabilities = 0;
  ASSERT_EQ(cl_.clGetDeviceInfo(device_, CL_DEVICE_EXECUTION_CAPABILITIES, sizeof capabilities, &capabilities,
                                nullptr),
            CL_SUCCESS);
  EXPECT_EQ(capabilities & CL_EXEC_NATIVE_KERNEL, 0u);
}

TEST_F(EntryPoints, TheCompilerMayBeUnloadedAsIn10) {
  EXPECT_EQ(cl_.clUnloadCompiler(), CL_SUCCESS);
  EXPECT_EQ(cl_.clUnloadPlatformCompiler(job->platform()), CL_SUCCESS);
}

TEST_F(EntryPoints, ExtensionsNameFunctions) {
  EXPECT_EQ(Find<void*>("clNoSuchFunctionKHR"), nullptr);
  EXPECT_EQ(cl_.clGetExtensionFunctionAddress("clNoSuchFunctionKHR"), nullptr);
  EXPECT_EQ(cl_.clGetExtensionFunctionAddress(nullptr), nullptr);
  EXPECT_NE(cl_.clGetExtensionFunctionAddress("clCreateCommandQueueWithPropertiesKHR"), nullptr);

  const auto create_queue =
      Find<cl_api_clCreateCommandQueueWithProperties>("clCreateCommandQueueWithPropertiesKHR");
  ASSERT_NE(create_queue, nullptr);
  const cl_queue_properties properties[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0};
  const cl_command_queue queue = create_queue(context_, device_, properties, &error_);
  EXPECT_EQ(error_, CL_SUCCESS);
  cl_command_queue_properties got = 0;
  EXPECT_EQ(cl_.clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof got, &got, nullptr), CL_SUCCESS);
  EXPECT_EQ(got, cl_command_queue_properties{CL_QUEUE_PROFILING_ENABLE});
  EXPECT_EQ(cl_.clReleaseCommandQueue(queue), CL_SUCCESS);

  const auto create_program = Find<cl_api_clCreateProgramWithIL>("clCreateProgramWithILKHR");
  ASSERT_NE(create_program, nullptr);
  EXPECT_EQ(create_program(nullptr, nullptr, 0, &error_), nullptr);
  EXPECT_EQ(error_, CL_INVALID_CONTEXT);

  const auto sub_group_info = Find<cl_api_clGetKernelSubGroupInfoKHR>("clGetKernelSubGroupInfoKHR");
  ASSERT_NE(sub_group_info, nullptr);
  EXPECT_EQ(sub_group_info(nullptr, device_, 0, 0, nullptr, 0, nullptr, nullptr), CL_INVALID_KERNEL);
}

}  // namespace
}  // namespace clopencl::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
  clopencl::testing::JobInProcess the_job(1);
  clopencl::testing::job = &the_job;
  return RUN_ALL_TESTS();
}
