// The parts of a rank server that need no session.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "common/huge_pages.h"
#include "common/ids.h"
#include "common/transport/loopback_transport.h"
#include "rankserver/completion_queue.h"
#include "rankserver/device_clock.h"
#include "rankserver/inline_vector.h"
#include "rankserver/object_table.h"
#include "rankserver/objects.h"
#include "rankserver/offer.h"
#include "rankserver/output_capture.h"
#include "rankserver/payload_port.h"
#include "rankserver/program_facts.h"
#include "rankserver/transfers/staging_pool.h"
#include "rankserver/worker_pool.h"
#include "support/huge_page_flag.h"
#include "support/mock_opencl.h"

namespace clopencl::rankserver {
namespace {

TEST(ObjectTable, TellsGenerationsApart) {
  ObjectTable<std::shared_ptr<int>, MemKind> table(CL_INVALID_MEM_OBJECT);
  const MemId id{3, 1}, next{3, 2};
  cl_int error = CL_SUCCESS;
  EXPECT_EQ(table.Find(id, error), nullptr);
  EXPECT_EQ(error, CL_INVALID_MEM_OBJECT);
  table.Insert(id, std::make_shared<int>(7));
  EXPECT_EQ(**table.Find(id), 7);
  EXPECT_EQ(table.Find(next), nullptr);
  EXPECT_EQ(table.Take(next), nullptr);
  table.Insert(next, std::make_shared<int>(8));
  EXPECT_EQ(table.Find(id), nullptr);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(*table.Take(next), 8);
  EXPECT_EQ(table.size(), 0u);
}

TEST(ObjectTable, KeepsErrors) {
  ObjectTable<std::shared_ptr<int>, MemKind> table(CL_INVALID_MEM_OBJECT);
  table.InsertError({5, 1}, CL_OUT_OF_RESOURCES);
  cl_int error = CL_SUCCESS;
  EXPECT_EQ(table.Find({5, 1}, error), nullptr);
  EXPECT_EQ(error, CL_OUT_OF_RESOURCES);
  table.Insert({5, 1}, std::make_shared<int>(1));
  EXPECT_NE(table.Find({5, 1}, error), nullptr);
}

TEST(ObjectTable, TrustsNoIndex) {
  ObjectTable<int, MemKind> table(CL_INVALID_MEM_OBJECT);
  EXPECT_EQ(table.Insert({0, 1}, 1), nullptr);
  EXPECT_EQ(table.Insert({0xffffffff, 1}, 1), nullptr);
  EXPECT_EQ(table.Find({0xffffffff, 1}), nullptr);
  table.InsertError({0xffffffff, 1}, -5);
  EXPECT_EQ(table.Take({0, 0}), 0);
  EXPECT_EQ(table.size(), 0u);
}

TEST(InlineVector, GrowsBeyondItsRoom) {
  InlineVector<int, 2> list;
  for (int i = 0; i < 10; ++i) list.push_back(i);
  EXPECT_EQ(std::vector<int>(list.begin(), list.end()), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  const InlineVector<int, 2> copy = list;
  EXPECT_EQ(copy.size(), 10u);
}

TEST(CompletionQueue, RunsInOrderFromManyThreads) {
  std::atomic<int> rings{0};
  CompletionQueue queue([&] { ++rings; });
  std::array<std::vector<int>, 4> seen;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5000; ++i)
        queue.Post(MakeCompletion([&seen, t, i] { seen[static_cast<size_t>(t)].push_back(i); }));
    });
  }
  size_t total = 0;
  while (total < 20000) {
    queue.RunAll();
    total = 0;
    for (const auto& list : seen) total += list.size();
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& list : seen) EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
  EXPECT_FALSE(queue.RunAll());
  EXPECT_GT(rings, 0);
}

