// Contexts that span servers: what travels between which ranks.
#include <CL/cl_ext_clopencl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include "loopback/frontend_fixture.h"

namespace clopencl::testing {
namespace {

constexpr int kServers = 4;
constexpr size_t kCount = 100000;
constexpr size_t kSize = kCount * sizeof(cl_int);

// Payload bytes sent, [from][to].
using Matrix = std::vector<std::vector<cl_ulong>>;

class Span : public Frontend {
 protected:
  cl_context context_ = NewContext(job->devices());
  std::vector<cl_command_queue> queues_;

  void SetUp() override {
    for (cl_device_id device : job->devices()) queues_.push_back(NewQueue(context_, device));
  }
  void TearDown() override {
    for (cl_command_queue queue : queues_) cl_.clReleaseCommandQueue(queue);
    cl_.clReleaseContext(context_);
  }

  Matrix Traffic() {
    Matrix sent;
    std::vector<cl_traffic_clopencl> to(kServers + 1);
    const size_t size = to.size() * sizeof to[0];
    size_t answered = 0;
    EXPECT_EQ(
        cl_.clGetPlatformInfo(job->platform(), CL_PLATFORM_TRAFFIC_CLOPENCL, size, to.data(), &answered),
        CL_SUCCESS);
    EXPECT_EQ(answered, size);
    const auto add = [&] {
      auto& row = sent.emplace_back();
      for (const cl_traffic_clopencl& traffic : to) row.push_back(traffic.payload_bytes);
    };
    add();
    for (cl_device_id device : job->devices()) {
      EXPECT_EQ(cl_.clGetDeviceInfo(device, CL_DEVICE_TRAFFIC_CLOPENCL, size, to.data(), &answered),
                CL_SUCCESS);
      EXPECT_EQ(answered, size);
      add();
    }
    return sent;
  }

  // What was sent since `before`.
  Matrix TrafficSince(const Matrix& before) {
    Matrix sent = Traffic();
    for (size_t from = 0; from < sent.size(); ++from)
      for (size_t to = 0; to < sent.size(); ++to) sent[from][to] -= before[from][to];
    return sent;
  }

  static cl_ulong Sum(const std::vector<cl_ulong>& row) {
    return std::accumulate(row.begin(), row.end(), cl_ulong{0});
  }
  static cl_ulong SentTo(const Matrix& sent, size_t to) {
    cl_ulong sum = 0;
    for (const auto& row : sent) sum += row[to];
    return sum;
  }

  void Finish() {
    for (cl_command_queue queue : queues_) EXPECT_EQ(cl_.clFinish(queue), CL_SUCCESS);
  }
};

TEST_F(Span, ABufferReadByAllServersLeavesRankZeroOnce) {
  const std::vector<cl_int> values(kCount, 7);
  // Who sends depends on when commands come; when they come one by one, the first holder may be the best each
  // time.
  uint64_t most_from_one = UINT64_MAX;
  for (int attempt = 0; attempt < 20 && most_from_one > 2 * kSize; ++attempt) {
    const cl_mem from = NewBuffer(context_, kSize, values.data());
    const Matrix before = Traffic();
    std::vector<cl_mem> results;
    for (cl_command_queue queue : queues_) {
      const cl_mem to = results.emplace_back(NewBuffer(context_, kSize));
      EXPECT_EQ(cl_.clEnqueueCopyBuffer(queue, from, to, 0, 0, kSize, 0, nullptr, nullptr), CL_SUCCESS);
    }
    Finish();
    const Matrix sent = TrafficSince(before);
    EXPECT_EQ(Sum(sent[0]), kSize);
    most_from_one = 0;
    for (size_t rank = 1; rank <= kServers; ++rank) {
      EXPECT_EQ(SentTo(sent, rank), kSize);
      most_from_one = std::max<uint64_t>(most_from_one, Sum(sent[rank]));
    }
    for (size_t i = 0; i < kServers; ++i) EXPECT_EQ(Read(queues_[i], results[i], kCount), values);
    for (cl_mem buffer : results) cl_.clReleaseMemObject(buffer);
    cl_.clReleaseMemObject(from);
  }
  EXPECT_LE(most_from_one, 2 * kSize) << "one server sent to all others";
}

// It comes after a command that waits for the application, so nothing of it is at the server yet.
TEST_F(Span, ABlockingWriteIsCompleteWhenItReturnsThoughItWasHeldBack) {
  const std::vector<cl_int> zeros(4);
  const cl_mem buffer = NewBuffer(context_, zeros.size() * sizeof(cl_int), zeros.data());
  cl_int error = CL_SUCCESS;
  const cl_event gate = cl_.clCreateUserEvent(context_, &error);
  ASSERT_EQ(error, CL_SUCCESS);
  EXPECT_EQ(cl_.clEnqueueMarkerWithWaitList(queues_[0], 1, &gate, nullptr), CL_SUCCESS);
  std::atomic<bool> open{false};
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    open = true;
    EXPECT_EQ(cl_.clSetUserEventStatus(gate, CL_COMPLETE), CL_SUCCESS);
  });
  const cl_int value = 7;
  EXPECT_EQ(
      cl_.clEnqueueWriteBuffer(queues_[0], buffer, CL_TRUE, 0, sizeof value, &value, 0, nullptr, nullptr),
      CL_SUCCESS);
  EXPECT_TRUE(open);
  EXPECT_EQ(Read(queues_[1], buffer, 1)[0], value) << "by another server, without an event";
  opener.join();
  cl_.clReleaseEvent(gate);
  cl_.clReleaseMemObject(buffer);
}

