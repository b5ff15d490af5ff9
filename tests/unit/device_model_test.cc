// The device model: its description, its results, and the time it takes.
#include "rankserver/model/device_model.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "rankserver/model/sbmp.h"

namespace clopencl::rankserver {
namespace {

constexpr char kCluster[] = R"(
[device.fast]
name = "Fast"
type = "gpu"
memory = "64MiB"
gflops = 2.0
[device.slow]
name = "Slow"
type = "cpu"
memory = "1GiB"
gflops = 0.5
[[node]]
name = "a"
devices = ["fast", "fast", "slow"]
[[node]]
name = "b.example.org"
devices = ["slow"]
)";

std::string ErrorOf(const std::string& text) {
  std::vector<ModelledDevice> devices;
  std::string error;
  EXPECT_FALSE(ParseModel(text, "cluster.toml", "a", devices, error));
  return error;
}

TEST(ModelFile, HasTheDevicesOfAHost) {
  std::vector<ModelledDevice> devices;
  std::string error;
  ASSERT_TRUE(ParseModel(kCluster, "cluster.toml", "a", devices, error)) << error;
  ASSERT_EQ(devices.size(), 3u);
  EXPECT_EQ(devices[0].name, "Fast");
  EXPECT_EQ(devices[1].memory, uint64_t{64} << 20);
  EXPECT_EQ(devices[2].type, cl_device_type{CL_DEVICE_TYPE_CPU});
  EXPECT_DOUBLE_EQ(devices[2].gflops, 0.5);
  devices.clear();
  ASSERT_TRUE(ParseModel(kCluster, "cluster.toml", "b", devices, error)) << error;
  EXPECT_EQ(devices.size(), 1u);
  devices.clear();
  EXPECT_TRUE(ParseModel(kCluster, "cluster.toml", "c", devices, error)) << "a host that has none";
  EXPECT_TRUE(devices.empty());
}

TEST(ModelFile, SaysWhatIsWrong) {
  EXPECT_NE(ErrorOf("[device.x\n").find("cluster.toml, line 1"), std::string::npos);
  EXPECT_EQ(ErrorOf("[device.x]\nname = \"x\"\n"),
            "cluster.toml: the device x has no type \"gpu\", \"cpu\" or \"accelerator\"");
  const std::string x = "[device.x]\nname = \"x\"\ntype = \"gpu\"\n";
  EXPECT_NE(ErrorOf(x + "memory = \"1 GB\"\n").find("no memory"), std::string::npos);
  EXPECT_NE(ErrorOf(x + "memory = \"1GiB\"\ngflops = -1\n").find("no gflops"), std::string::npos);
  EXPECT_NE(ErrorOf("[[node]]\nname = \"a\"\ndevices = [\"y\"]\n").find("[device.y]"), std::string::npos);
}

// Rows of small whole numbers, of which every `step`-th is not zero.
std::vector<float> Numbers(size_t count, size_t step) {
  std::vector<float> numbers(count, 0.0F);
  for (size_t i = 0; i < count; i += step) numbers[i] = static_cast<float>(i * 7 % 17) - 8.5F;
  return numbers;
}

TEST(Sbmp, ComputesWhatTheKernelComputes) {
  constexpr int kN = 50, kSlice = 21;
  for (const size_t step : {1, 3, 64}) {
    const std::vector<float> a = Numbers(kN * kSlice, step), b = Numbers(kN * kSlice, 1);
    std::vector<float> c(kSlice * kSlice, -1.0F);
    const SbmpLaunch launch{.n = kN,
                            .slice = kSlice,
                            .a = a.data(),
                            .b = b.data(),
                            .c = c.data(),
                            .first_row = 3,
                            .last_row = kSlice,
                            .first_column = 2,
                            .last_column = kSlice - 1};
    ComputeSbmp(launch);
    for (int row = 0; row < kSlice; ++row) {
      for (int column = 0; column < kSlice; ++column) {
        float sum = 0;
        for (int k = 0; k < kN; ++k)
          sum += a[static_cast<size_t>(row * kN + k)] * b[static_cast<size_t>(column * kN + k)];
        const bool launched = row >= 3 && column >= 2 && column < kSlice - 1;
        ASSERT_EQ(c[static_cast<size_t>(row * kSlice + column)], launched ? sum : -1.0F)
            << row << ' ' << column;
      }
    }
  }
}

class DeviceModelTest : public ::testing::Test {
 protected:
  DeviceModelTest() {
    cl_int status = CL_SUCCESS;
    api_.GetPlatformIDs(1, &platform_, nullptr);
    api_.GetDeviceIDs(platform_, CL_DEVICE_TYPE_ALL, 1, &device_, nullptr);
    context_ = api_.CreateContext(nullptr, 1, &device_, nullptr, nullptr, &status);
    queue_ = api_.CreateCommandQueue(context_, device_, CL_QUEUE_PROFILING_ENABLE, &status);
  }

  cl_program Program(const char* source) {
    cl_int status = CL_SUCCESS;
    const size_t size = std::char_traits<char>::length(source);
    return api_.CreateProgramWithSource(context_, 1, &source, &size, &status);
  }