TEST(CompletionQueue, FreesWhatComesAfterItsEnd) {
  const auto held = std::make_shared<int>();
  int rings = 0, runs = 0;
  CompletionQueue queue([&] { ++rings; });
  queue.Post(rankserver::MakeCompletion([held, &runs] { ++runs; }));
  queue.Close();
  queue.Post(rankserver::MakeCompletion([held, &runs] { ++runs; }));
  EXPECT_FALSE(queue.RunAll());
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(rings, 1);
  EXPECT_EQ(runs, 0);
}

TEST(CompletionQueue, FreesWhatNeverRan) {
  const auto held = std::make_shared<int>(1);
  {
    CompletionQueue queue(nullptr);
    for (int i = 0; i < 3; ++i) queue.Post(MakeCompletion([held] {}));
    EXPECT_EQ(held.use_count(), 4);
  }
  EXPECT_EQ(held.use_count(), 1);
}

class Staging : public ::testing::Test {
 protected:
  using MockOpenCl = clopencl::testing::MockOpenCl;

  void SetUp() override {
    cl_platform_id platform = nullptr;
    cl_device_id device = nullptr;
    cl_int status = CL_SUCCESS;
    api_.GetPlatformIDs(1, &platform, nullptr);
    api_.GetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr);
    context_->api = &api_;
    context_->devices.push_back(MakeDevice(api_, device, DeviceId{1, 1}, nullptr));
    context_->native =
        Owned<cl_context>(api_, api_.CreateContext(nullptr, 1, &device, nullptr, nullptr, &status));
    ASSERT_EQ(status, CL_SUCCESS);
  }

  MockOpenCl mock_{{.devices = {{.type = CL_DEVICE_TYPE_GPU, .unified = false}}}};
  NativeApi api_ = MockOpenCl::Api();
  std::shared_ptr<Context> context_ = std::make_shared<Context>();
};

TEST_F(Staging, PiecesOfLargeTransfersArePinnedInHugePages) {
  if (!clopencl::testing::KernelHasHugePages()) GTEST_SKIP() << "this kernel has none";
  const std::shared_ptr<StagingBlock> piece = context_->Staging().Acquire(size_t{1} << 20);
  ASSERT_NE(piece, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(piece->data()) % kHugePageSize, 0u);
  EXPECT_TRUE(clopencl::testing::AskedForHugePages(piece->data()));
  EXPECT_EQ(mock_.calls("EnqueueMapBuffer"), 1u);
  EXPECT_EQ(mock_.calls("SetMemObjectDestructorCallback"), 1u) << "the memory is ours to free";
}

TEST_F(Staging, SmallBlocksAreTheNativeRuntimes) {
  const std::shared_ptr<StagingBlock> block = context_->Staging().Acquire(4096);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(mock_.calls("EnqueueMapBuffer"), 1u);
  EXPECT_EQ(mock_.calls("SetMemObjectDestructorCallback"), 0u);
}

TEST_F(Staging, BlocksAreUsedAgain) {
  const std::byte* first = context_->Staging().Acquire(size_t{1} << 20)->data();
  EXPECT_EQ(context_->Staging().Acquire(size_t{1} << 20)->data(), first);
  EXPECT_EQ(mock_.calls("CreateBuffer"), 1u);
}

// Under memory that goes, an unmap may be still to come, and writes to it: the address sanitizer sees that.
TEST_F(Staging, MoreThanAPoolKeepsIsGivenBack) {
  std::vector<std::shared_ptr<StagingBlock>> blocks;
  for (int i = 0; i < 40; ++i) blocks.push_back(context_->Staging().Acquire(size_t{1} << 20));
  ASSERT_FALSE(std::ranges::any_of(blocks, [](const auto& block) { return block == nullptr; }));
  const size_t all = mock_.live_objects();
  blocks.clear();
  EXPECT_LE(mock_.live_objects(), all - 8 + 1) << "64 MiB in blocks of 2 are kept; a queue came";
  context_.reset();
  while (mock_.pending_commands() != 0) std::this_thread::yield();
  EXPECT_EQ(mock_.faults(), std::vector<std::string>{});
}

