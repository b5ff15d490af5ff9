#include <cstring>

#include "frontend/api/api.h"
#include "frontend/api/mem_checks.h"
#include "frontend/core/command.h"
#include "frontend/core/transfer.h"

namespace clopencl::frontend::api {
namespace {

// A rectangle in a buffer or in host memory (OpenCL 3.0, clEnqueueReadBufferRect).
struct Rect {
  std::array<uint64_t, 3> origin{};
  size_t row_pitch = 0;
  size_t slice_pitch = 0;

  size_t offset() const { return origin[0] + origin[1] * row_pitch + origin[2] * slice_pitch; }
  // One past the last byte of `region`.
  size_t end(const size_t* region) const {
    return offset() + (region[2] - 1) * slice_pitch + (region[1] - 1) * row_pitch + region[0];
  }
};

// Notes what a command does with `region` of a buffer: row by row, unless that is one range or more rows than
// are worth it; then what lies between the rows has to be current, too, because it counts as written.
void AccessRect(PendingCommand& command, Mem& buffer, const Rect& rect, const size_t* region, bool reads,
                bool writes) {
  constexpr size_t kMostRows = 4096;
  const size_t size = rect.end(region) - rect.offset();
  const bool one_range = size == region[0] * region[1] * region[2];
  if (one_range || region[1] * region[2] > kMostRows)
    return command.Access(buffer, rect.offset(), size, reads || !one_range, writes);
  for (size_t slice = 0; slice < region[2]; ++slice)
    command.Access(buffer,
                   Rows{rect.offset() + slice * rect.slice_pitch, region[0], region[1], rect.row_pitch},
                   reads, writes);
}

Rect CheckRect(const size_t* origin, const size_t* region, size_t row_pitch, size_t slice_pitch) {
  Rect rect{{origin[0], origin[1], origin[2]}, row_pitch, slice_pitch};
  if (rect.row_pitch == 0) rect.row_pitch = region[0];
  Require(rect.row_pitch >= region[0], CL_INVALID_VALUE);
  if (rect.slice_pitch == 0) rect.slice_pitch = region[1] * rect.row_pitch;
  Require(rect.slice_pitch >= region[1] * rect.row_pitch && rect.slice_pitch % rect.row_pitch == 0,
          CL_INVALID_VALUE);
  return rect;
}

void CheckRegion(const size_t* region) {
  Require(region != nullptr && region[0] != 0 && region[1] != 0 && region[2] != 0, CL_INVALID_VALUE);
}

std::array<uint64_t, 3> Triple(const size_t* values) { return {values[0], values[1], values[2]}; }

HostRegion HostSide(const void* ptr, const Rect& rect, const size_t* region) {
  return {static_cast<std::byte*>(const_cast<void*>(ptr)) + rect.offset(),
          {region[0], region[1], region[2]},
          rect.row_pitch,
          rect.slice_pitch};
}

// A command of no bytes, which is allowed and takes its turn.
void EnqueueNothing(Queue& queue, cl_command_type type, const WaitList& wait_list, cl_bool blocking,
                    cl_event* event) {
  PendingCommand command(queue, type, wait_list, event != nullptr || blocking == CL_TRUE);
  command.Post(wire::Marker{command.wire()});
  if (blocking) return command.CommitAndWait(event);
  command.Commit(event);
}

// Whether a blocking write need not wait for its execution, but for the application's memory only: the server
// puts whatever uses the buffer behind it (wire::WriteBuffer::blocking). But a failed wait list has to be told,
// and an event be complete.
bool OnlyLeavesMemory(cl_bool blocking, const WaitList& wait_list, const cl_event* event) {
  return blocking == CL_TRUE && wait_list.empty() && event == nullptr;
}
// A small write's data is away at once.
bool MustWait(cl_bool blocking, const WaitList& wait_list, size_t size, const cl_event* event) {
  return blocking == CL_TRUE && (!OnlyLeavesMemory(blocking, wait_list, event) || WriteNeedsEvent(size));
}

// Of a blocking write that need not wait: in a context that spans servers it may be held back (held.h), and
// then the server can put nothing behind it yet.
bool WriteWantsEvent(const Queue& queue, cl_bool blocking, bool wait, size_t size, const cl_event* event) {
  return event != nullptr || wait || WriteNeedsEvent(size) ||
         (blocking == CL_TRUE && queue.context().spans_servers());
}
void CommitWrite(PendingCommand& command, cl_bool blocking, bool wait, cl_event* event) {
  if (wait || (blocking == CL_TRUE && command.held())) return command.CommitAndWait(event);
  command.Commit(event);
}

}  // namespace

void EnqueueReadBuffer(cl_command_queue queue_handle, cl_mem handle, cl_bool blocking, size_t offset,
                       size_t size, void* ptr, cl_uint num_events, const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& buffer = GetBuffer(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  CheckHostReads(buffer);
  Require(ptr != nullptr && Inside(offset, size, buffer.size()), CL_INVALID_VALUE);
  CheckAlignment(queue, buffer);
  if (size == 0) return EnqueueNothing(queue, CL_COMMAND_READ_BUFFER, wait_list, blocking, event);
  PendingCommand command(queue, CL_COMMAND_READ_BUFFER, wait_list, true);
  command.Access(buffer, offset, size, true, false);
  const wire::Destination to = ReceiveInto(command, HostRegion::Contiguous(ptr, size));
  command.Post(wire::ReadBuffer{command.wire(), buffer.id(), offset, size, to});
  if (blocking) return command.CommitAndWait(event);
  command.Commit(event);
}

void EnqueueWriteBuffer(cl_command_queue queue_handle, cl_mem handle, cl_bool blocking, size_t offset,
                        size_t size, const void* ptr, cl_uint num_events, const cl_event* events,
                        cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& buffer = GetBuffer(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  CheckHostWrites(buffer);
  Require(ptr != nullptr && Inside(offset, size, buffer.size()), CL_INVALID_VALUE);
  CheckAlignment(queue, buffer);
  if (size == 0) return EnqueueNothing(queue, CL_COMMAND_WRITE_BUFFER, wait_list, blocking, event);
  const bool wait = MustWait(blocking, wait_list, size, event);
  PendingCommand command(queue, CL_COMMAND_WRITE_BUFFER, wait_list,
                         WriteWantsEvent(queue, blocking, wait, size, event));
  command.Access(buffer, offset, size, false, true);
  ByteBuffer packed;
  const wire::Source from = SendFrom(command, HostRegion::Contiguous(ptr, size), packed);
  command.Post(wire::WriteBuffer{command.wire(), buffer.id(), offset, size, from,
                                 OnlyLeavesMemory(blocking, wait_list, event)});
  CommitWrite(command, blocking, wait, event);
}

void EnqueueReadBufferRect(cl_command_queue queue_handle, cl_mem handle, cl_bool blocking,
                           const size_t* buffer_origin, const size_t* host_origin, const size_t* region,
                           size_t buffer_row_pitch, size_t buffer_slice_pitch, size_t host_row_pitch,
                           size_t host_slice_pitch, void* ptr, cl_uint num_events, const cl_event* events,
                           cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& buffer = GetBuffer(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(ptr != nullptr && buffer_origin != nullptr && host_origin != nullptr, CL_INVALID_VALUE);
  CheckRegion(region);
  const Rect there = CheckRect(buffer_origin, region, buffer_row_pitch, buffer_slice_pitch);
  const Rect here = CheckRect(host_origin, region, host_row_pitch, host_slice_pitch);
  Require(there.end(region) <= buffer.size(), CL_INVALID_VALUE);
  CheckAlignment(queue, buffer);
  CheckHostReads(buffer);
  PendingCommand command(queue, CL_COMMAND_READ_BUFFER_RECT, wait_list, true);
  AccessRect(command, buffer, there, region, true, false);
  const wire::Destination to = ReceiveInto(command, HostSide(ptr, here, region));
  command.Post(wire::ReadBufferRect{
      command.wire(), buffer.id(), there.origin, Triple(region), {there.row_pitch, there.slice_pitch}, to});
  if (blocking) return command.CommitAndWait(event);
  command.Commit(event);
}

void EnqueueWriteBufferRect(cl_command_queue queue_handle, cl_mem handle, cl_bool blocking,
                            const size_t* buffer_origin, const size_t* host_origin, const size_t* region,
                            size_t buffer_row_pitch, size_t buffer_slice_pitch, size_t host_row_pitch,
                            size_t host_slice_pitch, const void* ptr, cl_uint num_events,
                            const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& buffer = GetBuffer(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(ptr != nullptr && buffer_origin != nullptr && host_origin != nullptr, CL_INVALID_VALUE);
  CheckRegion(region);
  const Rect there = CheckRect(buffer_origin, region, buffer_row_pitch, buffer_slice_pitch);
  const Rect here = CheckRect(host_origin, region, host_row_pitch, host_slice_pitch);
  Require(there.end(region) <= buffer.size(), CL_INVALID_VALUE);
  CheckAlignment(queue, buffer);
  CheckHostWrites(buffer);
  const HostRegion source = HostSide(ptr, here, region);
  const bool wait = MustWait(blocking, wait_list, source.size(), event);
  PendingCommand command(queue, CL_COMMAND_WRITE_BUFFER_RECT, wait_list,
                         WriteWantsEvent(queue, blocking, wait, source.size(), event));
  AccessRect(command, buffer, there, region, false, true);
  ByteBuffer packed;
  const wire::Source from = SendFrom(command, source, packed);
  command.Post(wire::WriteBufferRect{command.wire(),
                                     buffer.id(),
                                     there.origin,
                                     Triple(region),
                                     {there.row_pitch, there.slice_pitch},
                                     from,
                                     OnlyLeavesMemory(blocking, wait_list, event)});
  CommitWrite(command, blocking, wait, event);
}

void EnqueueCopyBuffer(cl_command_queue queue_handle, cl_mem source_handle, cl_mem destination_handle,
                       size_t source_offset, size_t destination_offset, size_t size, cl_uint num_events,
                       const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& source = GetBuffer(queue, source_handle);
  Mem& destination = GetBuffer(queue, destination_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(size > 0 && Inside(source_offset, size, source.size()) &&
              Inside(destination_offset, size, destination.size()),
          CL_INVALID_VALUE);
  CheckAlignment(queue, source);
  CheckAlignment(queue, destination);
  if (&source.root() == &destination.root()) {
    const size_t a = source.root_offset() + source_offset, b = destination.root_offset() + destination_offset;
    Require(a + size <= b || b + size <= a, CL_MEM_COPY_OVERLAP);
  }
  PendingCommand command(queue, CL_COMMAND_COPY_BUFFER, wait_list, event != nullptr);
  command.Access(source, source_offset, size, true, false);
  command.Access(destination, destination_offset, size, false, true);
  command.Post(wire::CopyBuffer{command.wire(), source.id(), destination.id(), source_offset,
                                destination_offset, size});
  command.Commit(event);
}

namespace {

// Whether two rectangles of the same buffer with the same pitches share a byte (OpenCL 3.0, "Appendix E").
bool RectsOverlap(const Rect& a, const Rect& b, const size_t* region) {
  bool overlap = true;
  for (size_t i = 0; i < 3; ++i)
    overlap = overlap && a.origin[i] < b.origin[i] + region[i] && b.origin[i] < a.origin[i] + region[i];
  if (overlap) return true;
  // Rows may wrap around the pitch into each other; then only the address ranges tell.
  const bool wraps = std::max(a.origin[0], b.origin[0]) + region[0] > a.row_pitch ||
                     std::max(a.origin[1], b.origin[1]) + region[1] > a.slice_pitch / a.row_pitch;
  return wraps && a.offset() < b.end(region) && b.offset() < a.end(region);
}

}  // namespace

void EnqueueCopyBufferRect(cl_command_queue queue_handle, cl_mem source_handle, cl_mem destination_handle,
                           const size_t* source_origin, const size_t* destination_origin,
                           const size_t* region, size_t source_row_pitch, size_t source_slice_pitch,
                           size_t destination_row_pitch, size_t destination_slice_pitch, cl_uint num_events,
                           const cl_event* events, cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& source = GetBuffer(queue, source_handle);
  Mem& destination = GetBuffer(queue, destination_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(source_origin != nullptr && destination_origin != nullptr, CL_INVALID_VALUE);
  CheckRegion(region);
  const Rect from = CheckRect(source_origin, region, source_row_pitch, source_slice_pitch);
  const Rect to = CheckRect(destination_origin, region, destination_row_pitch, destination_slice_pitch);
  Require(from.end(region) <= source.size() && to.end(region) <= destination.size(), CL_INVALID_VALUE);
  if (&source == &destination) {
    Require(from.row_pitch == to.row_pitch && from.slice_pitch == to.slice_pitch, CL_INVALID_VALUE);
    Require(!RectsOverlap(from, to, region), CL_MEM_COPY_OVERLAP);
  }
  CheckAlignment(queue, source);
  CheckAlignment(queue, destination);
  PendingCommand command(queue, CL_COMMAND_COPY_BUFFER_RECT, wait_list, event != nullptr);
  AccessRect(command, source, from, region, true, false);
  AccessRect(command, destination, to, region, false, true);
  command.Post(wire::CopyBufferRect{command.wire(),
                                    source.id(),
                                    destination.id(),
                                    from.origin,
                                    to.origin,
                                    Triple(region),
                                    {from.row_pitch, from.slice_pitch},
                                    {to.row_pitch, to.slice_pitch}});
  command.Commit(event);
}

void EnqueueFillBuffer(cl_command_queue queue_handle, cl_mem handle, const void* pattern, size_t pattern_size,
                       size_t offset, size_t size, cl_uint num_events, const cl_event* events,
                       cl_event* event) {
  Queue& queue = GetHostQueue(queue_handle);
  Mem& buffer = GetBuffer(queue, handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(Inside(offset, size, buffer.size()), CL_INVALID_VALUE);
  const bool power_of_two =
      pattern_size != 0 && (pattern_size & (pattern_size - 1)) == 0 && pattern_size <= 128;
  Require(pattern != nullptr && power_of_two, CL_INVALID_VALUE);
  Require(offset % pattern_size == 0 && size % pattern_size == 0, CL_INVALID_VALUE);
  CheckAlignment(queue, buffer);
  if (size == 0) return EnqueueNothing(queue, CL_COMMAND_FILL_BUFFER, wait_list, CL_FALSE, event);
  PendingCommand command(queue, CL_COMMAND_FILL_BUFFER, wait_list, event != nullptr);
  command.Access(buffer, offset, size, false, true);
  command.Post(wire::FillBuffer{
      command.wire(), buffer.id(), {static_cast<const std::byte*>(pattern), pattern_size}, offset, size});
  command.Commit(event);
}

}  // namespace clopencl::frontend::api
