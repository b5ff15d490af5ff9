#include "rankserver/model/memory_opencl.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "rankserver/model/engine.h"

namespace clopencl::rankserver {

namespace memory_opencl {
namespace {

Engine* current = nullptr;

bool InBounds(const KernelCall& call) {
  return std::all_of(call.args.begin(), call.args.end(), [&](const KernelCall::Argument& arg) {
    return arg.memory.empty() || arg.memory.size() / sizeof(int) >= call.offset[0] + call.global[0];
  });
}

// On bits: what is too large wraps around, as on devices.
cl_int AddKernelFunction(KernelCall& call) {
  if (!InBounds(call)) return CL_OUT_OF_RESOURCES;
  uint32_t n = 0;
  std::memcpy(&n, call.args.at(1).value.data(), sizeof n);
  auto* p = reinterpret_cast<uint32_t*>(call.args.at(0).memory.data());
  for (size_t i = call.offset[0]; i < call.offset[0] + call.global[0]; ++i) p[i] += n;
  return CL_COMPLETE;
}

cl_int ScaleInto(KernelCall& call) {
  if (!InBounds(call)) return CL_OUT_OF_RESOURCES;
  uint32_t n = 0;
  std::memcpy(&n, call.args.at(2).value.data(), sizeof n);
  auto* to = reinterpret_cast<uint32_t*>(call.args.at(0).memory.data());
  const auto* from = reinterpret_cast<const uint32_t*>(call.args.at(1).memory.data());
  for (size_t i = call.offset[0]; i < call.offset[0] + call.global[0]; ++i) to[i] = from[i] * n;
  return CL_COMPLETE;
}

}  // namespace

Engine& Current() { return *current; }

cl_ulong Now() {
  return static_cast<cl_ulong>(std::chrono::steady_clock::now().time_since_epoch() /
                               std::chrono::nanoseconds(1));
}

cl_int Answer(const void* value, size_t size, size_t room, void* into, size_t* size_ret) {
  if (into != nullptr) {
    if (room < size) return CL_INVALID_VALUE;
    if (size > 0) std::memcpy(into, value, size);
  }
  if (size_ret != nullptr) *size_ret = size;
  return CL_SUCCESS;
}

bool ContextObject::Unified() const {
  return std::all_of(devices.begin(), devices.end(),
                     [](const auto* device) { return device->settings.unified; });
}

Engine::Engine(MemoryOpenCl::Settings with) : settings(std::move(with)) {
  for (const MemoryOpenCl::Device& device : settings.devices) {
    auto object = std::make_shared<DeviceObject>();
    object->settings = device;
    object->index = devices.size();
    devices.push_back(std::move(object));
  }
  kernels["add"] = &AddKernelFunction;
  kernels["scale_into"] = &ScaleInto;
  kernels["nothing"] = [](KernelCall&) { return CL_COMPLETE; };
  for (unsigned i = 0; i < settings.threads; ++i) threads.emplace_back([this] { Work(); });
}

Engine::~Engine() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
    builds_held = false;
  }
  changed.notify_all();
  work.notify_all();
  for (std::thread& thread : threads) thread.join();
}

cl_int Engine::Enter(const char* function) {
  std::lock_guard lock(mutex);
  ++call_counts[function];
  const auto failure = failures.find(function);
  if (failure == failures.end() || failure->second.first-- > 0) return CL_SUCCESS;
  const cl_int error = failure->second.second;
  failures.erase(failure);
  return error;
}

cl_int Engine::Retain(void* handle, Kind kind) {
  std::lock_guard lock(mutex);
  const auto object = Find<Object>(handle, kind);
  if (object == nullptr) return CL_INVALID_VALUE;
  ++object->references;
  return CL_SUCCESS;
}

cl_int Engine::Release(void* handle, Kind kind) {
  std::shared_ptr<Object> last;  // Goes without the mutex.
  std::lock_guard lock(mutex);
  const auto object = Find<Object>(handle, kind);
  if (object == nullptr) return CL_INVALID_VALUE;
  if (--object->references > 0) return CL_SUCCESS;
  last = object;
  objects.erase(handle);
  return CL_SUCCESS;
}

void Engine::CheckMaps(const Memory& memory, const char* what, bool writes) {
  std::lock_guard lock(mutex);
  if (memory.writing_maps > 0 || (writes && memory.maps > 0))
    faults.push_back(std::string(what) + " touched a mapped buffer");
}

