// clEnqueue* but for kernels.
#include <algorithm>
#include <cstring>

#include "rankserver/model/engine.h"

namespace clopencl::rankserver::memory_opencl {
namespace {

using Size3 = std::array<size_t, 3>;

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

bool Fits(size_t offset, size_t size, size_t whole) {
  return size > 0 && offset <= whole && size <= whole - offset;
}

// The bytes of a rectangle, row by row: visit(offset in the buffer, offset when packed, bytes).
template <typename Visit>
void ForEachRow(const Size3& origin, const Size3& region, size_t row, size_t slice, Visit visit) {
  for (size_t z = 0; z < region[2]; ++z) {
    for (size_t y = 0; y < region[1]; ++y) {
      visit((origin[2] + z) * slice + (origin[1] + y) * row + origin[0], z * slice + y * row, region[0]);
    }
  }
}

struct Rect {
  Size3 origin;
  Size3 region;
  size_t row;
  size_t slice;
  Rect(const size_t* from, const size_t* extent, size_t row_pitch, size_t slice_pitch)
      : origin{from[0], from[1], from[2]}, region{extent[0], extent[1], extent[2]} {
    row = row_pitch != 0 ? row_pitch : region[0];
    slice = slice_pitch != 0 ? slice_pitch : row * region[1];
  }
  size_t At(size_t y, size_t z) const { return (origin[2] + z) * slice + (origin[1] + y) * row + origin[0]; }
  bool Inside(size_t size) const {
    if (region[0] == 0 || region[1] == 0 || region[2] == 0 || row < region[0]) return false;
    size_t slices = 0, rows = 0, end = 0;
    if (__builtin_add_overflow(origin[2], region[2] - 1, &slices) ||
        __builtin_mul_overflow(slices, slice, &slices) ||
        __builtin_add_overflow(origin[1], region[1] - 1, &rows) || __builtin_mul_overflow(rows, row, &rows) ||
        __builtin_add_overflow(origin[0], region[0], &end) || __builtin_add_overflow(end, rows, &end) ||
        __builtin_add_overflow(end, slices, &end)) {
      return false;
    }
    return end <= size;
  }
};

void CopyRect(std::byte* to, const Rect& to_rect, const std::byte* from, const Rect& from_rect) {
  for (size_t z = 0; z < to_rect.region[2]; ++z) {
    for (size_t y = 0; y < to_rect.region[1]; ++y) {
      std::memmove(to + to_rect.At(y, z), from + from_rect.At(y, z), to_rect.region[0]);
    }
  }
}

// A region of an image as a rectangle of bytes.
Rect ImageRect(const MemObject& image, const size_t* origin, const size_t* region) {
  const Size3 from{origin[0] * image.element_size, origin[1], origin[2]};
  const Size3 extent{region[0] * image.element_size, region[1], region[2]};
  const size_t row = image.extent[0] * image.element_size;
  return Rect(from.data(), extent.data(), row, row * image.extent[1]);
}

bool RegionInside(const MemObject& image, const size_t* origin, const size_t* region) {
  for (size_t i = 0; i < 3; ++i) {
    if (region[i] == 0 || origin[i] > image.extent[i] || region[i] > image.extent[i] - origin[i])
      return false;
  }
  return true;
}

Rect Packed(const Rect& like) {
  constexpr Size3 kZero{};
  return Rect(kZero.data(), like.region.data(), 0, 0);
}

// --- buffers

cl_int EnqueueReadBuffer(cl_command_queue queue, cl_mem mem, cl_bool blocking, size_t offset, size_t size,
                         void* to, cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueReadBuffer", queue, {mem});
  if (call.status == CL_SUCCESS && !Fits(offset, size, call.mems[0]->size)) call.status = CL_INVALID_VALUE;
  return call.RunBlocking(
      blocking, count, list, event,
      [=, &engine = call.engine, from = call.status == CL_SUCCESS ? call.mems[0] : nullptr] {
        engine.CheckUnmapped(*from, "a read");
        std::memcpy(to, from->data() + offset, size);
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
        engine.CheckUnmapped(*to, "a write");
        std::memcpy(to->data() + offset, from, size);
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
        engine.CheckUnmapped(*from, "a read");
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
        engine.CheckUnmapped(*to, "a write");
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
    for (const auto& mem : mems) engine.CheckUnmapped(*mem, "a copy");
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
    for (const auto& mem : mems) engine.CheckUnmapped(*mem, "a copy");
    CopyRect(mems[1]->data(), to, mems[0]->data(), from);
    return CL_COMPLETE;
  });
}

void Fill(std::byte* to, size_t size, const std::vector<std::byte>& pattern) {
  for (size_t i = 0; i < size; ++i) to[i] = pattern[i % pattern.size()];
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
                    engine.CheckUnmapped(*mems[0], "a fill");
                    Fill(mems[0]->data() + offset, size, bytes);
                    return CL_COMPLETE;
                  });
}

