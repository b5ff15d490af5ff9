#include <cstring>

#include "frontend/api/api.h"
#include "frontend/api/mem_checks.h"
#include "frontend/core/command.h"
#include "frontend/core/transfer.h"

namespace clopencl::frontend::api {
namespace {

// The application's side of an image transfer, pitches checked (OpenCL 3.0, clEnqueueReadImage).
HostRegion HostSide(const Mem& image, const Box& box, size_t row_pitch, size_t slice_pitch, const void* ptr) {
  const size_t row = box.region[0] * image.pixel_size();
  Require(row_pitch == 0 || row_pitch >= row, CL_INVALID_VALUE);
  if (row_pitch == 0) row_pitch = row;
  const bool layers_are_rows = image.type() == CL_MEM_OBJECT_IMAGE1D_ARRAY;
  const bool has_slices =
      image.type() == CL_MEM_OBJECT_IMAGE3D || image.type() == CL_MEM_OBJECT_IMAGE2D_ARRAY;
  if (!has_slices && !layers_are_rows) slice_pitch = 0;  // Means nothing there.
  const size_t least = layers_are_rows ? row_pitch : row_pitch * box.region[1];
  Require(slice_pitch == 0 || slice_pitch >= least, CL_INVALID_VALUE);
  if (slice_pitch == 0) slice_pitch = least;
  // Layers of a 1D array follow each other by the slice pitch.
  if (layers_are_rows) row_pitch = slice_pitch;
  return {static_cast<std::byte*>(const_cast<void*>(ptr)),
          {row, box.region[1], box.region[2]},
          row_pitch,
          slice_pitch};
}

// OpenCL 3.0, clEnqueueCopyImage: formats must match.
void CheckSameFormat(const Mem& a, const Mem& b) {
  Require(a.what().format.image_channel_order == b.what().format.image_channel_order &&
              a.what().format.image_channel_data_type == b.what().format.image_channel_data_type,
          CL_IMAGE_FORMAT_MISMATCH);
}

}  // namespace

void EnqueueReadImage(cl_command_queue queue_handle, cl_mem handle, cl_bool blocking, const size_t* origin,
                      const size_t* region, size_t row_pitch, size_t slice_pitch, void* ptr,
                      cl_uint num_events, const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& image = GetImage(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(ptr != nullptr, CL_INVALID_VALUE);
  const Box box = CheckBox(image, origin, region);
  const HostRegion host = HostSide(image, box, row_pitch, slice_pitch, ptr);
  CheckHostReads(image);
  PendingCommand command(queue, CL_COMMAND_READ_IMAGE, wait_list, true);
  command.Access(image, true, false);
  const wire::Destination to = ReceiveInto(command, host);
  command.Post(wire::ReadImage{command.wire(), image.id(), box.origin, box.region, host.size(), to});
  if (blocking) return command.CommitAndWait(event);
  command.Commit(event);
}

void EnqueueWriteImage(cl_command_queue queue_handle, cl_mem handle, cl_bool blocking, const size_t* origin,
                       const size_t* region, size_t row_pitch, size_t slice_pitch, const void* ptr,
                       cl_uint num_events, const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& image = GetImage(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(ptr != nullptr, CL_INVALID_VALUE);
  const Box box = CheckBox(image, origin, region);
  const HostRegion host = HostSide(image, box, row_pitch, slice_pitch, ptr);
  CheckHostWrites(image);
  const bool wait = blocking == CL_TRUE && (!wait_list.empty() || WriteNeedsEvent(host.size()));
  PendingCommand command(queue, CL_COMMAND_WRITE_IMAGE, wait_list,
                         event != nullptr || wait || WriteNeedsEvent(host.size()));
  command.Access(image, true, true);
  ByteBuffer packed;
  const wire::Source from = SendFrom(command, host, packed);
  command.Post(wire::WriteImage{command.wire(), image.id(), box.origin, box.region, host.size(), from});
  if (wait) return command.CommitAndWait(event);
  command.Commit(event);
}

void EnqueueCopyImage(cl_command_queue queue_handle, cl_mem source_handle, cl_mem destination_handle,
                      const size_t* source_origin, const size_t* destination_origin, const size_t* region,
                      cl_uint num_events, const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& source = GetImage(queue, source_handle);
  Mem& destination = GetImage(queue, destination_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  CheckSameFormat(source, destination);
  const Box from = CheckBox(source, source_origin, region);
  const Box to = CheckBox(destination, destination_origin, region);
  if (&source == &destination) {
    bool overlap = true;
    for (size_t i = 0; i < 3; ++i)
      overlap =
          overlap && from.origin[i] < to.origin[i] + region[i] && to.origin[i] < from.origin[i] + region[i];
    Require(!overlap, CL_MEM_COPY_OVERLAP);
  }
  PendingCommand command(queue, CL_COMMAND_COPY_IMAGE, wait_list, event != nullptr);
  command.Access(source, true, false);
  command.Access(destination, true, true);
  command.Post(
      wire::CopyImage{command.wire(), source.id(), destination.id(), from.origin, to.origin, from.region});
  command.Commit(event);
}

void EnqueueFillImage(cl_command_queue queue_handle, cl_mem handle, const void* color, const size_t* origin,
                      const size_t* region, cl_uint num_events, const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& image = GetImage(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(color != nullptr, CL_INVALID_VALUE);
  const Box box = CheckBox(image, origin, region);
  // One float for depth images, four channels otherwise.
  std::array<uint32_t, 4> value{};
  std::memcpy(value.data(), color,
              image.what().format.image_channel_order == CL_DEPTH ? sizeof(float) : sizeof value);
  PendingCommand command(queue, CL_COMMAND_FILL_IMAGE, wait_list, event != nullptr);
  command.Access(image, true, true);
  command.Post(wire::FillImage{command.wire(), image.id(), value, box.origin, box.region});
  command.Commit(event);
}

void EnqueueCopyImageToBuffer(cl_command_queue queue_handle, cl_mem source_handle, cl_mem destination_handle,
                              const size_t* origin, const size_t* region, size_t offset, cl_uint num_events,
                              const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& source = GetImage(queue, source_handle);
  Mem& destination = GetBuffer(queue, destination_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  const Box box = CheckBox(source, origin, region);
  const size_t size = PackedSize(source, box);
  Require(Inside(offset, size, destination.size()), CL_INVALID_VALUE);
  CheckAlignment(queue, destination);
  PendingCommand command(queue, CL_COMMAND_COPY_IMAGE_TO_BUFFER, wait_list, event != nullptr);
  command.Access(source, true, false);
  command.Access(destination, offset, size, false, true);
  command.Post(
      wire::CopyImageToBuffer{command.wire(), source.id(), destination.id(), box.origin, box.region, offset});
  command.Commit(event);
}

void EnqueueCopyBufferToImage(cl_command_queue queue_handle, cl_mem source_handle, cl_mem destination_handle,
                              size_t offset, const size_t* origin, const size_t* region, cl_uint num_events,
                              const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& source = GetBuffer(queue, source_handle);
  Mem& destination = GetImage(queue, destination_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  const Box box = CheckBox(destination, origin, region);
  const size_t size = PackedSize(destination, box);
  Require(Inside(offset, size, source.size()), CL_INVALID_VALUE);
  CheckAlignment(queue, source);
  PendingCommand command(queue, CL_COMMAND_COPY_BUFFER_TO_IMAGE, wait_list, event != nullptr);
  command.Access(source, offset, size, true, false);
  command.Access(destination, true, true);
  command.Post(
      wire::CopyBufferToImage{command.wire(), source.id(), destination.id(), offset, box.origin, box.region});
  command.Commit(event);
}

}  // namespace clopencl::frontend::api