  DeviceModel model_{{{.name = "d", .type = CL_DEVICE_TYPE_GPU, .memory = 1 << 20, .gflops = 0.01}}};
  NativeApi api_ = DeviceModel::Api();
  cl_platform_id platform_ = nullptr;
  cl_device_id device_ = nullptr;
  cl_context context_ = nullptr;
  cl_command_queue queue_ = nullptr;
};

constexpr char kSbmp[] =
    "__kernel void sbmp(const int n, const int slice, __global float *subA, __global float *subB, __global "
    "float *subC) {}";

TEST_F(DeviceModelTest, KernelsTakeTheModelledTimeOneAfterTheOther) {
  cl_int status = CL_SUCCESS;
  const cl_program program = Program(kSbmp);
  ASSERT_EQ(api_.BuildProgram(program, 1, &device_, "", nullptr, nullptr), CL_SUCCESS);
  const cl_kernel kernel = api_.CreateKernel(program, "sbmp", &status);
  constexpr int kN = 100, kSlice = 10;
  const int n = kN, slice = kSlice;
  api_.SetKernelArg(kernel, 0, sizeof n, &n);
  api_.SetKernelArg(kernel, 1, sizeof slice, &slice);
  for (cl_uint i = 2; i < 5; ++i) {
    const cl_mem buffer =
        api_.CreateBuffer(context_, CL_MEM_READ_WRITE, kN * kSlice * sizeof(float), nullptr, &status);
    api_.SetKernelArg(kernel, i, sizeof buffer, &buffer);
  }
  // 2 * 100 * 10 * 10 operations at 0.01 GFLOP/s.
  constexpr double kSeconds = 2e-3;
  cl_command_queue other = api_.CreateCommandQueue(context_, device_, 0, &status);
  const size_t global[2] = {kSlice, kSlice};
  cl_event first = nullptr, second = nullptr;
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(api_.EnqueueNDRangeKernel(queue_, kernel, 2, nullptr, global, nullptr, 0, nullptr, &first),
            CL_SUCCESS);
  ASSERT_EQ(api_.EnqueueNDRangeKernel(other, kernel, 2, nullptr, global, nullptr, 0, nullptr, &second),
            CL_SUCCESS);
  api_.Finish(queue_);
  api_.Finish(other);
  EXPECT_GE(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 2 * kSeconds);
  cl_ulong began = 0, ended = 0;
  api_.GetEventProfilingInfo(first, CL_PROFILING_COMMAND_START, sizeof began, &began, nullptr);
  api_.GetEventProfilingInfo(first, CL_PROFILING_COMMAND_END, sizeof ended, &ended, nullptr);
  EXPECT_GE(static_cast<double>(ended - began) * 1e-9, kSeconds * 0.999);
}

TEST_F(DeviceModelTest, OtherKernelsDoNotBuild) {
  const cl_program program = Program("kernel void other(global int* p) {}");
  EXPECT_EQ(api_.BuildProgram(program, 1, &device_, "", nullptr, nullptr), CL_BUILD_PROGRAM_FAILURE);
  char log[256] = {};
  api_.GetProgramBuildInfo(program, device_, CL_PROGRAM_BUILD_LOG, sizeof log, log, nullptr);
  EXPECT_STREQ(log, "error: the kernel other is none of those that a device model knows: sbmp");
}

TEST_F(DeviceModelTest, MemoryIsWhatTheDeviceHas) {
  cl_int status = CL_SUCCESS;
  const cl_mem half = api_.CreateBuffer(context_, CL_MEM_READ_WRITE, 600'000, nullptr, &status);
  ASSERT_EQ(status, CL_SUCCESS);
  api_.CreateBuffer(context_, CL_MEM_READ_WRITE, 600'000, nullptr, &status);
  EXPECT_EQ(status, CL_MEM_OBJECT_ALLOCATION_FAILURE);
  api_.ReleaseMemObject(half);
  api_.CreateBuffer(context_, CL_MEM_READ_WRITE, 600'000, nullptr, &status);
  EXPECT_EQ(status, CL_SUCCESS);
}

// OpenCL 3.0, clSetKernelArg: nothing could tell a kernel to let go of an argument.
TEST_F(DeviceModelTest, KernelsKeepNoMemory) {
  cl_int status = CL_SUCCESS;
  const cl_program program = Program(kSbmp);
  ASSERT_EQ(api_.BuildProgram(program, 1, &device_, "", nullptr, nullptr), CL_SUCCESS);
  const cl_kernel kernel = api_.CreateKernel(program, "sbmp", &status);
  const cl_mem half = api_.CreateBuffer(context_, CL_MEM_READ_WRITE, 600'000, nullptr, &status);
  ASSERT_EQ(api_.SetKernelArg(kernel, 2, sizeof half, &half), CL_SUCCESS);
  api_.ReleaseMemObject(half);
  api_.CreateBuffer(context_, CL_MEM_READ_WRITE, 600'000, nullptr, &status);
  EXPECT_EQ(status, CL_SUCCESS);
}

}  // namespace
}  // namespace clopencl::rankserver