TEST_F(Span, ProgramsAreBuiltOnAllServersAtOnce) {
  const char* source = "kernel void nothing();";
  cl_int error = CL_SUCCESS;
  const cl_program program = cl_.clCreateProgramWithSource(context_, 1, &source, nullptr, &error);
  ASSERT_EQ(error, CL_SUCCESS);
  MockOpenCl& mock = job->mock();
  const uint64_t before = mock.calls("BuildProgram");
  mock.HoldBuilds();
  std::atomic<bool> built{false};
  const auto notify = [](cl_program, void* flag) { *static_cast<std::atomic<bool>*>(flag) = true; };
  EXPECT_EQ(cl_.clBuildProgram(program, 0, nullptr, "", notify, &built), CL_SUCCESS);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (mock.calls("BuildProgram") < before + kServers && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(mock.calls("BuildProgram"), before + kServers) << "one waits for another";
  EXPECT_FALSE(built);
  mock.ReleaseBuilds();
  while (!built && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(built);
  std::vector<size_t> sizes(kServers);
  EXPECT_EQ(cl_.clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, kServers * sizeof(size_t), sizes.data(),
                                 nullptr),
            CL_SUCCESS);
  for (size_t i = 0; i < kServers; ++i) {
    EXPECT_GT(sizes[i], 0u);
    cl_build_status status = CL_BUILD_NONE;
    EXPECT_EQ(cl_.clGetProgramBuildInfo(program, job->devices()[i], CL_PROGRAM_BUILD_STATUS, sizeof status,
                                        &status, nullptr),
              CL_SUCCESS);
    EXPECT_EQ(status, CL_BUILD_SUCCESS);
  }
  EXPECT_EQ(cl_.clReleaseProgram(program), CL_SUCCESS);
}

TEST_F(Span, WhatServersExchangeDoesNotPassRankZero) {
  const std::vector<cl_int> zeros(kCount);
  const cl_kernel add = NewKernel(context_, "add");
  const cl_mem buffer = NewBuffer(context_, kSize, zeros.data());
  Add(queues_[0], add, buffer, 1, kCount);
  Finish();
  const Matrix before = Traffic();
  cl_event last = nullptr;
  for (int i = 0; i < 2 * kServers; ++i) {
    cl_event event = nullptr;
    Add(queues_[i % kServers], add, buffer, 1, kCount, last == nullptr ? 0 : 1,
        last == nullptr ? nullptr : &last, &event);
    if (last != nullptr) cl_.clReleaseEvent(last);
    last = event;
  }
  cl_.clReleaseEvent(last);
  Finish();
  const Matrix sent = TrafficSince(before);
  EXPECT_EQ(Sum(sent[0]), 0u);
  EXPECT_EQ(SentTo(sent, 0), 0u);
  // All but the first command, which found the contents where it ran.
  cl_ulong sum = 0;
  for (const auto& row : sent) sum += Sum(row);
  EXPECT_EQ(sum, (2 * kServers - 1) * kSize);
  EXPECT_EQ(Read(queues_[0], buffer, kCount), std::vector<cl_int>(kCount, 2 * kServers + 1));
  cl_.clReleaseMemObject(buffer);
  cl_.clReleaseKernel(add);
}

TEST_F(Span, OnlyStaleRangesTravel) {
  const std::vector<cl_int> zeros(kCount);
  const cl_mem buffer = NewBuffer(context_, kSize, zeros.data());
  Read(queues_[0], buffer, kCount);
  Read(queues_[1], buffer, kCount);
  constexpr size_t kPart = 40000;
  const cl_int value = 5;
  EXPECT_EQ(
      cl_.clEnqueueFillBuffer(queues_[1], buffer, &value, sizeof value, 8000, kPart, 0, nullptr, nullptr),
      CL_SUCCESS);
  Finish();
  const Matrix before = Traffic();
  EXPECT_EQ(cl_.clEnqueueMigrateMemObjects(queues_[0], 1, &buffer, 0, 0, nullptr, nullptr), CL_SUCCESS);
  Finish();
  const Matrix sent = TrafficSince(before);
  EXPECT_EQ(sent[2][1], kPart);
  EXPECT_EQ(Sum(sent[2]), kPart);
  EXPECT_EQ(Sum(sent[0]) + Sum(sent[1]), 0u);
  // It is there already.
  const Matrix migrated = Traffic();
  std::vector<cl_int> expected = zeros;
  std::fill_n(expected.begin() + 2000, kPart / sizeof value, value);
  EXPECT_EQ(Read(queues_[0], buffer, kCount), expected);
  EXPECT_EQ(TrafficSince(migrated)[2][1], 0u);
  cl_.clReleaseMemObject(buffer);
}

TEST_F(Span, RowsTravelWithoutWhatLiesBetween) {
  std::vector<cl_int> values(kCount);
  std::iota(values.begin(), values.end(), 0);
  const cl_mem from = NewBuffer(context_, kSize, values.data()), to = NewBuffer(context_, kSize);
  Read(queues_[0], from, kCount);
  const cl_int zero = 0;
  EXPECT_EQ(cl_.clEnqueueFillBuffer(queues_[1], to, &zero, sizeof zero, 0, kSize, 0, nullptr, nullptr),
            CL_SUCCESS);
  Finish();
  const Matrix before = Traffic();
  // Columns of a plane of 100 by 1000 numbers.
  constexpr size_t kPitch = 400, kRows = 1000;
  const size_t origin[] = {40, 0, 0}, target[] = {80, 0, 0}, region[] = {20, kRows, 1};
  EXPECT_EQ(cl_.clEnqueueCopyBufferRect(queues_[1], from, to, origin, target, region, kPitch, 0, kPitch, 0, 0,
                                        nullptr, nullptr),
            CL_SUCCESS);
  Finish();
  const Matrix sent = TrafficSince(before);
  EXPECT_EQ(sent[1][2], 20 * kRows);
  EXPECT_EQ(Sum(sent[0]) + Sum(sent[1]) + Sum(sent[2]), 20 * kRows);
  std::vector<cl_int> expected(kCount);
  for (size_t row = 0; row < kRows; ++row)
    for (size_t i = 0; i < 5; ++i) expected[row * 100 + 20 + i] = values[row * 100 + 10 + i];
  EXPECT_EQ(Read(queues_[2], to, kCount), expected);
  // What was written there comes back as rows, too.
  const Matrix written = Traffic();
  std::vector<cl_int> rows(5 * kRows, -1);
  const size_t host[] = {0, 0, 0};
  EXPECT_EQ(cl_.clEnqueueWriteBufferRect(queues_[3], to, CL_TRUE, target, host, region, kPitch, 0, 20, 0,
                                         rows.data(), 0, nullptr, nullptr),
            CL_SUCCESS);
  for (size_t row = 0; row < kRows; ++row) std::fill_n(expected.begin() + row * 100 + 20, 5, -1);
  EXPECT_EQ(Read(queues_[1], to, kCount), expected);
  const Matrix back = TrafficSince(written);
  EXPECT_EQ(SentTo(back, 4), 20 * kRows);
  EXPECT_EQ(back[4][2], 20 * kRows);
  for (cl_mem buffer : {from, to}) cl_.clReleaseMemObject(buffer);
}

// A command that waits for a user event may have to run after commands that are enqueued later.
class Held : public Span {
 protected:
  const std::vector<cl_int> zeros_ = std::vector<cl_int>(kCount);
  cl_mem buffer_ = NewBuffer(context_, kSize, zeros_.data());
  cl_kernel add_ = NewKernel(context_, "add");
  cl_event gate_ = NewGate();

  void TearDown() override {
    cl_.clReleaseEvent(gate_);
    cl_.clReleaseKernel(add_);
    cl_.clReleaseMemObject(buffer_);
    Span::TearDown();
  }
  cl_event NewGate() {
    cl_int error = CL_SUCCESS;
    const cl_event gate = cl_.clCreateUserEvent(context_, &error);
    EXPECT_EQ(error, CL_SUCCESS);
    return gate;
  }
  void Open(cl_int status = CL_COMPLETE) { EXPECT_EQ(cl_.clSetUserEventStatus(gate_, status), CL_SUCCESS); }
  void Fill(cl_command_queue queue, cl_int value, size_t first, size_t count, cl_event* event = nullptr,
            const cl_event* wait = nullptr) {
    EXPECT_EQ(cl_.clEnqueueFillBuffer(queue, buffer_, &value, sizeof value, first * sizeof value,
                                      count * sizeof value, wait == nullptr ? 0 : 1, wait, event),
              CL_SUCCESS);
  }
  cl_int Status(cl_event event) {
    cl_int status = 0;
    EXPECT_EQ(cl_.clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr),
              CL_SUCCESS);
    return status;
  }
};

