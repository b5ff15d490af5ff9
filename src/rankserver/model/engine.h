// The objects of MemoryOpenCl and how its commands run. Private to this folder.
#pragma once

#include <CL/cl_icd.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "rankserver/model/memory_opencl.h"

namespace clopencl::rankserver::memory_opencl {

enum class Kind { kContext, kQueue, kMem, kSampler, kProgram, kKernel, kEvent, kDevice };

// Every handle points to one of these. Counted; what an object needs it keeps alive through `keeps`.
struct Object {
  explicit Object(Kind object_kind) : kind(object_kind) {}
  virtual ~Object() = default;
  const Kind kind;
  int references = 1;  // Of the application. Under the engine's mutex.
  std::vector<std::shared_ptr<Object>> keeps;
};

struct Command;

struct DeviceObject final : Object {
  DeviceObject() : Object(Kind::kDevice) {}
  MemoryOpenCl::Device settings;
  size_t index = 0;
  std::atomic<uint64_t> allocated = 0;
  DeviceObject* parent = nullptr;
  // With one_kernel_a_device: one runs, those that could run wait.
  bool kernel_runs = false;
  std::deque<std::shared_ptr<Command>> waiting_kernels;
};

struct ContextObject final : Object {
  ContextObject() : Object(Kind::kContext) {}
  std::vector<DeviceObject*> devices;
  std::map<std::byte*, std::vector<std::byte>> svm;
  bool Unified() const;
};

struct Memory {
  // Null when a device of the context has no room for it.
  static std::shared_ptr<Memory> Make(const ContextObject& context, size_t size, cl_mem_flags flags);
  ~Memory();

  std::vector<std::byte> bytes;
  int maps = 0;          // Mappings that are in force.
  int writing_maps = 0;  // Those of them that are for writing.
  size_t size = 0;       // Taken of each of these.
  std::vector<DeviceObject*> devices;
};

struct Mapping {
  std::byte* pointer = nullptr;
  size_t offset = 0;
  size_t size = 0;
  cl_map_flags flags = 0;
  bool is_copy = false;                            // Else it is the memory itself.
  std::shared_ptr<std::vector<std::byte>> shadow;  // The copy, unless it lies in the application's memory.
  // The command that maps: where it is, the event that was asked for, and whether it has run.
  cl_command_queue queue = nullptr;
  cl_event event = nullptr;
  std::shared_ptr<bool> ran = std::make_shared<bool>(false);
};

struct MemObject final : Object {
  MemObject() : Object(Kind::kMem) {}
  ~MemObject() override {
    for (auto last = destroyed.rbegin(); last != destroyed.rend(); ++last) (*last)();
  }
  ContextObject* context = nullptr;
  std::shared_ptr<Memory> memory;  // Shared with sub-buffers.
  cl_mem_flags flags = 0;
  cl_mem_object_type type = CL_MEM_OBJECT_BUFFER;
  size_t offset = 0;  // In `memory`.
  size_t size = 0;
  size_t element_size = 0;  // Of images.
  cl_image_format format{};
  std::array<size_t, 3> extent{1, 1, 1};
  std::list<Mapping> mappings;
  std::byte* host = nullptr;  // The application's, where mappings lie, if it gave that.
  std::vector<std::function<void()>> destroyed;

  std::byte* data() const { return memory->bytes.data() + offset; }
};

struct SamplerObject final : Object {
  SamplerObject() : Object(Kind::kSampler) {}
};

struct KernelArg {
  std::string type;
  std::string name;
  bool is_pointer = false;
  bool is_local = false;
  bool is_const = false;
  size_t value_size = 0;
};

struct KernelSource {
  std::string name;
  std::vector<KernelArg> args;
};

struct ProgramObject final : Object {
  ProgramObject() : Object(Kind::kProgram) {}
  ContextObject* context = nullptr;
  std::string source;
  std::string options;
  std::string log;
  cl_build_status status = CL_BUILD_NONE;
  cl_program_binary_type binary_type = CL_PROGRAM_BINARY_TYPE_NONE;
  std::vector<KernelSource> kernels;
};

struct KernelObject final : Object {
  KernelObject() : Object(Kind::kKernel) {}
  ProgramObject* program = nullptr;
  KernelSource source;
  struct Value {
    bool set = false;
    bool is_memory = false;
    std::weak_ptr<Memory> memory;  // OpenCL 3.0, clSetKernelArg: kernels own no reference to it.
    size_t offset = 0, size = 0;
    bool read_only = false;
    std::vector<std::byte> bytes;
    size_t local_size = 0;
  };
  std::vector<Value> values;
};

struct EventObject final : Object {
  EventObject() : Object(Kind::kEvent) {}
  bool user = false;
  bool profiled = false;
  cl_int status = CL_QUEUED;
  std::array<cl_ulong, 4> times{};  // Queued, submit, start, end.
  std::vector<std::shared_ptr<Command>> dependents;
  struct Callback {
    cl_int type;
    void(CL_CALLBACK* function)(cl_event, cl_int, void*);
    void* data;
  };
  std::vector<Callback> callbacks;
};

struct Command {
  std::shared_ptr<EventObject> event;
  size_t waits = 0;  // Events that are not complete.
  bool dependency_failed = false;
  cl_ulong ready = 0;  // When the last thing that it waits for was over.
  std::shared_ptr<KernelCall> launch;
  DeviceObject* kernel_of = nullptr;  // Set of kernels where a device runs one at a time.
  std::function<cl_int()> run;
};

struct QueueObject final : Object {
  QueueObject() : Object(Kind::kQueue) {}
  ContextObject* context = nullptr;
  DeviceObject* device = nullptr;
  cl_command_queue_properties properties = 0;
  std::vector<std::shared_ptr<EventObject>> pending;  // Of commands that are not over.
  std::shared_ptr<EventObject> barrier;               // The last, of out-of-order queues.
  bool in_order() const { return (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) == 0; }
};

struct Engine {
  explicit Engine(MemoryOpenCl::Settings with);
  ~Engine();

