// clEnqueue* but for kernels and images.
#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "rankserver/model/call.h"
#include "rankserver/model/regions.h"

namespace clopencl::rankserver::memory_opencl {
namespace {

// --- buffers

cl_int EnqueueReadBuffer(cl_command_queue queue, cl_mem mem, cl_bool blocking, size_t offset, size_t size,
                         void* to, cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueReadBuffer", queue, {mem});
  if (call.status == CL_SUCCESS && !Fits(offset, size, call.mems[0]->size)) call.status = CL_INVALID_VALUE;
  return call.RunBlocking(
      blocking, count, list, event,
      [=, &engine = call.engine, from = call.status == CL_SUCCESS ? call.mems[0] : nullptr] {
        engine.CheckMaps(*from->memory, "a read", false);
        std::copy_n(from->data() + offset, size, static_cast<std::byte*>(to));
        return CL_COMPLETE;
      });
}

cl_int EnqueueWriteBuffer(cl_command_queue queue, cl_mem mem, cl_bool blocking, size_t offset, size_t size,
                          const void* from, cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueWriteBuffer", queue, {mem});
  if (call.status == CL_SUCCESS && !Fits(offset, size, call.mems[0]->size)) call.status = CL_INVALID_VALUE;
  return call.RunBlocking(
      blocking, count, list, event,
      [=, &engine = call.engine, to = call.status == CL_SUCCESS ? call.mems[0] : nullptr] {
        engine.CheckMaps(*to->memory, "a write", true);
        std::copy_n(static_cast<const std::byte*>(from), size, to->data() + offset);
        return CL_COMPLETE;
      });
}

cl_int EnqueueReadBufferRect(cl_command_queue queue, cl_mem mem, cl_bool blocking, const size_t* origin,
                             const size_t* host_origin, const size_t* region, size_t row, size_t slice,
                             size_t host_row, size_t host_slice, void* to, cl_uint count,
                             const cl_event* list, cl_event* event) {
  Call call("EnqueueReadBufferRect", queue, {mem});
  const Rect device(origin, region, row, slice), host(host_origin, region, host_row, host_slice);
  if (call.status == CL_SUCCESS && !device.Inside(call.mems[0]->size)) call.status = CL_INVALID_VALUE;
  return call.RunBlocking(
      blocking, count, list, event,
      [=, &engine = call.engine, from = call.status == CL_SUCCESS ? call.mems[0] : nullptr] {
        engine.CheckMaps(*from->memory, "a read", false);
        CopyRect(static_cast<std::byte*>(to), host, from->data(), device);
        return CL_COMPLETE;
      });
}

cl_int EnqueueWriteBufferRect(cl_command_queue queue, cl_mem mem, cl_bool blocking, const size_t* origin,
                              const size_t* host_origin, const size_t* region, size_t row, size_t slice,
                              size_t host_row, size_t host_slice, const void* from, cl_uint count,
                              const cl_event* list, cl_event* event) {
  Call call("EnqueueWriteBufferRect", queue, {mem});
  const Rect device(origin, region, row, slice), host(host_origin, region, host_row, host_slice);
  if (call.status == CL_SUCCESS && !device.Inside(call.mems[0]->size)) call.status = CL_INVALID_VALUE;
  return call.RunBlocking(
      blocking, count, list, event,
      [=, &engine = call.engine, to = call.status == CL_SUCCESS ? call.mems[0] : nullptr] {
        engine.CheckMaps(*to->memory, "a write", true);
        CopyRect(to->data(), device, static_cast<const std::byte*>(from), host);
        return CL_COMPLETE;
      });
}

cl_int EnqueueCopyBuffer(cl_command_queue queue, cl_mem source, cl_mem destination, size_t from, size_t to,
                         size_t size, cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueCopyBuffer", queue, {source, destination});
  if (call.status == CL_SUCCESS &&
      (!Fits(from, size, call.mems[0]->size) || !Fits(to, size, call.mems[1]->size))) {
    call.status = CL_INVALID_VALUE;
  }
  return call.Run(count, list, event, [=, &engine = call.engine, mems = call.mems] {
    engine.CheckMaps(*mems[0]->memory, "a copy", false);
    engine.CheckMaps(*mems[1]->memory, "a copy", true);
    std::memmove(mems[1]->data() + to, mems[0]->data() + from, size);
    return CL_COMPLETE;
  });
}

cl_int EnqueueCopyBufferRect(cl_command_queue queue, cl_mem source, cl_mem destination,
                             const size_t* from_origin, const size_t* to_origin, const size_t* region,
                             size_t from_row, size_t from_slice, size_t to_row, size_t to_slice,
                             cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueCopyBufferRect", queue, {source, destination});
  const Rect from(from_origin, region, from_row, from_slice), to(to_origin, region, to_row, to_slice);
  if (call.status == CL_SUCCESS && (!from.Inside(call.mems[0]->size) || !to.Inside(call.mems[1]->size))) {
    call.status = CL_INVALID_VALUE;
  }
  return call.Run(count, list, event, [=, &engine = call.engine, mems = call.mems] {
    engine.CheckMaps(*mems[0]->memory, "a copy", false);
    engine.CheckMaps(*mems[1]->memory, "a copy", true);
    CopyRect(mems[1]->data(), to, mems[0]->data(), from);
    return CL_COMPLETE;
  });
}

cl_int EnqueueFillBuffer(cl_command_queue queue, cl_mem mem, const void* pattern, size_t pattern_size,
                         size_t offset, size_t size, cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueFillBuffer", queue, {mem});
  if (call.status == CL_SUCCESS &&
      (pattern_size == 0 || size % pattern_size != 0 || !Fits(offset, size, call.mems[0]->size))) {
    call.status = CL_INVALID_VALUE;
  }
  const auto* first = static_cast<const std::byte*>(pattern);
  return call.Run(count, list, event,
                  [=, &engine = call.engine, mems = call.mems,
                   bytes = std::vector<std::byte>(first, first + pattern_size)] {
                    engine.CheckMaps(*mems[0]->memory, "a fill", true);
                    Fill(mems[0]->data() + offset, size, bytes);
                    return CL_COMPLETE;
                  });
}

// --- mapping

// `event`: as the application passed it.
void* KeepMapping(Engine& engine, MemObject& target, Mapping mapping, cl_command_queue queue,
                  const cl_event* event) {
  mapping.queue = queue;
  if (event != nullptr) mapping.event = *event;
  std::lock_guard lock(engine.mutex);
  target.mappings.push_back(mapping);
  return mapping.pointer;
}

void* EnqueueMapBuffer(cl_command_queue queue, cl_mem mem, cl_bool blocking, cl_map_flags flags,
                       size_t offset, size_t size, cl_uint count, const cl_event* list, cl_event* event,
                       cl_int* status) {
  Call call("EnqueueMapBuffer", queue, {mem});
  if (call.status == CL_SUCCESS && !Fits(offset, size, call.mems[0]->size)) call.status = CL_INVALID_VALUE;
  *status = call.status;
  if (call.status != CL_SUCCESS) return nullptr;
  const auto target = call.mems[0];
  Mapping mapping{.pointer = target->data() + offset, .offset = offset, .size = size, .flags = flags};
  mapping.is_copy = target->host != nullptr || !target->context->Unified();
  if (target->host != nullptr) {
    mapping.pointer = target->host + offset;
  } else if (mapping.is_copy) {
    mapping.shadow = std::make_shared<std::vector<std::byte>>(size);
    mapping.pointer = mapping.shadow->data();
  }
  *status = call.RunBlocking(blocking, count, list, event, [&engine = call.engine, target, mapping] {
    std::lock_guard lock(engine.mutex);
    engine.CountMap(*target->memory, mapping.flags, 1);
    *mapping.ran = true;
    if (mapping.is_copy) std::memcpy(mapping.pointer, target->data() + mapping.offset, mapping.size);
    return CL_COMPLETE;
  });
  if (*status != CL_SUCCESS) return nullptr;
  return KeepMapping(call.engine, *target, std::move(mapping), queue, event);
}

// Of whole images, where devices share the host's memory.
void* EnqueueMapImage(cl_command_queue queue, cl_mem mem, cl_bool blocking, cl_map_flags flags,
                      const size_t* origin, const size_t* region, size_t* row_pitch, size_t* slice_pitch,
                      cl_uint count, const cl_event* list, cl_event* event, cl_int* status) {
  Call call("EnqueueMapImage", queue, {mem});
  *status = call.status;
  if (call.status != CL_SUCCESS) return nullptr;
  const auto target = call.mems[0];
  const bool whole =
      std::equal(region, region + 3, target->extent.begin()) && std::count(origin, origin + 3, 0) == 3;
  if (!whole || !target->context->Unified()) *status = CL_INVALID_OPERATION;
  if (*status != CL_SUCCESS) return nullptr;
  *row_pitch = target->extent[0] * target->element_size;
  const bool has_layers = target->type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
  const bool has_slices =
      target->type == CL_MEM_OBJECT_IMAGE3D || target->type == CL_MEM_OBJECT_IMAGE2D_ARRAY;
  *slice_pitch = has_layers ? *row_pitch : has_slices ? *row_pitch * target->extent[1] : 0;
  Mapping mapping{.pointer = target->data(), .size = target->size, .flags = flags};
  *status = call.RunBlocking(blocking, count, list, event, [&engine = call.engine, target, mapping] {
    std::lock_guard lock(engine.mutex);
    engine.CountMap(*target->memory, mapping.flags, 1);
    *mapping.ran = true;
    return CL_COMPLETE;
  });
  if (*status != CL_SUCCESS) return nullptr;
  return KeepMapping(call.engine, *target, std::move(mapping), queue, event);
}

// Whether a command with this list in this queue runs after the one that maps.
bool ComesAfter(const Mapping& mapping, cl_command_queue queue, std::span<const cl_event> list) {
  return *mapping.ran || queue == mapping.queue ||
         (mapping.event != nullptr && std::find(list.begin(), list.end(), mapping.event) != list.end());
}

cl_int EnqueueUnmapMemObject(cl_command_queue queue, cl_mem mem, void* pointer, cl_uint count,
                             const cl_event* list, cl_event* event) {
  Call call("EnqueueUnmapMemObject", queue, {mem});
  if (call.status != CL_SUCCESS) return call.status;
  const auto target = call.mems[0];
  Mapping mapping;
  {
    std::lock_guard lock(call.engine.mutex);
    const auto found = std::find_if(target->mappings.begin(), target->mappings.end(),
                                    [&](const Mapping& other) { return other.pointer == pointer; });
    if (found == target->mappings.end()) {
      call.engine.faults.push_back("what is not mapped was unmapped");
      return CL_INVALID_VALUE;
    }
    mapping = *found;
    if (!ComesAfter(mapping, queue, {list, count}))
      call.engine.faults.push_back("an unmap need not wait for its map");
    target->mappings.erase(found);
  }
  return call.Run(count, list, event, [&engine = call.engine, target, mapping] {
    std::lock_guard lock(engine.mutex);
    engine.CountMap(*target->memory, mapping.flags, -1);
    const bool wrote = (mapping.flags & (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION)) != 0;
    if (mapping.is_copy && wrote) std::memcpy(target->data() + mapping.offset, mapping.pointer, mapping.size);
    return CL_COMPLETE;
  });
}

// --- the rest

// As NVIDIA's, it looks at the application's list and its objects when it runs, and again when its event is
// complete.
cl_int EnqueueMigrateMemObjects(cl_command_queue queue, cl_uint num_mems, const cl_mem* mems,
                                cl_mem_migration_flags, cl_uint count, const cl_event* list,
                                cl_event* event) {
  Call call("EnqueueMigrateMemObjects", queue, {});
  if (num_mems == 0) return CL_INVALID_VALUE;
  const auto intact = [&engine = call.engine, mems, given = std::vector<cl_mem>(mems, mems + num_mems)] {
    return std::equal(given.begin(), given.end(), mems) &&
           std::all_of(given.begin(), given.end(), [&](cl_mem mem) { return engine.objects.contains(mem); });
  };
  return call.Run(count, list, event, [&engine = call.engine, intact] {
    std::lock_guard lock(engine.mutex);
    engine.late_look = [&engine, intact] {
      if (!intact())
        engine.faults.push_back("the list of a migration, or an object of it, was gone when it was over");
    };
    return intact() ? CL_COMPLETE : CL_INVALID_MEM_OBJECT;
  });
}

cl_int EnqueueMarkerWithWaitList(cl_command_queue queue, cl_uint count, const cl_event* list,
                                 cl_event* event) {
  Call call("EnqueueMarkerWithWaitList", queue, {});
  return call.Run(
      count, list, event, [] { return CL_COMPLETE; }, true);
}

cl_int EnqueueBarrierWithWaitList(cl_command_queue queue, cl_uint count, const cl_event* list,
                                  cl_event* event) {
  Call call("EnqueueBarrierWithWaitList", queue, {});
  return call.Run(
      count, list, event, [] { return CL_COMPLETE; }, true, true);
}

cl_int EnqueueSVMMemcpy(cl_command_queue queue, cl_bool blocking, void* to, const void* from, size_t size,
                        cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueSVMMemcpy", queue, {});
  return call.RunBlocking(blocking, count, list, event, [=] {
    std::memmove(to, from, size);
    return CL_COMPLETE;
  });
}

cl_int EnqueueSVMMemFill(cl_command_queue queue, void* to, const void* pattern, size_t pattern_size,
                         size_t size, cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueSVMMemFill", queue, {});
  if (pattern_size == 0 || size % pattern_size != 0) return CL_INVALID_VALUE;
  const auto* first = static_cast<const std::byte*>(pattern);
  return call.Run(count, list, event, [=, bytes = std::vector<std::byte>(first, first + pattern_size)] {
    Fill(static_cast<std::byte*>(to), size, bytes);
    return CL_COMPLETE;
  });
}

cl_int EnqueueSVMMigrateMem(cl_command_queue queue, cl_uint, const void**, const size_t*,
                            cl_mem_migration_flags, cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueSVMMigrateMem", queue, {});
  return call.Run(count, list, event, [] { return CL_COMPLETE; });
}

}  // namespace

void FillCommands(NativeApi& api) {
  api.EnqueueReadBuffer = &EnqueueReadBuffer;
  api.EnqueueWriteBuffer = &EnqueueWriteBuffer;
  api.EnqueueReadBufferRect = &EnqueueReadBufferRect;
  api.EnqueueWriteBufferRect = &EnqueueWriteBufferRect;
  api.EnqueueCopyBuffer = &EnqueueCopyBuffer;
  api.EnqueueCopyBufferRect = &EnqueueCopyBufferRect;
  api.EnqueueFillBuffer = &EnqueueFillBuffer;
  api.EnqueueMapBuffer = &EnqueueMapBuffer;
  api.EnqueueMapImage = &EnqueueMapImage;
  api.EnqueueUnmapMemObject = &EnqueueUnmapMemObject;
  api.EnqueueMigrateMemObjects = &EnqueueMigrateMemObjects;
  api.EnqueueMarkerWithWaitList = &EnqueueMarkerWithWaitList;
  api.EnqueueBarrierWithWaitList = &EnqueueBarrierWithWaitList;
  api.EnqueueSVMMemcpy = &EnqueueSVMMemcpy;
  api.EnqueueSVMMemFill = &EnqueueSVMMemFill;
  api.EnqueueSVMMigrateMem = &EnqueueSVMMigrateMem;
}

}  // namespace clopencl::rankserver::memory_opencl