TEST_F(Held, RunsAfterCommandsThatWereEnqueuedLater) {
  cl_event added = nullptr;
  Add(queues_[0], add_, buffer_, 1, kCount, 1, &gate_, &added);
  Fill(queues_[1], 5, 0, kCount);
  EXPECT_EQ(cl_.clFinish(queues_[1]), CL_SUCCESS);
  EXPECT_GT(Status(added), CL_COMPLETE);
  Open();
  EXPECT_EQ(cl_.clWaitForEvents(1, &added), CL_SUCCESS);
  EXPECT_EQ(Read(queues_[2], buffer_, kCount), std::vector<cl_int>(kCount, 6));
  cl_.clReleaseEvent(added);
}

TEST_F(Held, DoesNotHoldWhatNeedsAnotherRange) {
  Fill(queues_[0], 3, 0, kCount);
  EXPECT_EQ(cl_.clFinish(queues_[0]), CL_SUCCESS);
  Fill(queues_[0], 4, 0, 100, nullptr, &gate_);
  std::vector<cl_int> got(100);
  EXPECT_EQ(cl_.clEnqueueReadBuffer(queues_[1], buffer_, CL_TRUE, 4000, 400, got.data(), 0, nullptr, nullptr),
            CL_SUCCESS);
  EXPECT_EQ(got, std::vector<cl_int>(100, 3));
  Open();
  EXPECT_EQ(cl_.clFinish(queues_[0]), CL_SUCCESS);
  EXPECT_EQ(Read(queues_[3], buffer_, 100), std::vector<cl_int>(100, 4));
}

