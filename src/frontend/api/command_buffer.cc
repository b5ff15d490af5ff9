#include "frontend/core/command_buffer.h"

#include "frontend/api/api.h"
#include "frontend/api/mem_checks.h"
#include "frontend/core/command.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {
namespace {

struct SyncPoints {
  cl_uint count;
  const cl_sync_point_khr* list;
  cl_sync_point_khr* out;
};

// One clCommand*KHR: the checks that all have in common, and the queue that records.
class RecordOne {
 public:
  RecordOne(cl_command_buffer_khr handle, cl_command_queue queue, const SyncPoints& sync_points,
            const cl_mutable_command_khr* mutable_handle)
      : buffer_(Get<CommandBuffer>(handle, CL_INVALID_COMMAND_BUFFER_KHR)),
        lock_(buffer_.recording_mutex()),
        sync_point_(sync_points.out) {
    Require(queue == nullptr, CL_INVALID_COMMAND_QUEUE);  // There is only the buffer's own.
    Require(mutable_handle == nullptr, CL_INVALID_VALUE);
    Require((sync_points.count == 0) == (sync_points.list == nullptr), CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    for (cl_uint i = 0; i < sync_points.count; ++i)
      Require(sync_points.list[i] >= 1 && sync_points.list[i] <= buffer_.commands(),
              CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    buffer_.BeginCommand({sync_points.list, sync_points.count});
  }

  cl_command_queue queue() const { return buffer_.recorder().handle(); }
  void Keep(Ref<Kernel> kernel) { buffer_.Keep(std::move(kernel)); }
  void Done() const {
    if (sync_point_ != nullptr) *sync_point_ = buffer_.commands();
  }

 private:
  CommandBuffer& buffer_;
  const std::lock_guard<std::mutex> lock_;
  cl_sync_point_khr* const sync_point_;
};

cl_command_buffer_flags_khr CheckProperties(const Device& device,
                                            const cl_command_buffer_properties_khr* properties,
                                            std::vector<cl_command_buffer_properties_khr>& given) {
  cl_command_buffer_flags_khr flags = 0;
  if (properties == nullptr) return flags;
  size_t i = 0;
  for (; properties[i] != 0; i += 2) {
    for (size_t earlier = 0; earlier < i; earlier += 2)
      Require(properties[earlier] != properties[i], CL_INVALID_VALUE);
    Require(properties[i] == CL_COMMAND_BUFFER_FLAGS_KHR, CL_INVALID_VALUE);
    flags = properties[i + 1];
    Require((flags & ~cl_command_buffer_flags_khr{CL_COMMAND_BUFFER_SIMULTANEOUS_USE_KHR}) == 0,
            CL_INVALID_VALUE);
  }
  given.assign(properties, properties + i + 1);
  const auto capabilities = FactOr<cl_device_command_buffer_capabilities_khr>(
      device.facts(), CL_DEVICE_COMMAND_BUFFER_CAPABILITIES_KHR, 0);
  Require((flags & CL_COMMAND_BUFFER_SIMULTANEOUS_USE_KHR) == 0 ||
              (capabilities & CL_COMMAND_BUFFER_CAPABILITY_SIMULTANEOUS_USE_KHR) != 0,
          CL_INVALID_PROPERTY);
  return flags;
}

}  // namespace

cl_command_buffer_khr CreateCommandBuffer(cl_uint num_queues, const cl_command_queue* queues,
                                          const cl_command_buffer_properties_khr* properties) {
  // More than one would be cl_khr_command_buffer_multi_device.
  Require(num_queues == 1 && queues != nullptr, CL_INVALID_VALUE);
  Queue& queue = GetHostQueue(queues[0]);
  const Device& device = queue.device();
  Require(device.HasExtension("cl_khr_command_buffer"), CL_INVALID_OPERATION);
  const auto required = FactOr<cl_command_queue_properties>(
      device.facts(), CL_DEVICE_COMMAND_BUFFER_REQUIRED_QUEUE_PROPERTIES_KHR, 0);
  Require((queue.properties() & required) == required, CL_INCOMPATIBLE_COMMAND_QUEUE_KHR);
  const auto capabilities = FactOr<cl_device_command_buffer_capabilities_khr>(
      device.facts(), CL_DEVICE_COMMAND_BUFFER_CAPABILITIES_KHR, 0);
  Require(queue.in_order() || (capabilities & CL_COMMAND_BUFFER_CAPABILITY_OUT_OF_ORDER_KHR) != 0,
          CL_INCOMPATIBLE_COMMAND_QUEUE_KHR);
  std::vector<cl_command_buffer_properties_khr> given;
  const cl_command_buffer_flags_khr flags = CheckProperties(device, properties, given);
  return (new CommandBuffer(queue, flags, std::move(given)))->handle();
}

void FinalizeCommandBuffer(cl_command_buffer_khr handle) {
  CommandBuffer& buffer = Get<CommandBuffer>(handle, CL_INVALID_COMMAND_BUFFER_KHR);
  std::lock_guard lock(buffer.recording_mutex());
  buffer.Finalize();
}

void RetainCommandBuffer(cl_command_buffer_khr buffer) {
  Get<CommandBuffer>(buffer, CL_INVALID_COMMAND_BUFFER_KHR).Retain();
}
void ReleaseCommandBuffer(cl_command_buffer_khr buffer) {
  Get<CommandBuffer>(buffer, CL_INVALID_COMMAND_BUFFER_KHR).Release();
}

void EnqueueCommandBuffer(cl_uint num_queues, cl_command_queue* queues, cl_command_buffer_khr handle,
                          cl_uint num_events, const cl_event* events, cl_event* event) {
  CommandBuffer& buffer = Get<CommandBuffer>(handle, CL_INVALID_COMMAND_BUFFER_KHR);
  Require((num_queues == 0) == (queues == nullptr) && num_queues <= 1, CL_INVALID_VALUE);
  Queue& queue = num_queues == 0 ? buffer.queue() : GetHostQueue(queues[0]);
  Require(&queue.context() == &buffer.context(), CL_INVALID_CONTEXT);
  Require(&queue.device() == &buffer.queue().device() && queue.properties() == buffer.queue().properties(),
          CL_INCOMPATIBLE_COMMAND_QUEUE_KHR);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(buffer.finalized(), CL_INVALID_OPERATION);
  Require(buffer.simultaneous() || !buffer.Pending(), CL_INVALID_OPERATION);
  PendingCommand command(queue, CL_COMMAND_COMMAND_BUFFER_KHR, wait_list, true);
  queue.set_may_work(true);
  buffer.AccessAll(command);
  command.Post(wire::EnqueueCommandBuffer{command.wire(), buffer.id()});
  const Ref<Event> enqueued(command.event());
  command.Commit(event);
  buffer.AddEnqueued(enqueued);
}

void GetCommandBufferInfo(cl_command_buffer_khr handle, cl_command_buffer_info_khr param, size_t size,
                          void* value, size_t* size_ret) {
  CommandBuffer& buffer = Get<CommandBuffer>(handle, CL_INVALID_COMMAND_BUFFER_KHR);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_COMMAND_BUFFER_NUM_QUEUES_KHR:
      return sink.Put<cl_uint>(1);
    case CL_COMMAND_BUFFER_QUEUES_KHR:
      return sink.Put(buffer.queue().handle());
    case CL_COMMAND_BUFFER_REFERENCE_COUNT_KHR:
      return sink.Put<cl_uint>(buffer.api_references.load());
    case CL_COMMAND_BUFFER_STATE_KHR:
      return sink.Put<cl_command_buffer_state_khr>(!buffer.finalized() ? CL_COMMAND_BUFFER_STATE_RECORDING_KHR
                                                   : buffer.Pending()
                                                       ? CL_COMMAND_BUFFER_STATE_PENDING_KHR
                                                       : CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR);
    case CL_COMMAND_BUFFER_PROPERTIES_ARRAY_KHR:
      return sink.PutArray(buffer.given());
    default:
      Fail(CL_INVALID_VALUE);
  }
}

void CommandBarrierWithWaitList(cl_command_buffer_khr buffer, cl_command_queue queue, cl_uint count,
                                const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                                cl_mutable_command_khr* mutable_handle) {
  const RecordOne record(buffer, queue, {count, list, sync_point}, mutable_handle);
  EnqueueBarrierWithWaitList(record.queue(), 0, nullptr, nullptr);
  record.Done();
}

void CommandCopyBuffer(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source,
                       cl_mem destination, size_t source_offset, size_t destination_offset, size_t size,
                       cl_uint count, const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                       cl_mutable_command_khr* mutable_handle) {
  const RecordOne record(buffer, queue, {count, list, sync_point}, mutable_handle);
  EnqueueCopyBuffer(record.queue(), source, destination, source_offset, destination_offset, size, 0, nullptr,
                    nullptr);
  record.Done();
}

void CommandCopyBufferRect(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source,
                           cl_mem destination, const size_t* source_origin, const size_t* destination_origin,
                           const size_t* region, size_t source_row_pitch, size_t source_slice_pitch,
                           size_t destination_row_pitch, size_t destination_slice_pitch, cl_uint count,
                           const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                           cl_mutable_command_khr* mutable_handle) {
  const RecordOne record(buffer, queue, {count, list, sync_point}, mutable_handle);
  EnqueueCopyBufferRect(record.queue(), source, destination, source_origin, destination_origin, region,
                        source_row_pitch, source_slice_pitch, destination_row_pitch, destination_slice_pitch,
                        0, nullptr, nullptr);
  record.Done();
}

void CommandCopyBufferToImage(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source,
                              cl_mem destination, size_t source_offset, const size_t* destination_origin,
                              const size_t* region, cl_uint count, const cl_sync_point_khr* list,
                              cl_sync_point_khr* sync_point, cl_mutable_command_khr* mutable_handle) {
  const RecordOne record(buffer, queue, {count, list, sync_point}, mutable_handle);
  EnqueueCopyBufferToImage(record.queue(), source, destination, source_offset, destination_origin, region, 0,
                           nullptr, nullptr);
  record.Done();
}

void CommandCopyImage(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source, cl_mem destination,
                      const size_t* source_origin, const size_t* destination_origin, const size_t* region,
                      cl_uint count, const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                      cl_mutable_command_khr* mutable_handle) {
  const RecordOne record(buffer, queue, {count, list, sync_point}, mutable_handle);
  EnqueueCopyImage(record.queue(), source, destination, source_origin, destination_origin, region, 0, nullptr,
                   nullptr);
  record.Done();
}

void CommandCopyImageToBuffer(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem source,
                              cl_mem destination, const size_t* source_origin, const size_t* region,
                              size_t destination_offset, cl_uint count, const cl_sync_point_khr* list,
                              cl_sync_point_khr* sync_point, cl_mutable_command_khr* mutable_handle) {
  const RecordOne record(buffer, queue, {count, list, sync_point}, mutable_handle);
  EnqueueCopyImageToBuffer(record.queue(), source, destination, source_origin, region, destination_offset, 0,
                           nullptr, nullptr);
  record.Done();
}

void CommandFillBuffer(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem mem, const void* pattern,
                       size_t pattern_size, size_t offset, size_t size, cl_uint count,
                       const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                       cl_mutable_command_khr* mutable_handle) {
  const RecordOne record(buffer, queue, {count, list, sync_point}, mutable_handle);
  EnqueueFillBuffer(record.queue(), mem, pattern, pattern_size, offset, size, 0, nullptr, nullptr);
  record.Done();
}

void CommandFillImage(cl_command_buffer_khr buffer, cl_command_queue queue, cl_mem image, const void* color,
                      const size_t* origin, const size_t* region, cl_uint count,
                      const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                      cl_mutable_command_khr* mutable_handle) {
  const RecordOne record(buffer, queue, {count, list, sync_point}, mutable_handle);
  EnqueueFillImage(record.queue(), image, color, origin, region, 0, nullptr, nullptr);
  record.Done();
}

void CommandNDRangeKernel(cl_command_buffer_khr buffer, cl_command_queue queue,
                          const cl_properties* properties, cl_kernel kernel_handle, cl_uint dimensions,
                          const size_t* offset, const size_t* global, const size_t* local, cl_uint count,
                          const cl_sync_point_khr* list, cl_sync_point_khr* sync_point,
                          cl_mutable_command_khr* mutable_handle) {
  RecordOne record(buffer, queue, {count, list, sync_point}, mutable_handle);
  Require(properties == nullptr || properties[0] == 0, CL_INVALID_VALUE);
  Kernel& original = Get<Kernel>(kernel_handle, CL_INVALID_KERNEL);
  // A kernel of its own keeps the arguments as they are now, whatever the native runtime does.
  const auto kernel = Ref<Kernel>::Adopt(new Kernel(original.program(), original.shared_info()));
  kernel->CopyArgsFrom(original);
  EnqueueNDRangeKernel(record.queue(), kernel->handle(), dimensions, offset, global, local, 0, nullptr,
                       nullptr);
  record.Keep(kernel);
  record.Done();
}

}  // namespace clopencl::frontend::api
