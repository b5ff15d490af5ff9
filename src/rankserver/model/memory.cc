// Buffers, images, pipes and SVM allocations.
#include <algorithm>
#include <cstring>

#include "rankserver/model/engine.h"

namespace clopencl::rankserver::memory_opencl {
namespace {

// With memory of its own, unless it shares some.
cl_mem AddMem(Engine& engine, cl_context handle, std::shared_ptr<MemObject> mem, cl_int* status) {
  std::lock_guard lock(engine.mutex);
  const auto context = engine.Find<ContextObject>(handle, Kind::kContext);
  if (context == nullptr) {
    *status = CL_INVALID_CONTEXT;
    return nullptr;
  }
  if (mem->memory == nullptr) mem->memory = Memory::Make(*context, mem->size, mem->flags);
  if (mem->memory == nullptr) {
    *status = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    return nullptr;
  }
  mem->context = context.get();
  mem->keeps.push_back(context);
  return reinterpret_cast<cl_mem>(engine.Add(std::move(mem)));
}

cl_mem CreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void* host, cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateBuffer");
  if (*status == CL_SUCCESS && (host != nullptr) != ((flags & CL_MEM_USE_HOST_PTR) != 0))
    *status = CL_INVALID_HOST_PTR;
  if (*status == CL_SUCCESS && (size == 0 || size > engine.settings.largest_buffer))
    *status = CL_INVALID_BUFFER_SIZE;
  if (*status != CL_SUCCESS) return nullptr;
  auto mem = std::make_shared<MemObject>();
  mem->flags = flags;
  mem->size = size;
  mem->host = static_cast<std::byte*>(host);
  return AddMem(engine, context, std::move(mem), status);
}

cl_mem CreateSubBuffer(cl_mem parent_handle, cl_mem_flags flags, cl_buffer_create_type, const void* info,
                       cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateSubBuffer");
  if (*status != CL_SUCCESS) return nullptr;
  const auto& region = *static_cast<const cl_buffer_region*>(info);
  std::lock_guard lock(engine.mutex);
  const auto parent = engine.Find<MemObject>(parent_handle, Kind::kMem);
  *status = parent == nullptr  ? CL_INVALID_MEM_OBJECT
            : region.size == 0 ? CL_INVALID_BUFFER_SIZE
            : region.origin > parent->size || region.size > parent->size - region.origin ? CL_INVALID_VALUE
                                                                                         : CL_SUCCESS;
  if (*status != CL_SUCCESS) return nullptr;
  auto mem = std::make_shared<MemObject>();
  mem->context = parent->context;
  mem->keeps.push_back(parent);
  mem->flags = flags;
  mem->memory = parent->memory;
  mem->offset = parent->offset + region.origin;
  mem->size = region.size;
  return reinterpret_cast<cl_mem>(engine.Add(std::move(mem)));
}

size_t ElementSize(const cl_image_format& format) {
  const size_t channels = format.image_channel_order == CL_R    ? 1
                          : format.image_channel_order == CL_RG ? 2
                                                                : 4;
  switch (format.image_channel_data_type) {
    case CL_UNSIGNED_INT8:
    case CL_UNORM_INT8:
      return channels;
    case CL_UNSIGNED_INT32:
    case CL_FLOAT:
      return channels * 4;
    default:
      return 0;
  }
}

cl_mem CreateImage(cl_context context, cl_mem_flags flags, const cl_image_format* format,
                   const cl_image_desc* description, void*, cl_int* status) {
  Engine& engine = Current();
  *status = engine.Enter("CreateImage");
  const size_t element = ElementSize(*format);
  if (*status == CL_SUCCESS && element == 0) *status = CL_IMAGE_FORMAT_NOT_SUPPORTED;
  if (*status != CL_SUCCESS) return nullptr;
  auto mem = std::make_shared<MemObject>();
  mem->type = description->image_type;
  mem->flags = flags;
  mem->format = *format;
  mem->element_size = element;
  mem->extent = {description->image_width, std::max<size_t>(description->image_height, 1),
                 std::max<size_t>(description->image_depth, 1)};
  if (mem->type == CL_MEM_OBJECT_IMAGE1D_ARRAY) mem->extent[1] = description->image_array_size;
  if (mem->type == CL_MEM_OBJECT_IMAGE2D_ARRAY) mem->extent[2] = description->image_array_size;
  size_t size = element;
  for (const size_t extent : mem->extent) {
    if (extent == 0 || size > engine.settings.largest_buffer / extent) {
      *status = CL_INVALID_IMAGE_SIZE;
      return nullptr;
    }
    size *= extent;
  }
  mem->size = size;
  if (description->mem_object != nullptr) {
    std::lock_guard lock(engine.mutex);
    const auto parent = engine.Find<MemObject>(description->mem_object, Kind::kMem);
    if (parent == nullptr || parent->size < size) {
      *status = CL_INVALID_IMAGE_DESCRIPTOR;
      return nullptr;
    }
    mem->memory = parent->memory;
    mem->offset = parent->offset;
    mem->keeps.push_back(parent);
  }
  return AddMem(engine, context, std::move(mem), status);
}

cl_mem CreatePipe(cl_context context, cl_mem_flags flags, cl_uint packet_size, cl_uint packets,
                  const cl_pipe_properties*, cl_int* status) {
  cl_mem pipe = CreateBuffer(context, flags, size_t{packet_size} * packets, nullptr, status);
  if (*status == CL_INVALID_BUFFER_SIZE) *status = CL_INVALID_PIPE_SIZE;
  return pipe;
}

cl_int ReleaseMemObject(cl_mem mem) { return Current().Release(mem, Kind::kMem); }

cl_int SetMemObjectDestructorCallback(cl_mem handle, void(CL_CALLBACK* notify)(cl_mem, void*), void* data) {
  Engine& engine = Current();
  if (const cl_int status = engine.Enter("SetMemObjectDestructorCallback")) return status;
  std::lock_guard lock(engine.mutex);
  const auto mem = engine.Find<MemObject>(handle, Kind::kMem);
  if (mem == nullptr) return CL_INVALID_MEM_OBJECT;
  mem->destroyed.emplace_back([handle, notify, data] { notify(handle, data); });
  return CL_SUCCESS;
}

cl_int GetMemObjectInfo(cl_mem handle, cl_mem_info param, size_t room, void* into, size_t* size_ret) {
  Engine& engine = Current();
  std::lock_guard lock(engine.mutex);
  const auto mem = engine.Find<MemObject>(handle, Kind::kMem);
  if (mem == nullptr) return CL_INVALID_MEM_OBJECT;
  if (param == CL_MEM_SIZE) return AnswerValue(mem->size, room, into, size_ret);
  if (param == CL_MEM_FLAGS) return AnswerValue(mem->flags, room, into, size_ret);
  return CL_INVALID_VALUE;
}

cl_int GetImageInfo(cl_mem handle, cl_image_info param, size_t room, void* into, size_t* size_ret) {
  Engine& engine = Current();
  std::lock_guard lock(engine.mutex);
  const auto mem = engine.Find<MemObject>(handle, Kind::kMem);
  if (mem == nullptr || mem->element_size == 0) return CL_INVALID_MEM_OBJECT;
  if (param == CL_IMAGE_ELEMENT_SIZE) return AnswerValue(mem->element_size, room, into, size_ret);
  if (param == CL_IMAGE_WIDTH) return AnswerValue(mem->extent[0], room, into, size_ret);
  return CL_INVALID_VALUE;
}

cl_int GetSupportedImageFormats(cl_context, cl_mem_flags, cl_mem_object_type, cl_uint room,
                                cl_image_format* formats, cl_uint* count) {
  constexpr cl_image_format kFormats[] = {{CL_R, CL_FLOAT}, {CL_RGBA, CL_UNSIGNED_INT8}};
  for (cl_uint i = 0; formats != nullptr && i < room && i < std::size(kFormats); ++i)
    formats[i] = kFormats[i];
  if (count != nullptr) *count = std::size(kFormats);
  return CL_SUCCESS;
}

void* SVMAlloc(cl_context handle, cl_svm_mem_flags, size_t size, cl_uint) {
  Engine& engine = Current();
  if (engine.Enter("SVMAlloc") != CL_SUCCESS || size == 0 || size > engine.settings.largest_buffer)
    return nullptr;
  std::lock_guard lock(engine.mutex);
  const auto context = engine.Find<ContextObject>(handle, Kind::kContext);
  if (context == nullptr) return nullptr;
  std::vector<std::byte> memory(size);
  std::byte* address = memory.data();
  context->svm.emplace(address, std::move(memory));
  return address;
}

void SVMFree(cl_context handle, void* address) {
  Engine& engine = Current();
  std::lock_guard lock(engine.mutex);
  const auto context = engine.Find<ContextObject>(handle, Kind::kContext);
  if (context != nullptr && context->svm.erase(static_cast<std::byte*>(address)) == 0) {
    engine.faults.push_back("an SVM address that was not allocated was freed");
  }
}

}  // namespace

