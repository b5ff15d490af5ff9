// Contexts, queues, sub-devices, release.
#include <vector>

#include "common/log.h"
#include "rankserver/channel.h"
#include "rankserver/command.h"
#include "rankserver/facts.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {

void Channel::On(const wire::CreateContext& m) {
  auto context = std::make_shared<Context>();
  context->api = &api();
  context->spans_servers = m.spans_servers;
  context->unified = true;
  std::vector<cl_device_id> natives;
  cl_int status = m.devices.empty() ? CL_INVALID_VALUE : CL_SUCCESS;
  for (const DeviceId id : m.devices) {
    const std::shared_ptr<Device>* device = devices.Find(id, status);
    if (device == nullptr) break;
    context->devices.push_back(*device);
    natives.push_back((*device)->native);
    context->unified = context->unified && (*device)->unified;
  }
  if (status == CL_SUCCESS) {
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                reinterpret_cast<cl_context_properties>(platform_.native), 0};
    context->native =
        Owned<cl_context>(api(), api().CreateContext(properties, static_cast<cl_uint>(natives.size()),
                                                     natives.data(), nullptr, nullptr, &status));
  }
  Keep(contexts, m.context, status, std::move(context));
}

namespace {

cl_command_queue MakeQueue(const NativeApi& api, cl_context context, cl_device_id device,
                           std::span<const uint64_t> properties, cl_int& status) {
  std::vector<cl_queue_properties> list(properties.begin(), properties.end());
  list.push_back(0);
  if (api.CreateCommandQueueWithProperties != nullptr) {
    return api.CreateCommandQueueWithProperties(context, device, properties.empty() ? nullptr : list.data(),
                                                &status);
  }
  cl_command_queue_properties bits = 0;
  for (size_t i = 0; i + 1 < list.size(); i += 2) {
    if (list[i] != CL_QUEUE_PROPERTIES) {
      status = CL_INVALID_QUEUE_PROPERTIES;
      return nullptr;
    }
    bits = list[i + 1];
  }
  return api.CreateCommandQueue(context, device, bits, &status);
}

uint64_t QueueBits(std::span<const uint64_t> properties) {
  for (size_t i = 0; i + 1 < properties.size(); i += 2) {
    if (properties[i] == CL_QUEUE_PROPERTIES) return properties[i + 1];
  }
  return 0;
}

}  // namespace

void Channel::On(const wire::CreateQueue& m) {
  auto queue = std::make_shared<Queue>();
  cl_int status = m.properties.size() % 2 == 0 ? CL_SUCCESS : CL_INVALID_VALUE;
  const std::shared_ptr<Context>* context = nullptr;
  const std::shared_ptr<Device>* device = nullptr;
  if (status == CL_SUCCESS) context = contexts.Find(m.context, status);
  if (context != nullptr) device = devices.Find(m.device, status);
  if (device != nullptr) {
    queue->context = *context;
    queue->device = *device;
    const uint64_t bits = QueueBits(m.properties);
    queue->in_order = (bits & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) == 0;
    queue->profiling = (bits & CL_QUEUE_PROFILING_ENABLE) != 0;
    queue->native = Owned<cl_command_queue>(
        api(), MakeQueue(api(), (*context)->native.get(), (*device)->native, m.properties, status));
  }
  const bool learns_clock =
      status == CL_SUCCESS && queue->profiling && QueueBits(m.properties) < CL_QUEUE_ON_DEVICE;
  if (status == CL_SUCCESS) NoteQueue(queue);
  Keep(queues, m.queue, status, queue);
  if (learns_clock) LearnClock(queue);
}