TEST_F(Staging, DevicesThatTakeNoMemoryOfOursGiveTheirs) {
  mock_.FailNext("CreateBuffer", CL_INVALID_HOST_PTR);
  EXPECT_NE(context_->Staging().Acquire(size_t{1} << 20), nullptr);
  mock_.FailNext("SetMemObjectDestructorCallback", CL_OUT_OF_RESOURCES);
  EXPECT_NE(context_->Staging().Acquire(size_t{4} << 20), nullptr);
  EXPECT_EQ(mock_.calls("EnqueueMapBuffer"), 2u);
}

TEST(WorkerPool, RunsJobsAndWaitsForThoseThatRun) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(3);
    for (int i = 0; i < 50; ++i) pool.Run([&] { ++ran; });
    while (pool.busy()) std::this_thread::yield();
  }
  EXPECT_EQ(ran, 50);
}

TEST(PayloadPort, CopiesInsideOneRank) {
  transport::LoopbackHub hub(1);
  const auto transport = hub.Endpoint(0);
  PayloadPort port(*transport);
  std::vector<std::byte> from(1000, std::byte{7}), to(1000);
  int done = 0;
  const auto count = [&](bool ok) { done += ok ? 1 : 100; };
  port.Receive(0, 20, to, 400, count);
  EXPECT_FALSE(port.Progress());
  // One end in pieces, the other at once.
  port.Send(0, 20, std::span(from).first(400), 400, count);
  port.Send(0, 20, std::span(from).subspan(400, 400), 400, count);
  EXPECT_TRUE(port.Progress());
  EXPECT_EQ(done, 2);
  port.Send(0, 20, std::span(from).subspan(800), 400, count);
  while (port.Progress()) {
  }
  EXPECT_EQ(done, 4);
  EXPECT_EQ(to, from);
  port.Send(0, 21, {}, 400, count);
  port.Receive(0, 21, {}, 400, count);
  port.Progress();
  EXPECT_EQ(done, 6);
}