  // --- under `mutex`

  // The object behind a handle; null, and a fault, when the handle is no live object of the kind.
  template <typename T>
  std::shared_ptr<T> Find(void* handle, Kind kind) {
    const auto found = objects.find(handle);
    if (found == objects.end() || found->second->kind != kind) {
      faults.push_back("a handle of kind " + std::to_string(static_cast<int>(kind)) +
                       " that does not live was used");
      return nullptr;
    }
    return std::static_pointer_cast<T>(found->second);
  }
  template <typename T>
  T* Add(std::shared_ptr<T> object) {
    T* raw = object.get();
    objects[raw] = std::move(object);
    return raw;
  }
  cl_int Retain(void* handle, Kind kind);
  cl_int Release(void* handle, Kind kind);

  // CL_SUCCESS, or the error that the test wants the function to fail with. Counts the call.
  cl_int Enter(const char* function);

  cl_int Enqueue(QueueObject& queue, cl_uint count, const cl_event* list, cl_event* event_out,
                 std::function<cl_int()> run, bool waits_for_all = false, bool is_barrier = false,
                 std::shared_ptr<KernelCall> launch = nullptr);
  // The command waits for nothing any more.
  void MakeReady(std::shared_ptr<Command> command);
  // Notes a fault when a command uses the memory in a way that a mapping forbids (OpenCL 3.0, "Mapping Buffer
  // Objects").
  void CheckMaps(const Memory& memory, const char* what, bool writes);
  void CountMap(Memory& memory, cl_map_flags flags, int by);
  // Completes the event and what follows from it; callbacks are collected to be called without the mutex.
  void Complete(const std::shared_ptr<EventObject>& event, cl_int status, cl_ulong when,
                std::vector<std::function<void()>>& calls);

  // --- without it

  bool RunOne();
  void WaitForQueue(const std::shared_ptr<QueueObject>& queue);
  void Work();

  const MemoryOpenCl::Settings settings;
  std::vector<std::shared_ptr<DeviceObject>> devices;
  std::mutex mutex;
  // Of threads that run commands, one for each that becomes ready; and of all who wait for something else.
  std::condition_variable work, changed;
  std::map<void*, std::shared_ptr<Object>> objects;
  std::deque<std::shared_ptr<Command>> ready;
  std::map<std::string, KernelFunction> kernels;
  std::map<std::string, std::pair<int, cl_int>> failures;
  std::map<std::string, uint64_t> call_counts;
  std::vector<std::string> faults;
  std::function<void()> late_look;  // What the command that ran last left to be done before the next.
  size_t pending = 0;
  bool builds_held = false;
  bool stopping = false;
  std::vector<std::thread> threads;
};

// The instance that the OpenCL functions act on.
Engine& Current();

cl_ulong Now();

// As every clGet*Info: `size` bytes at `value` are the answer.
cl_int Answer(const void* value, size_t size, size_t room, void* into, size_t* size_ret);
inline cl_int AnswerText(const std::string& text, size_t room, void* into, size_t* size_ret) {
  return Answer(text.c_str(), text.size() + 1, room, into, size_ret);
}
template <typename T>
cl_int AnswerValue(const T& value, size_t room, void* into, size_t* size_ret) {
  return Answer(&value, sizeof value, room, into, size_ret);
}

// Fill their part of the table.
void FillObjects(NativeApi& api);
void FillMemory(NativeApi& api);
void FillCommands(NativeApi& api);
void FillImageCommands(NativeApi& api);
void FillPrograms(NativeApi& api);

}  // namespace clopencl::rankserver::memory_opencl
