// clEnqueue* for images.
#include <algorithm>

#include "rankserver/model/call.h"
#include "rankserver/model/regions.h"

namespace clopencl::rankserver::memory_opencl {
namespace {

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

cl_int EnqueueReadImage(cl_command_queue queue, cl_mem mem, cl_bool blocking, const size_t* origin,
                        const size_t* region, size_t, size_t, void* to, cl_uint count, const cl_event* list,
                        cl_event* event) {
  Call call("EnqueueReadImage", queue, {mem});
  if (call.status == CL_SUCCESS && !RegionInside(*call.mems[0], origin, region))
    call.status = CL_INVALID_VALUE;
  if (call.status != CL_SUCCESS) return call.status;
  const Rect rect = ImageRect(*call.mems[0], origin, region);
  return call.RunBlocking(blocking, count, list, event, [=, &engine = call.engine, from = call.mems[0]] {
    engine.CheckMaps(*from->memory, "a read", false);
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
    engine.CheckMaps(*to->memory, "a write", true);
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
    engine.CheckMaps(*mems[0]->memory, "a copy", false);
    engine.CheckMaps(*mems[1]->memory, "a copy", true);
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
    engine.CheckMaps(*to->memory, "a fill", true);
    for (size_t z = 0; z < rect.region[2]; ++z)
      for (size_t y = 0; y < rect.region[1]; ++y)
        std::fill_n(to->data() + rect.At(y, z), rect.region[0], first);
    return CL_COMPLETE;
  });
}

}  // namespace

void FillImageCommands(NativeApi& api) {
  api.EnqueueReadImage = &EnqueueReadImage;
  api.EnqueueWriteImage = &EnqueueWriteImage;
  api.EnqueueCopyImage = &EnqueueCopyImage;
  api.EnqueueCopyImageToBuffer = &EnqueueCopyImageToBuffer;
  api.EnqueueCopyBufferToImage = &EnqueueCopyBufferToImage;
  api.EnqueueFillImage = &EnqueueFillImage;
}

}  // namespace clopencl::rankserver::memory_opencl