TEST(DeviceClock, FollowsTheHostsClocksAndOffsets) {
  DeviceClock clock;
  EXPECT_EQ(clock.Now(), 0u);
  const int64_t before = DeviceClock::HostNow();
  const int64_t middle = DeviceClock::HostNow();
  clock.Observe(before, static_cast<uint64_t>(middle), DeviceClock::HostNow());
  const auto now = static_cast<int64_t>(clock.Now());
  EXPECT_GE(now, middle);
  EXPECT_LT(now - DeviceClock::HostNow(), 1'000'000'000);

  DeviceClock far;
  constexpr int64_t kOffset = int64_t{1} << 50;
  far.Observe(before, static_cast<uint64_t>(before + kOffset + 1'000'000), before + 2'000'000);
  EXPECT_NEAR(static_cast<double>(far.Now()), static_cast<double>(DeviceClock::HostNow() + kOffset),
              1e6 + 1e8);
}

TEST(SizeOfTypeName, KnowsTheBasicTypes) {
  EXPECT_EQ(SizeOfTypeName("int"), 4u);
  EXPECT_EQ(SizeOfTypeName("uint"), 4u);
  EXPECT_EQ(SizeOfTypeName("unsigned int"), 4u);
  EXPECT_EQ(SizeOfTypeName("size_t"), 8u);
  EXPECT_EQ(SizeOfTypeName("float4"), 16u);
  EXPECT_EQ(SizeOfTypeName("double16"), 128u);
  EXPECT_EQ(SizeOfTypeName("char3"), 4u);
  EXPECT_EQ(SizeOfTypeName("struct pair"), 0u);
  EXPECT_EQ(SizeOfTypeName("int*"), 0u);
  EXPECT_EQ(SizeOfTypeName("float99"), 0u);
  EXPECT_EQ(SizeOfTypeName(""), 0u);
}

TEST(KernelNamesInPtx, AreThoseOfTheEntries) {
  EXPECT_EQ(KernelNamesInPtx(".version 8.7\n.target sm_90\n\n\t// .globl\tfirst\n.visible .entry first(\n"
                             "\t.param .u32 first_param_0\n)\n{ ret; }\n.func (.reg .u32 r) helper() {}\n"
                             ".entry second_1\n{ ret; }"),
            "first;second_1");
  EXPECT_EQ(KernelNamesInPtx(".version 8.7\n.func helper() {}"), "");
  EXPECT_EQ(KernelNamesInPtx("\x7f"
                             "ELF .entry no"),
            "");
  EXPECT_EQ(KernelNamesInPtx(".version 8.7\n.entry "), "");
}

TEST(HasLongName, CountsTheLettersOfOneName) {
  const std::string fits(256, 'k');
  EXPECT_FALSE(HasLongName("kernel void " + fits + "() { " + fits + "; }"));
  EXPECT_TRUE(HasLongName("kernel void " + fits + "_() {}"));
  EXPECT_FALSE(HasLongName(""));
}

class Offers : public ::testing::Test {
 protected:
  clopencl::testing::MockOpenCl mock_{{.devices = {{.name = "a"}, {.name = "b"}, {.name = "c"}}}};
  std::vector<OfferedPlatform> found_ = FindPlatforms(clopencl::testing::MockOpenCl::Api());

  static std::vector<uint32_t> Indices(const std::vector<OfferedPlatform>& offer) {
    std::vector<uint32_t> indices;
    for (const OfferedPlatform& platform : offer) {
      for (const OfferedDevice& device : platform.devices) indices.push_back(device.index);
    }
    return indices;
  }
};

TEST_F(Offers, Choose) {
  std::string error;
  EXPECT_EQ(Indices(Choose(found_, {}, error)), (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(Indices(Choose(found_, {{0, {2, 0}}, {0, {2}}}, error)), (std::vector<uint32_t>{2, 0}));
  EXPECT_EQ(error, "");
  EXPECT_TRUE(Choose(found_, {{0, {3}}}, error).empty());
  EXPECT_NE(error.find("no device 3"), std::string::npos) << error;
  EXPECT_TRUE(Choose(found_, {{4, {0}}}, error).empty());
  EXPECT_NE(error.find("no native platform 4"), std::string::npos) << error;
}

TEST_F(Offers, DivideBetweenServers) {
  EXPECT_EQ(Indices(TakeShare(found_, {0, 1})), (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(Indices(TakeShare(found_, {0, 2})), (std::vector<uint32_t>{0, 2}));
  EXPECT_EQ(Indices(TakeShare(found_, {1, 2})), (std::vector<uint32_t>{1}));
  for (uint32_t server = 0; server < 7; ++server) {
    EXPECT_EQ(Indices(TakeShare(found_, {server, 7})), std::vector<uint32_t>{server % 3});
  }
}

TEST(ParseVersion, ReadsWhatPlatformsSay) {
  EXPECT_EQ(ParseVersion("OpenCL 3.0 PoCL 3.1"), 30);
  EXPECT_EQ(ParseVersion("OpenCL 1.2 "), 12);
  EXPECT_EQ(ParseVersion("nonsense"), 10);
}

TEST(OutputCapture, TakesWholeLines) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  {
    OutputCapture capture(ends[1]);
    EXPECT_FALSE(capture.expected());
    capture.Expect();
    EXPECT_TRUE(capture.expected());
    EXPECT_EQ(capture.Take(false), "");
    ASSERT_EQ(write(ends[1], "one\ntwo\nthr", 11), 11);
    EXPECT_EQ(capture.Take(false), "one\ntwo\n");
    EXPECT_EQ(capture.Take(false), "");
    ASSERT_EQ(write(ends[1], "ee", 2), 2);
    EXPECT_EQ(capture.Take(true), "three");
    EXPECT_EQ(capture.Take(true), "");
  }
  // And gives the descriptor back.
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace clopencl::rankserver