TEST_F(Held, KeepsItsArgumentsAndWhatTheyName) {
  const cl_mem other = NewBuffer(context_, kSize, zeros_.data());
  const cl_command_queue queue = NewQueue(context_, job->devices()[0]);
  cl_event added = nullptr, again = nullptr;
  Add(queue, add_, buffer_, 1, kCount, 1, &gate_, &added);
  Add(queue, add_, buffer_, 20, kCount, 0, nullptr, &again);  // In order, so it waits, too.
  // The same kernel on the same server, before those are sent.
  Add(queues_[0], add_, other, 300, kCount);
  EXPECT_EQ(Read(queues_[0], other, kCount), std::vector<cl_int>(kCount, 300));
  EXPECT_GT(Status(again), CL_COMPLETE);
  cl_.clReleaseCommandQueue(queue);
  cl_.clRetainMemObject(buffer_);
  cl_.clReleaseMemObject(buffer_);
  Open();
  EXPECT_EQ(cl_.clWaitForEvents(1, &again), CL_SUCCESS);
  EXPECT_EQ(Read(queues_[1], buffer_, kCount), std::vector<cl_int>(kCount, 21));
  Add(queues_[0], add_, other, 300, kCount);
  EXPECT_EQ(Read(queues_[0], other, kCount), std::vector<cl_int>(kCount, 600));
  for (cl_event event : {added, again}) cl_.clReleaseEvent(event);
  cl_.clReleaseMemObject(other);
}

