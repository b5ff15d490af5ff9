#include "frontend/api/mem_checks.h"

namespace clopencl::frontend::api {

Queue& GetHostQueue(cl_command_queue handle) {
  Queue& queue = Get<Queue>(handle, CL_INVALID_COMMAND_QUEUE);
  Require(!queue.on_device(), CL_INVALID_COMMAND_QUEUE);
  return queue;
}

Mem& GetBuffer(const Queue& queue, cl_mem handle) {
  Mem& mem = Get<Mem>(handle, CL_INVALID_MEM_OBJECT);
  Require(mem.is_buffer(), CL_INVALID_MEM_OBJECT);
  Require(&mem.context() == &queue.context(), CL_INVALID_CONTEXT);
  return mem;
}

Mem& GetImage(const Queue& queue, cl_mem handle) {
  Mem& mem = Get<Mem>(handle, CL_INVALID_MEM_OBJECT);
  Require(mem.is_image(), CL_INVALID_MEM_OBJECT);
  Require(&mem.context() == &queue.context(), CL_INVALID_CONTEXT);
  Require(queue.device().images(), CL_INVALID_OPERATION);
  return mem;
}

void CheckAlignment(const Queue& queue, const Mem& buffer) {
  if (buffer.is_sub_buffer())
    Require(buffer.what().origin * 8 % queue.device().base_address_align_bits() == 0,
            CL_MISALIGNED_SUB_BUFFER_OFFSET);
}

void CheckHostReads(const Mem& mem) {
  Require((mem.flags() & (CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_NO_ACCESS)) == 0, CL_INVALID_OPERATION);
}

void CheckHostWrites(const Mem& mem) {
  Require((mem.flags() & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS)) == 0, CL_INVALID_OPERATION);
}

Box CheckBox(const Mem& image, const size_t* origin, const size_t* region) {
  Require(origin != nullptr && region != nullptr, CL_INVALID_VALUE);
  const auto extent = image.extent();
  Box box;
  for (size_t i = 0; i < 3; ++i) {
    Require(region[i] > 0 && Inside(origin[i], region[i], extent[i]), CL_INVALID_VALUE);
    box.origin[i] = origin[i];
    box.region[i] = region[i];
  }
  return box;
}

size_t PackedSize(const Mem& image, const Box& box) {
  return box.region[0] * box.region[1] * box.region[2] * image.pixel_size();
}

}  // namespace clopencl::frontend::api