// --- mapping

void* EnqueueMapBuffer(cl_command_queue queue, cl_mem mem, cl_bool blocking, cl_map_flags flags,
                       size_t offset, size_t size, cl_uint count, const cl_event* list, cl_event* event,
                       cl_int* status) {
  Call call("EnqueueMapBuffer", queue, {mem});
  if (call.status == CL_SUCCESS && !Fits(offset, size, call.mems[0]->size)) call.status = CL_INVALID_VALUE;
  *status = call.status;
  if (call.status != CL_SUCCESS) return nullptr;
  const auto target = call.mems[0];
  Mapping mapping{target->data() + offset, offset, size, flags, nullptr};
  if (!target->context->Unified()) {
    mapping.shadow = std::make_shared<std::vector<std::byte>>(size);
    mapping.pointer = mapping.shadow->data();
  }
  *status = call.RunBlocking(blocking, count, list, event, [&engine = call.engine, target, mapping] {
    std::lock_guard lock(engine.mutex);
    ++target->memory->maps;
    if (mapping.shadow != nullptr)
      std::memcpy(mapping.pointer, target->data() + mapping.offset, mapping.size);
    return CL_COMPLETE;
  });
  if (*status != CL_SUCCESS) return nullptr;
  std::lock_guard lock(call.engine.mutex);
  target->mappings.push_back(mapping);
  return mapping.pointer;
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
  const Mapping mapping{target->data(), 0, target->size, flags, nullptr};
  *status = call.RunBlocking(blocking, count, list, event, [&engine = call.engine, target] {
    std::lock_guard lock(engine.mutex);
    ++target->memory->maps;
    return CL_COMPLETE;
  });
  if (*status != CL_SUCCESS) return nullptr;
  std::lock_guard lock(call.engine.mutex);
  target->mappings.push_back(mapping);
  return mapping.pointer;
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
    target->mappings.erase(found);
  }
  return call.Run(count, list, event, [&engine = call.engine, target, mapping] {
    std::lock_guard lock(engine.mutex);
    --target->memory->maps;
    const bool wrote = (mapping.flags & (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION)) != 0;
    if (mapping.shadow != nullptr && wrote)
      std::memcpy(target->data() + mapping.offset, mapping.pointer, mapping.size);
    return CL_COMPLETE;
  });
}

// --- images

cl_int EnqueueReadImage(cl_command_queue queue, cl_mem mem, cl_bool blocking, const size_t* origin,
                        const size_t* region, size_t, size_t, void* to, cl_uint count, const cl_event* list,
                        cl_event* event) {
  Call call("EnqueueReadImage", queue, {mem});
  if (call.status == CL_SUCCESS && !RegionInside(*call.mems[0], origin, region))
    call.status = CL_INVALID_VALUE;
  if (call.status != CL_SUCCESS) return call.status;
  const Rect rect = ImageRect(*call.mems[0], origin, region);
  return call.RunBlocking(blocking, count, list, event, [=, &engine = call.engine, from = call.mems[0]] {
    engine.CheckUnmapped(*from, "a read");
    CopyRect(static_cast<std::byte*>(to), Packed(rect), from->data(), rect);
    return CL_COMPLETE;
  });
}

cl_int EnqueueWriteImage(cl_command_queue queue, cl_mem mem, cl_bool blocking, const size_t* origin,
                         const size_t* region, size_t, size_t, const void* from, cl_uint count,
                         const cl_event* list, cl_event* event) {
  Call call("EnqueueWriteImage", queue, {mem});
  if (call.status == CL_SUCCESS && !RegionInside(*call.mems[0], origin, region))
    call.status = CL_INVALID_VALUE;
  if (call.status != CL_SUCCESS) return call.status;
  const Rect rect = ImageRect(*call.mems[0], origin, region);
  return call.RunBlocking(blocking, count, list, event, [=, &engine = call.engine, to = call.mems[0]] {
    engine.CheckUnmapped(*to, "a write");
    CopyRect(to->data(), rect, static_cast<const std::byte*>(from), Packed(rect));
    return CL_COMPLETE;
  });
}

cl_int CopyBetween(const char* function, cl_command_queue queue, cl_mem source, cl_mem destination,
                   const std::function<std::optional<std::pair<Rect, Rect>>(const Call&)>& rects,
                   cl_uint count, const cl_event* list, cl_event* event) {
  Call call(function, queue, {source, destination});
  if (call.status != CL_SUCCESS) return call.status;
  const auto both = rects(call);
  if (!both) return CL_INVALID_VALUE;
  return call.Run(count, list, event, [&engine = call.engine, mems = call.mems, both = *both] {
    for (const auto& mem : mems) engine.CheckUnmapped(*mem, "a copy");
    CopyRect(mems[1]->data(), both.second, mems[0]->data(), both.first);
    return CL_COMPLETE;
  });
}

