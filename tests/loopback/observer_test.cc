// What clrun --trace and --stats show of a whole job: the timeline fits together, the counts are right.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "frontend/observe/statistics.h"
#include "frontend/observe/timeline.h"
#include "loopback/job_in_process.h"

namespace clopencl::testing {
namespace {

using nlohmann::json;

constexpr int kLaunches = 50;
constexpr size_t kBytes = size_t{3} << 20;

std::string trace_file;

// A program on two devices of one context: kernels on one, then what they made read from the other.
void RunProgram(JobInProcess& job) {
  const cl_icd_dispatch& cl = *frontend::dispatch_table;
  cl_int error = CL_SUCCESS;
  const cl_context context = cl.clCreateContext(nullptr, static_cast<cl_uint>(job.devices().size()),
                                                job.devices().data(), nullptr, nullptr, &error);
  ASSERT_EQ(error, CL_SUCCESS);
  const char* source = "kernel void add(global int* p, int n); kernel void nothing();";
  const cl_program program = cl.clCreateProgramWithSource(context, 1, &source, nullptr, &error);
  ASSERT_EQ(cl.clBuildProgram(program, 0, nullptr, "", nullptr, nullptr), CL_SUCCESS);
  const cl_kernel kernel = cl.clCreateKernel(program, "add", &error);
  ASSERT_EQ(error, CL_SUCCESS);
  const cl_command_queue first = cl.clCreateCommandQueue(context, job.devices().front(), 0, &error);
  const cl_command_queue second = cl.clCreateCommandQueue(context, job.devices().back(), 0, &error);
  std::vector<cl_int> values(kBytes / sizeof(cl_int));
  const cl_mem buffer = cl.clCreateBuffer(context, CL_MEM_COPY_HOST_PTR, kBytes, values.data(), &error);
  const cl_int amount = 1;
  const size_t count = values.size();
  ASSERT_EQ(cl.clSetKernelArg(kernel, 0, sizeof buffer, &buffer), CL_SUCCESS);
  ASSERT_EQ(cl.clSetKernelArg(kernel, 1, sizeof amount, &amount), CL_SUCCESS);
  for (int i = 0; i < kLaunches; ++i) {
    ASSERT_EQ(cl.clEnqueueNDRangeKernel(first, kernel, 1, nullptr, &count, nullptr, 0, nullptr, nullptr),
              CL_SUCCESS);
  }
  ASSERT_EQ(cl.clFinish(first), CL_SUCCESS);
  ASSERT_EQ(cl.clEnqueueReadBuffer(second, buffer, CL_TRUE, 0, kBytes, values.data(), 0, nullptr, nullptr),
            CL_SUCCESS);
  EXPECT_EQ(values.back(), kLaunches);
  cl.clReleaseMemObject(buffer);
  cl.clReleaseKernel(kernel);
  cl.clReleaseProgram(program);
  cl.clReleaseCommandQueue(first);
  cl.clReleaseCommandQueue(second);
  cl.clReleaseContext(context);
}

struct Timeline {
  std::map<int, std::string> processes;
  std::map<std::pair<int, int>, std::string> lanes;
  std::vector<json> slices;
  std::map<int, std::vector<json>> arrows;  // By id.
};

Timeline Load() {
  std::ifstream file(trace_file);
  const json all = json::parse(file);
  Timeline timeline;
  for (const json& event : all.at("traceEvents")) {
    const std::string phase = event.at("ph");
    if (phase == "X") timeline.slices.push_back(event);
    if (phase == "s" || phase == "t" || phase == "f") timeline.arrows[event.at("id")].push_back(event);
    if (phase == "M" && event.at("name") == "process_name")
      timeline.processes[event.at("pid")] = event.at("args").at("name");
    if (phase == "M" && event.at("name") == "thread_name")
      timeline.lanes[{event.at("pid"), event.at("tid")}] = event.at("args").at("name");
  }
  return timeline;
}

const Timeline& TheTimeline() {
  static const Timeline timeline = Load();
  return timeline;
}

std::string LaneOf(const json& slice) { return TheTimeline().lanes.at({slice.at("pid"), slice.at("tid")}); }

double End(const json& slice) { return slice.at("ts").get<double>() + slice.at("dur").get<double>(); }

std::vector<json> Slices(const std::string& name, const std::string& lane) {
  std::vector<json> found;
  for (const json& slice : TheTimeline().slices)
    if (slice.at("name") == name && LaneOf(slice).find(lane) != std::string::npos) found.push_back(slice);
  return found;
}

TEST(Observer, HasAProcessForEveryRank) {
  ASSERT_EQ(TheTimeline().processes.size(), 3u);
  EXPECT_EQ(TheTimeline().processes.at(0), "rank 0: the program");
  EXPECT_EQ(TheTimeline().processes.at(1), "rank 1 (here)");
  EXPECT_EQ(TheTimeline().processes.at(2), "rank 2 (here)");
}

TEST(Observer, ShowsEveryCallAndWhereItWaited) {
  EXPECT_EQ(Slices("clEnqueueNDRangeKernel", "thread").size(), size_t{kLaunches});
  const std::vector<json> reads = Slices("clEnqueueReadBuffer", "thread");
  ASSERT_EQ(reads.size(), 1u);
  bool waited = false;
  for (const json& wait : Slices("wait", "thread"))
    waited = waited || (wait.at("ts") >= reads.front().at("ts") && End(wait) <= End(reads.front()) + 1e-3);
  EXPECT_TRUE(waited);
}

TEST(Observer, SlicesOfAThreadAreNestedOrApart) {
  std::map<std::pair<int, int>, std::vector<json>> threads;
  for (const json& slice : TheTimeline().slices) {
    EXPECT_GE(slice.at("dur").get<double>(), 0);
    threads[{slice.at("pid"), slice.at("tid")}].push_back(slice);
  }
  constexpr double kRounding = 2e-3;
  for (const auto& [thread, slices] : threads) {
    ASSERT_TRUE(TheTimeline().lanes.contains(thread));
    std::vector<double> open;
    for (const json& slice : slices) {  // In the order of their beginnings, longer ones first.
      while (!open.empty() && open.back() <= slice.at("ts").get<double>() + kRounding) open.pop_back();
      if (!open.empty()) {
        EXPECT_LE(End(slice), open.back() + kRounding) << slice;
      }
      open.push_back(End(slice));
    }
  }
}

// Clocks are read to within half of the quickest exchange; on a busy machine that can be long. Microseconds.
constexpr double kClockError = 1000;

TEST(Observer, TiesNativeCommandsToTheCallsThatMadeThem) {
  const std::vector<json> kernels = Slices("add", "queue");
  ASSERT_EQ(kernels.size(), size_t{kLaunches});
  size_t tied = 0;
  for (const auto& [id, chain] : TheTimeline().arrows) {
    ASSERT_GE(chain.size(), 2u);
    EXPECT_EQ(chain.front().at("ph"), "s");
    EXPECT_EQ(chain.back().at("ph"), "f");
    EXPECT_EQ(chain.front().at("pid"), 0);
    EXPECT_NE(chain.back().at("pid"), 0);
    double before = 0;
    for (const json& step : chain) {
      EXPECT_GE(step.at("ts").get<double>(), before - kClockError);
      before = step.at("ts");
    }
    for (const json& kernel : kernels)
      if (kernel.at("tid") == chain.back().at("tid") && kernel.at("ts") == chain.back().at("ts") &&
          kernel.at("pid") == chain.back().at("pid"))
        ++tied;
  }
  EXPECT_EQ(tied, size_t{kLaunches});
}

// Every kernel ran after its launch was called and before clFinish was over: the clocks are aligned.
TEST(Observer, ClocksOfTheRanksAreAligned) {
  const std::vector<json> calls = Slices("clEnqueueNDRangeKernel", "thread");
  const std::vector<json> finishes = Slices("clFinish", "thread");
  ASSERT_FALSE(calls.empty());
  ASSERT_FALSE(finishes.empty());
  for (const json& kernel : Slices("add", "queue")) {
    EXPECT_GE(kernel.at("ts").get<double>(), calls.front().at("ts").get<double>() - kClockError);
    EXPECT_LE(End(kernel), End(finishes.front()) + kClockError);
  }
}

TEST(Observer, ShowsPayloadsAndMovesBetweenServers) {
  for (const auto& [name, lane] :
       {std::pair("send data", "to and from rank 1"), std::pair("receive", "data from the frontend"),
        std::pair("send", "data to rank 2"), std::pair("receive", "data from rank 1"),
        std::pair("send", "data to the frontend"), std::pair("receive data", "to and from rank 2")}) {
    const std::vector<json> payloads = Slices(name, lane);
    ASSERT_FALSE(payloads.empty()) << name << " on " << lane;
    uint64_t bytes = 0;
    for (const json& payload : payloads) bytes += payload.at("args").at("bytes").get<uint64_t>();
    EXPECT_EQ(bytes, kBytes) << name << " on " << lane;
  }
}

TEST(Timeline, TakesClocksThatDriftApart) {
  using frontend::TimeHere;
  EXPECT_EQ(TimeHere({}, 5), 5);
  EXPECT_EQ(TimeHere({{100, 1000}}, 1500), 600);
  // 1 part in 1000 faster there.
  const std::vector<frontend::ClockReading> readings{{0, 500}, {1'000'000, 1'001'500}};
  EXPECT_EQ(TimeHere(readings, 500), 0);
  EXPECT_EQ(TimeHere(readings, 1'001'500), 1'000'000);
  EXPECT_NEAR(static_cast<double>(TimeHere(readings, 501'000)), 500'000, 2);
}

TEST(Timeline, GivesOverlappingRecordsThreadsOfTheirOwn) {
  frontend::ProcessTrace process{"p \"1\"\n", {}, {"lane", "a"}, {}, 7};
  process.records = {{0, 1, 0, 10'000, 0, 0}, {0, 1, 5'000, 15'000, 0, 0}, {0, 1, 6'000, 7'000, 0, 0}};
  const json all = json::parse(frontend::TimelineJson({process}, 0));
  std::map<int, int> slices;  // By thread.
  for (const json& event : all.at("traceEvents")) {
    if (event.at("ph") == "X") ++slices[event.at("tid")];
    if (event.at("name") == "process_name") {
      EXPECT_EQ(event.at("args").at("name"), process.name);
    }
  }
  EXPECT_EQ(slices, (std::map<int, int>{{1, 2}, {2, 1}}));
}

TEST(Statistics, NamesTheCallsThatWaitedMost) {
  frontend::SessionReport report{"rank 1 (here)", "Mock", {}, 1 << 20};
  report.counts.commands = 12;
  report.counts.bytes_sent = 2048;
  report.counts.waits["Finish"] = {2, 3'000'000, 2'000'000};
  report.counts.waits["EnqueueReadBuffer"] = {10, 5'000'000, 1'000'000};
  const std::string text = frontend::StatisticsText({report}, {}, 1'000'000'000);
  EXPECT_NE(text.find("rank 1 (here), Mock"), std::string::npos);
  EXPECT_NE(text.find("2.0 KiB"), std::string::npos);
  EXPECT_NE(text.find("1.0 MiB"), std::string::npos);
  EXPECT_NE(text.find("8.0 ms"), std::string::npos);  // Waited in all.
  EXPECT_LT(text.find("clEnqueueReadBuffer"), text.find("clFinish"));
  EXPECT_EQ(text.find("several servers"), std::string::npos);
}

}  // namespace
}  // namespace clopencl::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
  using namespace clopencl::testing;
  trace_file = ::testing::TempDir() + "clopencl-trace-" + std::to_string(getpid()) + ".json";
  setenv("CLOPENCL_TRACE", trace_file.c_str(), 1);
  setenv("CLOPENCL_STATS", "1", 1);
  {
    JobInProcess job(2);
    RunProgram(job);
  }
  const int result = RUN_ALL_TESTS();
  std::remove(trace_file.c_str());
  return result;
}