TEST_F(Held, ABarrierHoldsWhatComesAfterIt) {
  const cl_command_queue queue =
      NewQueue(context_, job->devices()[0], CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  EXPECT_EQ(cl_.clEnqueueMarkerWithWaitList(queue, 1, &gate_, nullptr), CL_SUCCESS);
  cl_event free = nullptr, bound = nullptr;
  Fill(queue, 1, 0, 10, &free);
  EXPECT_EQ(cl_.clWaitForEvents(1, &free), CL_SUCCESS);
  EXPECT_EQ(cl_.clEnqueueBarrierWithWaitList(queue, 0, nullptr, nullptr), CL_SUCCESS);
  Fill(queue, 2, 0, 10, &bound);
  EXPECT_EQ(Read(queues_[1], buffer_, 10), std::vector<cl_int>(10, 1));
  EXPECT_GT(Status(bound), CL_COMPLETE);
  Open();
  EXPECT_EQ(cl_.clFinish(queue), CL_SUCCESS);
  EXPECT_EQ(Read(queues_[1], buffer_, 10), std::vector<cl_int>(10, 2));
  for (cl_event event : {free, bound}) cl_.clReleaseEvent(event);
  cl_.clReleaseCommandQueue(queue);
}

TEST_F(Held, WhatFailsLeavesContentsAlone) {
  Fill(queues_[0], 3, 0, kCount);
  EXPECT_EQ(cl_.clFinish(queues_[0]), CL_SUCCESS);
  cl_event between = nullptr, filled = nullptr, after = nullptr;
  EXPECT_EQ(cl_.clEnqueueMarkerWithWaitList(queues_[1], 1, &gate_, &between), CL_SUCCESS);
  Fill(queues_[2], 4, 0, kCount, &filled, &between);
  Open(-5);
  EXPECT_EQ(cl_.clWaitForEvents(1, &filled), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
  EXPECT_LT(Status(filled), 0);
  // One that comes after the failure is known.
  const cl_command_queue queue = NewQueue(context_, job->devices()[3]);
  Fill(queue, 5, 0, kCount, &after, &filled);
  EXPECT_EQ(cl_.clWaitForEvents(1, &after), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
  EXPECT_EQ(Read(queues_[0], buffer_, kCount), std::vector<cl_int>(kCount, 3));
  for (cl_event event : {between, filled, after}) cl_.clReleaseEvent(event);
  cl_.clReleaseCommandQueue(queue);
}

TEST_F(Held, CallbacksComeWhenItHasRun) {
  cl_event filled = nullptr;
  Fill(queues_[0], 7, 0, kCount, &filled, &gate_);
  std::atomic<cl_int> told{1};
  const auto notify = [](cl_event, cl_int status, void* data) {
    *static_cast<std::atomic<cl_int>*>(data) = status;
  };
  EXPECT_EQ(cl_.clSetEventCallback(filled, CL_COMPLETE, notify, &told), CL_SUCCESS);
  EXPECT_EQ(cl_.clFlush(queues_[0]), CL_SUCCESS);
  EXPECT_EQ(told, 1);
  Open();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (told == 1 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(told, CL_COMPLETE);
  cl_.clReleaseEvent(filled);
}

TEST_F(Held, AnotherThreadMayLetItGo) {
  const std::vector<cl_int> values(kCount, 9);
  std::thread opener([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    Open();
  });
  EXPECT_EQ(
      cl_.clEnqueueWriteBuffer(queues_[0], buffer_, CL_TRUE, 0, kSize, values.data(), 1, &gate_, nullptr),
      CL_SUCCESS);
  opener.join();
  EXPECT_EQ(Read(queues_[1], buffer_, kCount), values);
}

}  // namespace
}  // namespace clopencl::testing

int main(int argc, char** argv) {
  return clopencl::testing::RunTestsInJob(argc, argv, clopencl::testing::kServers);
}