void Engine::CountMap(Memory& memory, cl_map_flags flags, int by) {
  memory.maps += by;
  if ((flags & (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION)) != 0) memory.writing_maps += by;
}

cl_int Engine::Enqueue(QueueObject& queue, cl_uint count, const cl_event* list, cl_event* event_out,
                       std::function<cl_int()> run, bool waits_for_all, bool is_barrier,
                       std::shared_ptr<KernelCall> launch) {
  std::lock_guard lock(mutex);
  if ((count == 0) != (list == nullptr)) return CL_INVALID_EVENT_WAIT_LIST;
  auto command = std::make_shared<Command>();
  auto event = std::make_shared<EventObject>();
  event->profiled = (queue.properties & CL_QUEUE_PROFILING_ENABLE) != 0;
  event->times[0] = event->times[1] = Now();
  command->event = event;
  command->run = std::move(run);
  command->ready = event->times[0];
  command->launch = std::move(launch);
  if (command->launch != nullptr && settings.one_kernel_a_device) command->kernel_of = queue.device;
  const auto wait_for = [&](const std::shared_ptr<EventObject>& other, bool failure_counts) {
    if (other->status > CL_COMPLETE) {
      ++command->waits;
      other->dependents.push_back(command);
    } else if (other->status < 0 && failure_counts) {
      command->dependency_failed = true;
      if (settings.silent_failures) ++command->waits;
    }
  };
  for (cl_uint i = 0; i < count; ++i) {
    const auto other = Find<EventObject>(list[i], Kind::kEvent);
    if (other == nullptr) return CL_INVALID_EVENT_WAIT_LIST;
    event->keeps.push_back(other);
    wait_for(other, true);
  }
  if (queue.in_order() && !queue.pending.empty()) wait_for(queue.pending.back(), false);
  if (waits_for_all && count == 0) {
    for (const auto& earlier : queue.pending) wait_for(earlier, false);
  }
  if (!queue.in_order() && queue.barrier != nullptr) wait_for(queue.barrier, false);
  if (is_barrier) queue.barrier = event;
  std::erase_if(queue.pending, [](const auto& other) { return other->status <= CL_COMPLETE; });
  queue.pending.push_back(event);
  ++pending;
  if (event_out != nullptr) *event_out = reinterpret_cast<cl_event>(Add(event));
  if (command->waits == 0) MakeReady(std::move(command));
  return CL_SUCCESS;
}

void Engine::MakeReady(std::shared_ptr<Command> command) {
  if (DeviceObject* device = command->kernel_of; device != nullptr) {
    if (device->kernel_runs) {
      device->waiting_kernels.push_back(std::move(command));
      return;
    }
    device->kernel_runs = true;
  }
  ready.push_back(std::move(command));
  work.notify_one();
}

void Engine::Complete(const std::shared_ptr<EventObject>& event, cl_int status, cl_ulong when,
                      std::vector<std::function<void()>>& calls) {
  event->status = status;
  event->times[3] = when;
  const bool silent = settings.silent_failures && status < 0;
  // What nobody is called back with any more; leak checkers find it here.
  static auto* const forgotten = new std::vector<void*>;
  for (const EventObject::Callback& callback : event->callbacks) {
    if (silent) {
      forgotten->push_back(callback.data);
      continue;
    }
    calls.push_back([event, callback, status] {
      callback.function(reinterpret_cast<cl_event>(event.get()), status < 0 ? status : callback.type,
                        callback.data);
    });
  }
  event->callbacks.clear();
  for (const auto& command : std::exchange(event->dependents, {})) {
    if (silent) {
      if (command->event->status <= CL_COMPLETE) continue;
      command->run = nullptr;
      Complete(command->event, -1, when, calls);
      --pending;
      continue;
    }
    // An in-order queue goes on after a failure; a wait list does not.
    const auto& keeps = command->event->keeps;
    if (status < 0 && std::find(keeps.begin(), keeps.end(), event) != keeps.end())
      command->dependency_failed = true;
    command->ready = std::max(command->ready, when);
    if (--command->waits == 0) MakeReady(command);
  }
  changed.notify_all();
}

