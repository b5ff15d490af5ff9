// lifetime_stress [--seed N] [--steps N]: objects of every kind made, used, retained and released at random,
// with commands under way, in four threads. Nothing may crash; every destructor callback must come once; and
// the device must still compute right at the end.
#include <atomic>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr size_t kThreads = 4;
constexpr size_t kPool = 12;
constexpr char kSource[] =
    "kernel void add(global int* data, int value) { data[get_global_id(0)] += value; }";

std::atomic<long> g_destroyed = 0;
std::atomic<long> g_completed = 0;

// Objects that one thread plays with. Empty places are null.
class Player {
 public:
  Player(const Session& session, cl_program program, uint64_t seed)
      : s_(session), shared_program_(program), random_(seed) {
    queues_.resize(kPool);
    buffers_.resize(kPool);
    kernels_.resize(kPool);
    events_.resize(kPool);
    programs_.resize(3);
  }

  void Play(int steps) {
    for (int i = 0; i < steps; ++i) Step();
    for (const Queue& queue : queues_) {
      if (queue != nullptr) Must(clFinish(queue));
    }
  }
  long made() const { return made_; }
  long watched() const { return watched_; }

 private:
  template <typename T>
  Handle<T>& Any(std::vector<Handle<T>>& pool) {
    return pool[random_.Below(pool.size())];
  }
  const Queue& AnyQueue() {
    Queue& queue = Any(queues_);
    if (queue == nullptr) {
      queue =
          MakeQueue(s_.context, s_.device,
                    random_.OneIn(2) ? CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE : CL_QUEUE_PROFILING_ENABLE);
    }
    return queue;
  }
  const Mem& AnyBuffer() {
    Mem& buffer = Any(buffers_);
    if (buffer == nullptr) {
      buffer = MakeBuffer(s_.context, kBytes, random_.OneIn(3) ? CL_MEM_ALLOC_HOST_PTR : CL_MEM_READ_WRITE);
      Must(clSetMemObjectDestructorCallback(
          buffer, [](cl_mem, void*) { ++g_destroyed; }, nullptr));
      ++made_;
    }
    return buffer;
  }
  const Kernel& AnyKernel() {
    Kernel& kernel = Any(kernels_);
    if (kernel == nullptr) {
      Program& program = Any(programs_);
      kernel = MakeKernel(program != nullptr ? program.get() : shared_program_, "add");
    }
    return kernel;
  }
  // A few events of earlier commands to wait for, retained while they are in the list.
  std::vector<cl_event> AnyWait() {
    std::vector<cl_event> wait;
    for (size_t i = random_.Below(4); i > 0; --i) {
      const Event& event = Any(events_);
      if (event != nullptr) wait.push_back(event);
    }
    return wait;
  }
  // Keeps a command's event in the pool, or lets it go, or watches it.
  void Keep(Event event, const Queue& queue) {
    Must(clFlush(queue));
    if (random_.OneIn(4)) {
      ++watched_;
      Must(clSetEventCallback(
          event, CL_COMPLETE, [](cl_event, cl_int, void*) { ++g_completed; }, nullptr));
    }
    if (random_.OneIn(2)) Any(events_) = std::move(event);
  }

  void Step() {
    Event event;
    const std::vector<cl_event> wait = AnyWait();
    switch (random_.Below(12)) {
      case 0:
        return Any(queues_).Reset();
      case 1:
      case 2:
        return Any(buffers_).Reset();
      case 3:
        return Any(kernels_).Reset();
      case 4:
        return Any(events_).Reset();
      case 5:
        return ReplaceProgram();
      case 6:
        return RetainAndRelease();
      case 7: {
        const Queue& queue = AnyQueue();
        const int pattern = 1;
        Must(clEnqueueFillBuffer(queue, AnyBuffer(), &pattern, 4, 0, kBytes, CountOf(wait), ListOf(wait),
                                 event.Out()));
        return Keep(std::move(event), queue);
      }
      case 8: {
        const Queue& queue = AnyQueue();
        Must(clEnqueueReadBuffer(queue, AnyBuffer(), random_.OneIn(3), 0, kBytes, host_.data(), CountOf(wait),
                                 ListOf(wait), event.Out()));
        return Keep(std::move(event), queue);
      }
      case 9: {
        const Queue& queue = AnyQueue();
        return MapAndUnmap(queue, wait);
      }
      default: {
        const Queue& queue = AnyQueue();
        const Kernel& kernel = AnyKernel();
        SetArgs(kernel, AnyBuffer(), cl_int{1});
        const size_t items = kBytes / sizeof(cl_int);
        Must(clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &items, nullptr, CountOf(wait), ListOf(wait),
                                    event.Out()));
        return Keep(std::move(event), queue);
      }
    }
  }

  void ReplaceProgram() {
    if (!random_.OneIn(20)) return Any(programs_).Reset();
    Any(programs_) = BuildProgram(s_.context, s_.device, kSource);
  }

  void RetainAndRelease() {
    const Mem& buffer = AnyBuffer();
    Must(clRetainMemObject(buffer));
    const Queue& queue = AnyQueue();
    Must(clRetainCommandQueue(queue));
    Must(clReleaseCommandQueue(queue));
    Must(clReleaseMemObject(buffer));
  }

  void MapAndUnmap(const Queue& queue, const std::vector<cl_event>& wait) {
    const Mem& buffer = AnyBuffer();
    cl_int code = CL_SUCCESS;
    void* mapped = clEnqueueMapBuffer(queue, buffer, CL_TRUE, CL_MAP_READ, 0, kBytes, CountOf(wait),
                                      ListOf(wait), nullptr, &code);
    Must(code);
    Must(clEnqueueUnmapMemObject(queue, buffer, mapped, 0, nullptr, nullptr));
  }

  static constexpr size_t kBytes = 4096;

  const Session& s_;
  cl_program shared_program_;
  Random random_;
  // Never freed: commands of a queue that was released may still write it when the player is gone.
  std::vector<char>& host_ = *new std::vector<char>(kBytes);
  std::vector<Queue> queues_;
  std::vector<Mem> buffers_;
  std::vector<Kernel> kernels_;
  std::vector<Event> events_;
  std::vector<Program> programs_;
  long made_ = 0;
  long watched_ = 0;
};

void Run(uint64_t seed, int steps) {
  const Session s;
  std::atomic<long> made = 0;
  std::atomic<long> watched = 0;
  {
    const Program program = BuildProgram(s.context, s.device, kSource);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        Player player(s, program, seed * kThreads + i);
        player.Play(steps);
        made += player.made();
        watched += player.watched();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  Expect(Eventually([&] { return g_completed == watched; }), "callbacks of events",
         std::to_string(g_completed) + " of " + std::to_string(watched));
  Expect(Eventually([&] { return g_destroyed == made; }), "callbacks of buffers",
         std::to_string(g_destroyed) + " of " + std::to_string(made));
  PrintNumber("buffers made", made);
  PrintNumber("events watched", watched);
  CommandLog log(s.device, s.context);
  for (cl_int i = 0; i < 10; ++i) log.Append(s.queue, i);
  log.ExpectValues(s.queue, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "commands afterwards");
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t seed = 1;
  int steps = 1000;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) Die("usage: lifetime_stress [--seed N] [--steps N]");
    if (std::strcmp(argv[i], "--seed") == 0) {
      seed = std::stoull(argv[i + 1]);
    } else if (std::strcmp(argv[i], "--steps") == 0) {
      steps = std::stoi(argv[i + 1]);
    } else {
      Die("usage: lifetime_stress [--seed N] [--steps N]");
    }
  }
  Run(seed, steps);
  return ExitCode();
}
