// What every clEnqueue* has in common.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "rankserver/model/engine.h"

namespace clopencl::rankserver::memory_opencl {

// What every clEnqueue* begins with: the queue, the memory objects, an injected failure.
struct Call {
  Call(const char* function, cl_command_queue handle, std::initializer_list<cl_mem> handles)
      : engine(Current()) {
    status = engine.Enter(function);
    std::lock_guard lock(engine.mutex);
    queue = engine.Find<QueueObject>(handle, Kind::kQueue);
    if (queue == nullptr) status = CL_INVALID_COMMAND_QUEUE;
    for (const cl_mem mem : handles) {
      mems.push_back(engine.Find<MemObject>(mem, Kind::kMem));
      if (mems.back() == nullptr) status = CL_INVALID_MEM_OBJECT;
    }
  }

  cl_int Run(cl_uint count, const cl_event* list, cl_event* event, std::function<cl_int()> run,
             bool waits_for_all = false, bool is_barrier = false) {
    if (status != CL_SUCCESS) return status;
    return engine.Enqueue(*queue, count, list, event, std::move(run), waits_for_all, is_barrier);
  }
  cl_int RunBlocking(cl_bool blocking, cl_uint count, const cl_event* list, cl_event* event,
                     std::function<cl_int()> run) {
    const cl_int result = Run(count, list, event, std::move(run));
    if (result == CL_SUCCESS && blocking == CL_TRUE) engine.WaitForQueue(queue);
    return result;
  }

  Engine& engine;
  cl_int status = CL_SUCCESS;
  std::shared_ptr<QueueObject> queue;
  std::vector<std::shared_ptr<MemObject>> mems;
};

}  // namespace clopencl::rankserver::memory_opencl