bool Engine::RunOne() {
  std::shared_ptr<Command> command;
  std::vector<std::function<void()>> calls;
  {
    std::lock_guard lock(mutex);
    if (ready.empty()) return false;
    if (late_look) std::exchange(late_look, nullptr)();
    command = ready.front();
    ready.pop_front();
    const auto event = command->event;
    event->status = CL_RUNNING;
    event->times[2] = Now();
    std::erase_if(event->callbacks, [&](const EventObject::Callback& callback) {
      if (callback.type == CL_COMPLETE) return false;
      calls.push_back([event, callback] {
        callback.function(reinterpret_cast<cl_event>(event.get()), callback.type, callback.data);
      });
      return true;
    });
  }
  for (const auto& call : calls) call();
  calls.clear();
  if (command->launch != nullptr) command->launch->ready = command->ready;
  const cl_int status =
      command->dependency_failed ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST : command->run();
  command->run = nullptr;
  {
    std::lock_guard lock(mutex);
    const bool own_times = command->launch != nullptr && command->launch->ended != 0;
    if (own_times) command->event->times[2] = command->launch->began;
    if (DeviceObject* device = command->kernel_of; device != nullptr) {
      device->kernel_runs = false;
      if (!device->waiting_kernels.empty()) {
        const std::shared_ptr<Command> next = device->waiting_kernels.front();
        device->waiting_kernels.pop_front();
        MakeReady(next);
      }
    }
    Complete(command->event, status, own_times ? command->launch->ended : Now(), calls);
    command->event->keeps.clear();
    --pending;
  }
  for (const auto& call : calls) call();
  return true;
}

void Engine::Work() {
  while (true) {
    {
      std::unique_lock lock(mutex);
      work.wait(lock, [this] { return stopping || !ready.empty(); });
      if (stopping) return;
    }
    RunOne();
  }
}

void Engine::WaitForQueue(const std::shared_ptr<QueueObject>& queue) {
  const auto over = [&] {
    return std::all_of(queue->pending.begin(), queue->pending.end(),
                       [](const auto& event) { return event->status <= CL_COMPLETE; });
  };
  if (settings.threads == 0) {
    while (RunOne()) {
    }
    return;
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, over);
}

}  // namespace memory_opencl

MemoryOpenCl::MemoryOpenCl(Settings settings)
    : engine_(std::make_shared<memory_opencl::Engine>(std::move(settings))) {
  memory_opencl::current = engine_.get();
}

MemoryOpenCl::~MemoryOpenCl() = default;

NativeApi MemoryOpenCl::Api() {
  NativeApi api;
  memory_opencl::FillObjects(api);
  memory_opencl::FillMemory(api);
  memory_opencl::FillCommands(api);
  memory_opencl::FillImageCommands(api);
  memory_opencl::FillPrograms(api);
  return api;
}

void MemoryOpenCl::AddKernel(const std::string& name, KernelFunction function) {
  std::lock_guard lock(engine_->mutex);
  engine_->kernels[name] = std::move(function);
}

void MemoryOpenCl::RemoveKernels() {
  std::lock_guard lock(engine_->mutex);
  engine_->kernels.clear();
}

void MemoryOpenCl::FailNext(const std::string& function, cl_int error, int after) {
  std::lock_guard lock(engine_->mutex);
  engine_->failures[function] = {after, error};
}

uint64_t MemoryOpenCl::calls(const std::string& function) const {
  std::lock_guard lock(engine_->mutex);
  const auto found = engine_->call_counts.find(function);
  return found == engine_->call_counts.end() ? 0 : found->second;
}

void MemoryOpenCl::HoldBuilds() {
  std::lock_guard lock(engine_->mutex);
  engine_->builds_held = true;
}

void MemoryOpenCl::ReleaseBuilds() {
  std::lock_guard lock(engine_->mutex);
  engine_->builds_held = false;
  engine_->changed.notify_all();
}

size_t MemoryOpenCl::Step(size_t count) {
  size_t ran = 0;
  while (ran < count && engine_->RunOne()) ++ran;
  return ran;
}

void MemoryOpenCl::StepAll() {
  while (engine_->RunOne()) {
  }
}

size_t MemoryOpenCl::live_objects() const {
  std::lock_guard lock(engine_->mutex);
  return engine_->objects.size();
}

size_t MemoryOpenCl::pending_commands() const {
  std::lock_guard lock(engine_->mutex);
  return engine_->pending;
}

std::vector<std::string> MemoryOpenCl::faults() const {
  std::lock_guard lock(engine_->mutex);
  return engine_->faults;
}

}  // namespace clopencl::rankserver