cl_int EnqueueCopyImage(cl_command_queue queue, cl_mem source, cl_mem destination, const size_t* from,
                        const size_t* to, const size_t* region, cl_uint count, const cl_event* list,
                        cl_event* event) {
  return CopyBetween(
      "EnqueueCopyImage", queue, source, destination,
      [&](const Call& call) -> std::optional<std::pair<Rect, Rect>> {
        if (!RegionInside(*call.mems[0], from, region) || !RegionInside(*call.mems[1], to, region) ||
            call.mems[0]->element_size != call.mems[1]->element_size) {
          return std::nullopt;
        }
        return std::pair(ImageRect(*call.mems[0], from, region), ImageRect(*call.mems[1], to, region));
      },
      count, list, event);
}

cl_int EnqueueCopyImageToBuffer(cl_command_queue queue, cl_mem image, cl_mem buffer, const size_t* origin,
                                const size_t* region, size_t offset, cl_uint count, const cl_event* list,
                                cl_event* event) {
  return CopyBetween(
      "EnqueueCopyImageToBuffer", queue, image, buffer,
      [&](const Call& call) -> std::optional<std::pair<Rect, Rect>> {
        if (!RegionInside(*call.mems[0], origin, region)) return std::nullopt;
        const Rect from = ImageRect(*call.mems[0], origin, region);
        Rect to = Packed(from);
        to.origin[0] = offset;
        const size_t size = to.region[0] * to.region[1] * to.region[2];
        if (!Fits(offset, size, call.mems[1]->size)) return std::nullopt;
        return std::pair(from, to);
      },
      count, list, event);
}

cl_int EnqueueCopyBufferToImage(cl_command_queue queue, cl_mem buffer, cl_mem image, size_t offset,
                                const size_t* origin, const size_t* region, cl_uint count,
                                const cl_event* list, cl_event* event) {
  return CopyBetween(
      "EnqueueCopyBufferToImage", queue, buffer, image,
      [&](const Call& call) -> std::optional<std::pair<Rect, Rect>> {
        if (!RegionInside(*call.mems[1], origin, region)) return std::nullopt;
        const Rect to = ImageRect(*call.mems[1], origin, region);
        Rect from = Packed(to);
        from.origin[0] = offset;
        const size_t size = from.region[0] * from.region[1] * from.region[2];
        if (!Fits(offset, size, call.mems[0]->size)) return std::nullopt;
        return std::pair(from, to);
      },
      count, list, event);
}

cl_int EnqueueFillImage(cl_command_queue queue, cl_mem mem, const void* color, const size_t* origin,
                        const size_t* region, cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueFillImage", queue, {mem});
  if (call.status == CL_SUCCESS && !RegionInside(*call.mems[0], origin, region))
    call.status = CL_INVALID_VALUE;
  if (call.status != CL_SUCCESS) return call.status;
  const Rect rect = ImageRect(*call.mems[0], origin, region);
  // Every format is filled with the first bytes of its first channel.
  const auto first = *static_cast<const std::byte*>(color);
  return call.Run(count, list, event, [=, &engine = call.engine, to = call.mems[0]] {
    engine.CheckUnmapped(*to, "a fill");
    ForEachRow(rect.origin, rect.region, rect.row, rect.slice,
               [&](size_t at, size_t, size_t size) { std::fill_n(to->data() + at, size, first); });
    return CL_COMPLETE;
  });
}

// --- the rest

cl_int EnqueueMigrateMemObjects(cl_command_queue queue, cl_uint mems, const cl_mem*, cl_mem_migration_flags,
                                cl_uint count, const cl_event* list, cl_event* event) {
  Call call("EnqueueMigrateMemObjects", queue, {});
  if (mems == 0) return CL_INVALID_VALUE;
  return call.Run(count, list, event, [] { return CL_COMPLETE; });
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
  api.EnqueueReadImage = &EnqueueReadImage;
  api.EnqueueWriteImage = &EnqueueWriteImage;
  api.EnqueueCopyImage = &EnqueueCopyImage;
  api.EnqueueCopyImageToBuffer = &EnqueueCopyImageToBuffer;
  api.EnqueueCopyBufferToImage = &EnqueueCopyBufferToImage;
  api.EnqueueFillImage = &EnqueueFillImage;
  api.EnqueueMigrateMemObjects = &EnqueueMigrateMemObjects;
  api.EnqueueMarkerWithWaitList = &EnqueueMarkerWithWaitList;
  api.EnqueueBarrierWithWaitList = &EnqueueBarrierWithWaitList;
  api.EnqueueSVMMemcpy = &EnqueueSVMMemcpy;
  api.EnqueueSVMMemFill = &EnqueueSVMMemFill;
  api.EnqueueSVMMigrateMem = &EnqueueSVMMigrateMem;
}

}  // namespace clopencl::rankserver::memory_opencl
