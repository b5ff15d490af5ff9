#include "frontend/core/mem.h"

#include "frontend/api/api.h"
#include "frontend/api/mem_checks.h"
#include "frontend/core/svm.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {

// OpenCL 3.0, "Table 12: Memory flags".
void CheckMemFlags(cl_mem_flags flags, bool allow_host_ptr) {
  constexpr cl_mem_flags kAccess = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY;
  constexpr cl_mem_flags kHostAccess = CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS;
  constexpr cl_mem_flags kHostPtr = CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR;
  const auto at_most_one = [flags](cl_mem_flags of) { return ((flags & of) & ((flags & of) - 1)) == 0; };
  Require((flags & ~(kAccess | kHostAccess | kHostPtr | CL_MEM_KERNEL_READ_AND_WRITE)) == 0,
          CL_INVALID_VALUE);
  Require(at_most_one(kAccess) && at_most_one(kHostAccess), CL_INVALID_VALUE);
  Require(allow_host_ptr || (flags & kHostPtr) == 0, CL_INVALID_VALUE);
  if ((flags & CL_MEM_USE_HOST_PTR) != 0)
    Require((flags & (CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR)) == 0, CL_INVALID_VALUE);
}

void CheckHostPtr(cl_mem_flags flags, const void* host_ptr) {
  const bool wanted = (flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR)) != 0;
  Require(wanted == (host_ptr != nullptr), CL_INVALID_HOST_PTR);
}

std::vector<cl_mem_properties> ReadMemProperties(const cl_mem_properties* properties) {
  if (properties == nullptr) return {};
  // None are defined without extensions (OpenCL 3.0, clCreateBufferWithProperties).
  Require(properties[0] == 0, CL_INVALID_PROPERTY);
  return {0};
}

cl_mem CreateBufferWithProperties(cl_context handle, const cl_mem_properties* properties, cl_mem_flags flags,
                                  size_t size, void* host_ptr) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  Mem::Description what;
  what.properties = ReadMemProperties(properties);
  Require(size > 0, CL_INVALID_BUFFER_SIZE);
  CheckMemFlags(flags, true);
  Require((flags & CL_MEM_KERNEL_READ_AND_WRITE) == 0,
          CL_INVALID_VALUE);  // Is for queries of image formats only.
  Require(size <= context.largest_alloc(), CL_INVALID_BUFFER_SIZE);
  CheckHostPtr(flags, host_ptr);
  if ((flags & CL_MEM_USE_HOST_PTR) != 0) {
    // Over shared virtual memory the buffer must lie in its allocation.
    const SvmSpace& svm = SvmSpace::Instance();
    Require(!svm.Contains(context, host_ptr, 1) || svm.Contains(context, host_ptr, size),
            CL_INVALID_BUFFER_SIZE);
  }
  if (flags == 0) flags = CL_MEM_READ_WRITE;
  what.flags = flags;
  what.size = size;
  what.host_ptr = host_ptr;
  return (new Mem(context, std::move(what)))->handle();
}

cl_mem CreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void* host_ptr) {
  return CreateBufferWithProperties(context, nullptr, flags, size, host_ptr);
}

namespace {

// What a sub-buffer takes over from its buffer, and what it may not change (OpenCL 3.0, clCreateSubBuffer).
cl_mem_flags SubBufferFlags(cl_mem_flags parent, cl_mem_flags flags) {
  constexpr cl_mem_flags kAccess = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY;
  constexpr cl_mem_flags kHostAccess = CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS;
  if ((parent & CL_MEM_WRITE_ONLY) != 0)
    Require((flags & (CL_MEM_READ_WRITE | CL_MEM_READ_ONLY)) == 0, CL_INVALID_VALUE);
  if ((parent & CL_MEM_READ_ONLY) != 0)
    Require((flags & (CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY)) == 0, CL_INVALID_VALUE);
  if ((parent & CL_MEM_HOST_WRITE_ONLY) != 0) Require((flags & CL_MEM_HOST_READ_ONLY) == 0, CL_INVALID_VALUE);
  if ((parent & CL_MEM_HOST_READ_ONLY) != 0) Require((flags & CL_MEM_HOST_WRITE_ONLY) == 0, CL_INVALID_VALUE);
  if ((parent & CL_MEM_HOST_NO_ACCESS) != 0)
    Require((flags & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_WRITE_ONLY)) == 0, CL_INVALID_VALUE);
  if ((flags & kAccess) == 0) flags |= parent & kAccess;
  if ((flags & kHostAccess) == 0) flags |= parent & kHostAccess;
  return flags | (parent & (CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR));
}

}  // namespace

