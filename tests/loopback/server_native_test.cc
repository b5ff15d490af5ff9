// The server on the real native OpenCL of this machine, without MPI.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "loopback/server_client.h"
#include "loopback/server_natives.h"

namespace clopencl::testing {
namespace {

class ServerOnNatives : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!setup_.available()) GTEST_SKIP() << setup_.why_not();
    harness_ = std::make_unique<ServerHarness>(setup_.api(), ServerHarness::Options{});
    link_ = &harness_->link();
    context_ = link_->Context();
    queue_ = link_->Queue(context_, CL_QUEUE_PROFILING_ENABLE);
  }

  ProgramId Source(const std::string& source) {
    const auto program = link_->NewId<ProgramId>();
    link_->Post(wire::CreateProgramWithSource{program, context_, source});
    return program;
  }

  NativeSetup setup_{Natives::kReal};
  std::unique_ptr<ServerHarness> harness_;
  Link* link_ = nullptr;
  ContextId context_;
  QueueId queue_;
};

TEST_F(ServerOnNatives, LearnsFacts) {
  const auto& facts = link_->device_facts.at(0);
  for (const uint32_t param :
       {CL_DEVICE_NAME, CL_DEVICE_VERSION, CL_DEVICE_MAX_COMPUTE_UNITS, CL_DEVICE_GLOBAL_MEM_SIZE,
        CL_DEVICE_EXTENSIONS, CL_DEVICE_MAX_WORK_ITEM_SIZES}) {
    EXPECT_TRUE(facts.contains(param)) << param;
  }
  EXPECT_FALSE(facts.contains(CL_DEVICE_PLATFORM));
  EXPECT_FALSE(facts.contains(CL_DEVICE_PARENT_DEVICE));
}

TEST_F(ServerOnNatives, LearnsHowLargeArgumentsAre) {
  const Built built =
      harness_->Build(Source("typedef struct { int a[7]; } seven; "
                             "kernel void k(global float* p, int i, float4 v, long l, seven s, char c, local "
                             "int* x, read_only image2d_t "
                             "image, sampler_t sampler, constant int* q, double3 d, uchar2 z) "
                             "{ p[0] = i + v.x + l + s.a[1] + c + x[0] + q[0] + d.x + z.x + "
                             "read_imagef(image, sampler, (int2)(0, 0)).x; }"));
  ASSERT_EQ(built.status, CL_SUCCESS) << built.logs.at(0);
  ASSERT_EQ(built.kernels.size(), 1u);
  ASSERT_TRUE(built.kernels[0].has_arg_info);
  std::vector<uint32_t> sizes;
  for (const BuiltArg& arg : built.kernels[0].args) sizes.push_back(arg.facts.value_size);
  // The size of a structure isn't known from every platform; 0 then.
  if (sizes.at(4) != 0) {
    EXPECT_EQ(sizes[4], 28u);
  }
  sizes[4] = 0;
  EXPECT_EQ(sizes, (std::vector<uint32_t>{0, 4, 16, 8, 0, 1, 0, 0, 0, 0, 32, 2}));
  EXPECT_EQ(built.kernels[0].args[1].type_name, "int");
  EXPECT_EQ(built.kernels[0].args[0].facts.address_qualifier, cl_uint{CL_KERNEL_ARG_ADDRESS_GLOBAL});
}

TEST_F(ServerOnNatives, KernelsFollowTransfersAndFinish) {
  const ProgramId program = Source("kernel void add(global int* p, int n) { p[get_global_id(0)] += n; }");
  ASSERT_EQ(harness_->Build(program).status, CL_SUCCESS);
  const auto kernel = link_->NewId<KernelId>();
  link_->Post(wire::CreateKernel{kernel, program, "add"});
  const MemId mem = link_->Buffer(context_, 4096);
  int32_t sum = 0;
  EXPECT_EQ(harness_->Write(queue_, mem, 0, Bytes(4096), true), CL_COMPLETE);
  for (int32_t round = 1; round <= 50; ++round) {
    const auto event = link_->NewId<EventId>();
    link_->Post(wire::LaunchKernel{
        {queue_, event, {}},
        kernel,
        {},
        std::array{uint64_t{1024}},
        {},
        std::array{wire::KernelArg{0, wire::ArgKind::kMem, mem.Pack(), {}},
                   wire::KernelArg{1, wire::ArgKind::kValue, 0, std::as_bytes(std::span(&round, 1))}},
        {}});
    if (round % 10 == 0) {
      EXPECT_EQ(harness_->Finish(queue_), CL_SUCCESS);
    }
    sum += round;
    const Bytes read = harness_->Read(queue_, mem, 400, 4, round % 3 == 0);
    int32_t value = 0;
    std::memcpy(&value, read.data(), sizeof value);
    ASSERT_EQ(value, sum) << round;
    const Completed kernel_run = harness_->Wait(event);
    EXPECT_EQ(kernel_run.status, CL_COMPLETE);
    EXPECT_GT(kernel_run.times[3], 0u);
  }
}

TEST_F(ServerOnNatives, TimesOfMappedTransfersFitBetweenNativeOnes) {
  const MemId mem = link_->Buffer(context_, 4096);
  uint64_t last = 0;
  for (int round = 0; round < 30; ++round) {
    const auto write = link_->NewId<EventId>();
    const Bytes data = Pattern(64, 1);
    link_->Post(wire::WriteBuffer{{queue_, write, {}}, mem, 0, 64, {0, data}});
    const Completed written = harness_->Wait(write);
    EXPECT_GE(written.times[2], last) << round;
    EXPECT_GE(written.times[3], written.times[2]);
    last = written.times[3];
    if (round % 3 != 0) continue;
    const auto copy = link_->NewId<EventId>();
    link_->Post(wire::CopyBuffer{{queue_, copy, {}}, mem, mem, 0, 1024, 64});
    const Completed copied = harness_->Wait(copy);
    EXPECT_GE(copied.times[2], last) << round;
    last = copied.times[3];
  }
}

TEST(ServerOutput, KernelsPrintBeforeTheFinishIsAnswered) {
  NativeSetup setup(Natives::kReal);
  if (!setup.available()) GTEST_SKIP() << setup.why_not();
  ServerHarness harness(setup.api(), {.capture_descriptor = STDOUT_FILENO});
  Link& link = harness.link();
  const ContextId context = link.Context();
  const QueueId queue = link.Queue(context);
  const auto program = link.NewId<ProgramId>();
  link.Post(wire::CreateProgramWithSource{
      program, context, "kernel void say(int n) { printf(\"number %d from a kernel\\n\", n); }"});
  const Built built = harness.Build(program);
  const auto kernel = link.NewId<KernelId>();
  link.Post(wire::CreateKernel{kernel, program, "say"});
  std::string expected;
  for (int32_t n = 0; n < 20; ++n) {
    link.Post(wire::LaunchKernel{
        {queue, {}, {}},
        kernel,
        {},
        std::array{uint64_t{1}},
        {},
        std::array{wire::KernelArg{0, wire::ArgKind::kValue, 0, std::as_bytes(std::span(&n, 1))}},
        {}});
    expected += "number " + std::to_string(n) + " from a kernel\n";
    if (n % 5 == 4) {
      harness.Finish(queue);
      EXPECT_EQ(link.output, expected);
    }
  }
  harness.Close();
  EXPECT_EQ(built.status, CL_SUCCESS);
}

}  // namespace
}  // namespace clopencl::testing
