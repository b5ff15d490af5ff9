// Mapping: the mapped pointer lies in the host copy of the memory object (Mem::HostCopy). Mapping reads the
// region into it, unmapping a region that was mapped for writing writes it back.
#include <algorithm>

#include "frontend/api/api.h"
#include "frontend/api/mem_checks.h"
#include "frontend/core/command.h"
#include "frontend/core/transfer.h"

namespace clopencl::frontend::api {
namespace {

void CheckMapFlags(const Mem& mem, cl_map_flags flags) {
  constexpr cl_map_flags kKnown = CL_MAP_READ | CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION;
  Require((flags & ~kKnown) == 0, CL_INVALID_VALUE);
  Require((flags & CL_MAP_WRITE_INVALIDATE_REGION) == 0 || (flags & (CL_MAP_READ | CL_MAP_WRITE)) == 0,
          CL_INVALID_VALUE);
  if ((flags & CL_MAP_READ) != 0) CheckHostReads(mem);
  if ((flags & (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION)) != 0) CheckHostWrites(mem);
}

constexpr bool Writes(cl_map_flags flags) {
  return (flags & (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION)) != 0;
}

// The region of an image in its host copy.
HostRegion ImageHostRegion(Mem& image, const Box& box) {
  const bool layers_are_rows = image.type() == CL_MEM_OBJECT_IMAGE1D_ARRAY;
  const size_t between_rows = layers_are_rows ? image.slice_pitch() : image.row_pitch();
  const size_t between_slices = image.slice_pitch() != 0 ? image.slice_pitch() : image.row_pitch();
  std::byte* base = image.HostCopy() + box.origin[0] * image.pixel_size() + box.origin[1] * between_rows +
                    box.origin[2] * image.slice_pitch();
  return {
      base, {box.region[0] * image.pixel_size(), box.region[1], box.region[2]}, between_rows, between_slices};
}

// Commits a map command: contents that will be overwritten need not travel, but the command still completes
// in its turn.
void CommitMap(PendingCommand& command, cl_bool blocking, cl_event* event) {
  if (blocking == CL_TRUE) return command.CommitAndWait(event);
  command.Commit(event);
}

}  // namespace

void* EnqueueMapBuffer(cl_command_queue queue_handle, cl_mem handle, cl_bool blocking, cl_map_flags flags,
                       size_t offset, size_t size, cl_uint num_events, const cl_event* events,
                       cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& buffer = GetBuffer(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(size > 0 && Inside(offset, size, buffer.size()), CL_INVALID_VALUE);
  CheckMapFlags(buffer, flags);
  CheckAlignment(queue, buffer);
  std::byte* const pointer = buffer.HostCopy() + offset;
  PendingCommand command(queue, CL_COMMAND_MAP_BUFFER, wait_list, true);
  if ((flags & CL_MAP_WRITE_INVALIDATE_REGION) != 0) {
    command.Post(wire::Marker{command.wire()});
  } else {
    command.Access(buffer, offset, size, true, false);
    const wire::Destination to = ReceiveInto(command, HostRegion::Contiguous(pointer, size));
    command.Post(wire::ReadBuffer{command.wire(), buffer.id(), offset, size, to});
  }
  buffer.AddMapping({pointer, flags, offset, size, {}});
  CommitMap(command, blocking, event);
  return pointer;
}

void* EnqueueMapImage(cl_command_queue queue_handle, cl_mem handle, cl_bool blocking, cl_map_flags flags,
                      const size_t* origin, const size_t* region, size_t* row_pitch, size_t* slice_pitch,
                      cl_uint num_events, const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& image = GetImage(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  const Box box = CheckBox(image, origin, region);
  Require(row_pitch != nullptr, CL_INVALID_VALUE);
  const bool has_slices = image.type() == CL_MEM_OBJECT_IMAGE3D ||
                          image.type() == CL_MEM_OBJECT_IMAGE2D_ARRAY ||
                          image.type() == CL_MEM_OBJECT_IMAGE1D_ARRAY;
  Require(!has_slices || slice_pitch != nullptr, CL_INVALID_VALUE);
  CheckMapFlags(image, flags);
  const HostRegion host = ImageHostRegion(image, box);
  PendingCommand command(queue, CL_COMMAND_MAP_IMAGE, wait_list, true);
  if ((flags & CL_MAP_WRITE_INVALIDATE_REGION) != 0) {
    command.Post(wire::Marker{command.wire()});
  } else {
    command.Access(image, true, false);
    const wire::Destination to = ReceiveInto(command, host);
    command.Post(wire::ReadImage{command.wire(), image.id(), box.origin, box.region, host.size(), to});
  }
  image.AddMapping({host.base, flags, 0, 0, box});
  *row_pitch = image.row_pitch();
  if (slice_pitch != nullptr) *slice_pitch = has_slices ? image.slice_pitch() : 0;
  CommitMap(command, blocking, event);
  return host.base;
}

void EnqueueUnmapMemObject(cl_command_queue queue_handle, cl_mem handle, void* pointer, cl_uint num_events,
                           const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& mem = Get<Mem>(handle, CL_INVALID_MEM_OBJECT);
  Require(&mem.context() == &queue.context(), CL_INVALID_CONTEXT);
  const WaitList wait_list(queue.context(), num_events, events);
  const std::optional<Mapping> mapping = mem.TakeMapping(pointer);
  Require(mapping.has_value(), CL_INVALID_VALUE);
  const bool writes = Writes(mapping->flags);
  PendingCommand command(queue, CL_COMMAND_UNMAP_MEM_OBJECT, wait_list, event != nullptr || writes);
  if (!writes) {
    command.Post(wire::Marker{command.wire()});
    return command.Commit(event);
  }
  ByteBuffer packed;
  const HostRegion host = mem.is_image() ? ImageHostRegion(mem, mapping->box)
                                         : HostRegion::Contiguous(mapping->pointer, mapping->size);
  if (mem.is_image()) {
    command.Access(mem, true, true);
  } else {
    command.Access(mem, mapping->offset, mapping->size, false, true);
  }
  const wire::Source from = SendFrom(command, host, packed);
  if (mem.is_image()) {
    command.Post(wire::WriteImage{command.wire(), mem.id(), mapping->box.origin, mapping->box.region,
                                  host.size(), from});
  } else {
    command.Post(wire::WriteBuffer{command.wire(), mem.id(), mapping->offset, mapping->size, from});
  }
  // The host copy must outlive its way to the server.
  if (from.payload_tag != 0) command.event()->OnComplete([keep = Ref<Mem>(mem)](cl_int) {});
  command.Commit(event);
}

void EnqueueMigrateMemObjects(cl_command_queue queue_handle, cl_uint num_mems, const cl_mem* handles,
                              cl_mem_migration_flags flags, cl_uint num_events, const cl_event* events,
                              cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Require(num_mems > 0 && handles != nullptr, CL_INVALID_VALUE);
  constexpr cl_mem_migration_flags kKnown =
      CL_MIGRATE_MEM_OBJECT_HOST | CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED;
  Require((flags & ~kKnown) == 0, CL_INVALID_VALUE);
  std::vector<Mem*> mems;
  for (cl_uint i = 0; i < num_mems; ++i) {
    mems.push_back(&Get<Mem>(handles[i], CL_INVALID_MEM_OBJECT));
    Require(&mems.back()->context() == &queue.context(), CL_INVALID_CONTEXT);
    CheckAlignment(queue, *mems.back());
  }
  const WaitList wait_list(queue.context(), num_events, events);
  PendingCommand command(queue, CL_COMMAND_MIGRATE_MEM_OBJECTS, wait_list, event != nullptr);
  std::vector<MemId> ids;
  const bool undefined = (flags & CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED) != 0;
  for (Mem* mem : mems) {
    // With undefined contents it is enough that the object exists there and is its only holder.
    command.Access(*mem, !undefined, undefined);
    ids.push_back(mem->id());
  }
  command.Post(wire::MigrateMemObjects{command.wire(), ids, flags});
  command.Commit(event);
}

}  // namespace clopencl::frontend::api