// Nobody waits for an answer: the frontend has checked what natively may be wrong.
void Channel::On(const wire::SetDefaultDeviceQueue& m) {
  const std::shared_ptr<Context>* context = contexts.Find(m.context);
  const std::shared_ptr<Device>* device = devices.Find(m.device);
  const std::shared_ptr<Queue>* queue = queues.Find(m.queue);
  cl_int status = CL_INVALID_VALUE;
  if (context != nullptr && device != nullptr && queue != nullptr &&
      api().SetDefaultDeviceCommandQueue != nullptr) {
    status = api().SetDefaultDeviceCommandQueue((*context)->native.get(), (*device)->native,
                                                (*queue)->native.get());
  }
  if (status != CL_SUCCESS) Log().warn("the default device queue was not set (error {})", status);
}

// Transfers that are no native commands need times in the device's clock.
void Channel::LearnClock(const std::shared_ptr<Queue>& queue) {
  const int64_t before = DeviceClock::HostNow();
  OwnedEvent event;
  cl_int status = CL_SUCCESS;
  const uint64_t sequence = EnqueueOwn(*this, queue, {}, &event, status, [&](const NativeArgs& to) {
    return api().EnqueueMarkerWithWaitList(to.queue, to.count, to.list, to.event);
  });
  if (sequence == 0) return;
  const auto shared = std::make_shared<OwnedEvent>(event.Share());
  Track(std::move(event), queue, sequence, [this, queue, shared, before](cl_int) {
    queue->device->clock.Observe(before, NativeTimes(queue.get(), shared->get())[3], DeviceClock::HostNow());
  });
}

void Channel::On(const wire::CreateSubDevices& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Device>* parent = devices.Find(m.parent, status);
  std::vector<cl_device_id> natives(m.ids.size());
  std::vector<FactList> lists;
  std::vector<wire::DeviceFacts> facts;
  cl_uint count = 0;
  if (parent != nullptr) {
    std::vector<cl_device_partition_property> properties(m.properties.begin(), m.properties.end());
    properties.push_back(0);
    status = api().CreateSubDevices((*parent)->native, properties.data(),
                                    static_cast<cl_uint>(natives.size()), natives.data(), &count);
  }
  if (status == CL_SUCCESS) {
    const std::shared_ptr<Device> shared_parent = *parent;
    for (cl_uint i = 0; i < count && i < natives.size(); ++i) {
      lists.push_back(DeviceFactList(api(), natives[i]));
      devices.Insert(m.ids[i], MakeDevice(api(), natives[i], m.ids[i], shared_parent));
    }
    for (const FactList& list : lists) facts.push_back({list.facts()});
  }
  Send(wire::SubDevicesCreated{m.request, status, facts});
}

void Channel::On(const wire::Release& m) {
  if (m.kind == wire::ObjectKind::kEvent && !launches_.empty())
    return ReleaseEventLater(EventId::Unpack(m.id));
  IssueLaunches();
  switch (m.kind) {
    case wire::ObjectKind::kDevice: {
      const std::shared_ptr<Device>* device = devices.Find(DeviceId::Unpack(m.id));
      // Root devices live as long as the server.
      if (device != nullptr && (*device)->parent != nullptr) devices.Take(DeviceId::Unpack(m.id));
      return;
    }
    case wire::ObjectKind::kContext:
      contexts.Take(ContextId::Unpack(m.id));
      return;
    case wire::ObjectKind::kQueue:
      queues.Take(QueueId::Unpack(m.id));
      return;
    case wire::ObjectKind::kMem:
      mems.Take(MemId::Unpack(m.id));
      return;
    case wire::ObjectKind::kSampler:
      samplers.Take(SamplerId::Unpack(m.id));
      return;
    case wire::ObjectKind::kProgram:
      programs.Take(ProgramId::Unpack(m.id));
      return;
    case wire::ObjectKind::kKernel:
      kernels.Take(KernelId::Unpack(m.id));
      return;
    case wire::ObjectKind::kEvent:
      ReleaseEvent(EventId::Unpack(m.id));
      return;
    case wire::ObjectKind::kCommandBuffer:
      command_buffers.Take(CommandBufferId::Unpack(m.id));
      return;
  }
  Log().debug("release of an object of unknown kind {}", static_cast<int>(m.kind));
}

}  // namespace clopencl::rankserver