std::shared_ptr<Memory> Memory::Make(const ContextObject& context, size_t size, cl_mem_flags flags) {
  auto memory = std::make_shared<Memory>();
  for (DeviceObject* device : context.devices) {
    while (device->parent != nullptr) device = device->parent;
    // What lies in the host's memory takes none of a device that has its own.
    constexpr cl_mem_flags kOfHost = CL_MEM_ALLOC_HOST_PTR | CL_MEM_USE_HOST_PTR;
    if (!device->settings.unified && (flags & kOfHost) != 0) continue;
    if (device->allocated + size > device->settings.memory) return nullptr;
    memory->devices.push_back(device);
  }
  memory->size = size;
  for (DeviceObject* device : memory->devices) device->allocated += size;
  memory->bytes.resize(size);
  return memory;
}

Memory::~Memory() {
  for (DeviceObject* device : devices) device->allocated -= size;
}

void FillMemory(NativeApi& api) {
  api.CreateBuffer = &CreateBuffer;
  api.CreateSubBuffer = &CreateSubBuffer;
  api.CreateImage = &CreateImage;
  api.CreatePipe = &CreatePipe;
  api.ReleaseMemObject = &ReleaseMemObject;
  api.SetMemObjectDestructorCallback = &SetMemObjectDestructorCallback;
  api.GetMemObjectInfo = &GetMemObjectInfo;
  api.GetImageInfo = &GetImageInfo;
  api.GetSupportedImageFormats = &GetSupportedImageFormats;
  api.SVMAlloc = &SVMAlloc;
  api.SVMFree = &SVMFree;
}

}  // namespace clopencl::rankserver::memory_opencl
