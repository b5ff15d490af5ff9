// Checks shared by the files on memory objects and the commands that use them.
#pragma once

#include <CL/cl.h>

#include <array>
#include <vector>

#include "frontend/core/mem.h"
#include "frontend/core/queue.h"

namespace clopencl::frontend::api {

// Creation: CL_INVALID_VALUE, CL_INVALID_HOST_PTR, CL_INVALID_PROPERTY.
void CheckMemFlags(cl_mem_flags flags, bool allow_host_ptr);
void CheckHostPtr(cl_mem_flags flags, const void* host_ptr);
std::vector<cl_mem_properties> ReadMemProperties(const cl_mem_properties* properties);

// A queue that takes commands of the host: CL_INVALID_COMMAND_QUEUE.
Queue& GetHostQueue(cl_command_queue handle);

// The buffer or image behind a handle, of the queue's context: CL_INVALID_MEM_OBJECT, CL_INVALID_CONTEXT.
Mem& GetBuffer(const Queue& queue, cl_mem handle);
Mem& GetImage(const Queue& queue, cl_mem handle);

// A sub-buffer must be aligned for the device of the queue: CL_MISALIGNED_SUB_BUFFER_OFFSET.
void CheckAlignment(const Queue& queue, const Mem& buffer);

// Host access flags: CL_INVALID_OPERATION.
void CheckHostReads(const Mem& mem);
void CheckHostWrites(const Mem& mem);

// [offset, offset + size) inside `whole`, without overflow.
constexpr bool Inside(size_t offset, size_t size, size_t whole) {
  return offset <= whole && size <= whole - offset;
}

// Origin and region as the commands on images take them, checked against the image (OpenCL 3.0, "5.3.3
// Reading, Writing and Copying Image Objects"): CL_INVALID_VALUE.
Box CheckBox(const Mem& image, const size_t* origin, const size_t* region);
// Packed bytes of a region.
size_t PackedSize(const Mem& image, const Box& box);

}  // namespace clopencl::frontend::api