cl_mem CreateSubBuffer(cl_mem handle, cl_mem_flags flags, cl_buffer_create_type type, const void* info) {
  Mem& buffer = Get<Mem>(handle, CL_INVALID_MEM_OBJECT);
  Require(buffer.is_buffer() && buffer.parent() == nullptr, CL_INVALID_MEM_OBJECT);
  CheckMemFlags(flags, false);
  flags = SubBufferFlags(buffer.flags(), flags);
  Require(type == CL_BUFFER_CREATE_TYPE_REGION && info != nullptr, CL_INVALID_VALUE);
  const auto& region = *static_cast<const cl_buffer_region*>(info);
  Require(region.size != 0, CL_INVALID_BUFFER_SIZE);
  Require(region.origin <= buffer.size() && region.size <= buffer.size() - region.origin, CL_INVALID_VALUE);
  bool aligned_somewhere = false;
  for (const auto& device : buffer.context().devices())
    aligned_somewhere = aligned_somewhere || region.origin * 8 % device->base_address_align_bits() == 0;
  Require(aligned_somewhere, CL_MISALIGNED_SUB_BUFFER_OFFSET);
  Mem::Description what;
  what.flags = flags;
  what.size = region.size;
  what.host_ptr = buffer.what().host_ptr == nullptr
                      ? nullptr
                      : static_cast<std::byte*>(buffer.what().host_ptr) + region.origin;
  what.parent = Ref(buffer);
  what.origin = region.origin;
  return (new Mem(buffer.context(), std::move(what)))->handle();
}

void RetainMemObject(cl_mem mem) { Get<Mem>(mem, CL_INVALID_MEM_OBJECT).Retain(); }
void ReleaseMemObject(cl_mem mem) { Get<Mem>(mem, CL_INVALID_MEM_OBJECT).ReleaseFromApplication(); }

void GetMemObjectInfo(cl_mem handle, cl_mem_info param, size_t size, void* value, size_t* size_ret) {
  Mem& mem = Get<Mem>(handle, CL_INVALID_MEM_OBJECT);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_MEM_TYPE:
      return sink.Put(mem.type());
    case CL_MEM_FLAGS:
      return sink.Put(mem.flags());
    case CL_MEM_SIZE:
      return sink.Put(mem.is_image() ? mem.host_size() : mem.size());
    case CL_MEM_HOST_PTR:
      return sink.Put(mem.uses_host_ptr() ? mem.what().host_ptr : nullptr);
    case CL_MEM_MAP_COUNT:
      return sink.Put(mem.map_count());
    case CL_MEM_REFERENCE_COUNT:
      return sink.Put<cl_uint>(mem.api_references.load());
    case CL_MEM_CONTEXT:
      return sink.Put(mem.context().handle());
    case CL_MEM_ASSOCIATED_MEMOBJECT:
      return sink.Put(mem.parent() == nullptr ? nullptr : mem.parent()->handle());
    case CL_MEM_OFFSET:
      return sink.Put(mem.what().origin);
    case CL_MEM_USES_SVM_POINTER:
      return sink.Put<cl_bool>(mem.over_svm() ? CL_TRUE : CL_FALSE);
    case CL_MEM_PROPERTIES:
      return sink.PutArray(mem.what().properties);
    default:
      Fail(CL_INVALID_VALUE);
  }
}

void SetMemObjectDestructorCallback(cl_mem handle, NotifyMem notify, void* user_data) {
  Mem& mem = Get<Mem>(handle, CL_INVALID_MEM_OBJECT);
  Require(notify != nullptr, CL_INVALID_VALUE);
  mem.AddDestructorCallback([=] { notify(handle, user_data); });
}

cl_mem CreatePipe(cl_context handle, cl_mem_flags flags, cl_uint packet_size, cl_uint max_packets,
                  const cl_pipe_properties* properties) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  cl_uint largest = 0;
  for (const auto& device : context.devices()) {
    const bool pipes = FactOr<cl_bool>(device->facts(), CL_DEVICE_PIPE_SUPPORT, CL_FALSE) == CL_TRUE ||
                       device->version() < CL_MAKE_VERSION(3, 0, 0);
    if (pipes)
      largest = std::max(largest, FactOr<cl_uint>(device->facts(), CL_DEVICE_PIPE_MAX_PACKET_SIZE, 0));
  }
  Require(largest > 0, CL_INVALID_OPERATION);
  constexpr cl_mem_flags kAllowed = CL_MEM_READ_WRITE | CL_MEM_HOST_NO_ACCESS;
  Require((flags & ~kAllowed) == 0 && properties == nullptr, CL_INVALID_VALUE);
  Require(packet_size > 0 && max_packets > 0 && packet_size <= largest, CL_INVALID_PIPE_SIZE);
  Mem::Description what;
  what.type = CL_MEM_OBJECT_PIPE;
  what.flags = flags == 0 ? CL_MEM_READ_WRITE | CL_MEM_HOST_NO_ACCESS : flags;
  what.size = size_t{packet_size} * max_packets;
  what.packet_size = packet_size;
  what.max_packets = max_packets;
  return (new Mem(context, std::move(what)))->handle();
}

void GetPipeInfo(cl_mem handle, cl_pipe_info param, size_t size, void* value, size_t* size_ret) {
  const Mem& pipe = Get<Mem>(handle, CL_INVALID_MEM_OBJECT);
  Require(pipe.type() == CL_MEM_OBJECT_PIPE, CL_INVALID_MEM_OBJECT);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_PIPE_PACKET_SIZE:
      return sink.Put(pipe.what().packet_size);
    case CL_PIPE_MAX_PACKETS:
      return sink.Put(pipe.what().max_packets);
    case CL_PIPE_PROPERTIES:
      return sink.PutBytes(nullptr, 0);
    default:
      Fail(CL_INVALID_VALUE);
  }
}

}  // namespace clopencl::frontend::api
