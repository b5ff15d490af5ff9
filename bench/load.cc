// clopencl-load: long and idle OpenCL programs whose processes bench/memory, bench/idle and bench/servers look at.
// Plain OpenCL. Each step says on standard output that it has come so far.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>

#include "bench/target.h"

namespace clopencl::bench {
namespace {

using apps::Check;
using Clock = std::chrono::steady_clock;

std::vector<apps::DeviceInfo> UsableDevices() {
  std::vector<apps::DeviceInfo> devices;
  for (const apps::DeviceInfo& device : apps::ListDevices())
    if (device.usable && (devices.empty() || devices.front().platform == device.platform)) devices.push_back(device);
  if (devices.empty()) throw std::runtime_error("no OpenCL device found");
  return devices;
}

void Say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// --- repeat: so many of each kind of command, and of objects

struct Kind {
  const char* name;
  std::function<void(int)> one;
};

// What the kinds work on.
class Things {
 public:
  explicit Things(const Target& target) : target_(target) {}

  std::vector<Kind> Kinds() {
    const cl_command_queue queue = queue_.get();
    const cl_mem one = first_.get(), other = second_.get();
    const auto launch = [this, queue](cl_event* event) { Launch(queue, increment_.get(), nullptr, event); };
    return {
        {"launch", [=](int) { launch(nullptr); }},
        {"launch_event", [=](int) {
           apps::Event event;
           launch(event.Receive());
         }},
        {"launch_chain", [=, this](int) {
           apps::Event next;
           Launch(queue, increment_.get(), last_.get(), next.Receive());
           last_ = std::move(next);
         }},
        {"launch_argument", [=, this](int i) {
           SetArgument(store_.get(), 1, static_cast<cl_int>(i));
           Launch(queue, store_.get());
         }},
        {"write", [=, this](int i) {
           word_ = i;
           Check(clEnqueueWriteBuffer(queue, one, CL_FALSE, 0, sizeof(word_), &word_, 0, nullptr, nullptr), "write");
         }},
        {"read_blocking", [=, this](int) {
           Check(clEnqueueReadBuffer(queue, one, CL_TRUE, 0, sizeof(word_), &word_, 0, nullptr, nullptr), "read");
         }},
        {"copy", [=](int) {
           Check(clEnqueueCopyBuffer(queue, one, other, 0, 0, sizeof(cl_int), 0, nullptr, nullptr), "copy");
         }},
        {"fill", [=](int i) {
           const cl_int value = i;
           Check(clEnqueueFillBuffer(queue, one, &value, sizeof value, 0, sizeof value, 0, nullptr, nullptr), "fill");
         }},
        {"marker", [=](int) { Check(clEnqueueMarkerWithWaitList(queue, 0, nullptr, nullptr), "marker"); }},
        {"barrier", [=](int) { Check(clEnqueueBarrierWithWaitList(queue, 0, nullptr, nullptr), "barrier"); }},
        {"map", [=](int) {
           cl_int error = CL_SUCCESS;
           void* memory =
               clEnqueueMapBuffer(queue, one, CL_TRUE, CL_MAP_READ, 0, sizeof(cl_int), 0, nullptr, nullptr, &error);
           Check(error, "map");
           Check(clEnqueueUnmapMemObject(queue, one, memory, 0, nullptr, nullptr), "unmap");
         }},
        {"user_event", [=, this](int) {
           cl_int error = CL_SUCCESS;
           const apps::Event event(clCreateUserEvent(target_.context(), &error));
           Check(error, "clCreateUserEvent");
           Launch(queue, increment_.get(), event.get());
           Check(clSetUserEventStatus(event.get(), CL_COMPLETE), "clSetUserEventStatus");
         }},
        {"callback", [=](int) {
           apps::Event event;
           launch(event.Receive());
           Check(clSetEventCallback(event.get(), CL_COMPLETE, [](cl_event, cl_int, void*) {}, nullptr), "callback");
         }},
        {"buffer", [=, this](int i) {
           const apps::Memory buffer = target_.MakeBuffer(64);
           const cl_int value = i;
           Check(clEnqueueWriteBuffer(queue, buffer.get(), CL_TRUE, 0, sizeof value, &value, 0, nullptr, nullptr),
                 "write");
         }},
        {"kernel", [=, this](int) {
           const apps::Kernel kernel = target_.MakeKernel("increment");
           SetArgument(kernel.get(), 0, one);
           Launch(queue, kernel.get());
         }},
    };
  }

  void Finish() {
    last_.Reset();
    Check(clFinish(queue_.get()), "clFinish");
  }

  void Prepare() {
    SetArgument(increment_.get(), 0, first_.get());
    SetArgument(store_.get(), 0, first_.get());
  }

 private:
  const Target& target_;
  apps::Queue queue_ = target_.MakeQueue();
  apps::Kernel increment_ = target_.MakeKernel("increment");
  apps::Kernel store_ = target_.MakeKernel("store");
  apps::Memory first_ = target_.MakeBuffer(64);
  apps::Memory second_ = target_.MakeBuffer(64);
  apps::Event last_;
  cl_int word_ = 0;
};

// Says "KIND part P" after each tenth, in which everything has ended, and waits for a line: time to look.
void Repeat(int count, const std::vector<std::string>& only) {
  const Target target({UsableDevices().front()});
  Things things(target);
  things.Prepare();
  constexpr int kParts = 10;
  constexpr int kFinishEach = 10000;
  for (const Kind& kind : things.Kinds()) {
    if (!only.empty() && std::ranges::find(only, kind.name) == only.end()) continue;
    for (int part = 1; part <= kParts; ++part) {
      for (int i = 1; i <= count / kParts; ++i) {
        kind.one(i);
        if (i % kFinishEach == 0) things.Finish();
      }
      things.Finish();
      Say(fmt::format("{} {}", kind.name, part));
      if (std::getchar() == EOF) throw std::runtime_error("nobody looks any more");
    }
  }
}

// --- idle

void Idle(double seconds) {
  cl_int error = CL_SUCCESS;
  const apps::DeviceInfo device = UsableDevices().front();
  const apps::Context context(clCreateContext(nullptr, 1, &device.id, nullptr, nullptr, &error));
  Check(error, "clCreateContext");
  const apps::Queue queue(clCreateCommandQueue(context.get(), device.id, 0, &error));
  Check(error, "clCreateCommandQueue");
  Check(clFinish(queue.get()), "clFinish");
  Say("idle");
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

// --- servers: what a command to one of many devices costs

double Microseconds(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

void Servers(int count) {
  const auto start = Clock::now();
  const std::vector<apps::DeviceInfo> devices = UsableDevices();
  const double joined = Microseconds(Clock::now() - start) * 1e-3;
  std::vector<cl_device_id> ids;
  for (const apps::DeviceInfo& device : devices) ids.push_back(device.id);
  cl_int error = CL_SUCCESS;
  const apps::Context context(
      clCreateContext(nullptr, static_cast<cl_uint>(ids.size()), ids.data(), nullptr, nullptr, &error));
  Check(error, "clCreateContext");
  std::vector<apps::Queue> queues;
  for (const cl_device_id id : ids) {
    queues.emplace_back(clCreateCommandQueue(context.get(), id, 0, &error));
    Check(error, "clCreateCommandQueue");
  }
  const apps::Memory buffer(clCreateBuffer(context.get(), CL_MEM_READ_WRITE, 64, nullptr, &error));
  Check(error, "clCreateBuffer");
  cl_int value = 1;
  // One command on every device, so that all know the context and hold the contents.
  for (const apps::Queue& queue : queues)
    Check(clEnqueueReadBuffer(queue.get(), buffer.get(), CL_TRUE, 0, sizeof value, &value, 0, nullptr, nullptr),
          "clEnqueueReadBuffer");
  // The other servers are to be idle; who has just worked still looks often, and may share the cores.
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const cl_command_queue queue = queues.front().get();
  std::vector<double> reads;
  for (int i = -100; i < count; ++i) {
    const auto before = Clock::now();
    Check(clEnqueueReadBuffer(queue, buffer.get(), CL_TRUE, 0, sizeof value, &value, 0, nullptr, nullptr),
          "clEnqueueReadBuffer");
    if (i >= 0) reads.push_back(Microseconds(Clock::now() - before));
  }
  const auto before = Clock::now();
  for (int i = 0; i < count; ++i) Check(clEnqueueMarkerWithWaitList(queue, 0, nullptr, nullptr), "marker");
  const double posted = Microseconds(Clock::now() - before) / count;
  Check(clFinish(queue), "clFinish");
  std::ranges::sort(reads);
  Say(fmt::format("{{\"devices\": {}, \"join_ms\": {:.1f}, \"read_4b_us\": {:.3f}, \"marker_call_us\": {:.4f}}}",
                  devices.size(), joined, reads[reads.size() / 2], posted));
  std::getchar();  // Until the memory was looked at.
}

}  // namespace
}  // namespace clopencl::bench

int main(int argc, char** argv) {
  using namespace clopencl::bench;
  int count = 1'000'000;
  double seconds = 5;
  std::vector<std::string> only;
  CLI::App app("Long and idle OpenCL programs, for bench/memory, bench/idle and bench/servers.", "clopencl-load");
  app.require_subcommand(1);
  CLI::App* repeat = app.add_subcommand("repeat", "Many commands and objects of each kind");
  repeat->add_option("--count", count, "Of each kind")->check(CLI::Range(10, 1'000'000'000))->capture_default_str();
  repeat->add_option("--only", only, "Only these kinds")->delimiter(',');
  CLI::App* idle = app.add_subcommand("idle", "Join, then sleep");
  idle->add_option("--seconds", seconds)->capture_default_str();
  CLI::App* servers = app.add_subcommand("servers", "Commands to one of all devices");
  servers->add_option("--count", count)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    if (*repeat) Repeat(count, only);
    if (*idle) Idle(seconds);
    if (*servers) Servers(count);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "clopencl-load: {}\n", error.what());
    return 1;
  }
}
