#include "rankserver/objects.h"

#include <atomic>
#include <utility>

#include "rankserver/transfers/mapping.h"
#include "rankserver/transfers/staging_pool.h"

namespace clopencl::rankserver {
namespace {

bool SharesHostMemory(const NativeApi& api, cl_device_id device, cl_device_type type) {
  cl_bool unified = CL_FALSE;
  api.GetDeviceInfo(device, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified, nullptr);
  return unified == CL_TRUE || (type & CL_DEVICE_TYPE_CPU) != 0;
}

}  // namespace

std::shared_ptr<Device> MakeDevice(const NativeApi& api, cl_device_id native, DeviceId id,
                                   std::shared_ptr<Device> parent) {
  auto device = std::make_shared<Device>();
  device->api = &api;
  device->native = native;
  device->id = id;
  device->parent = std::move(parent);
  api.GetDeviceInfo(native, CL_DEVICE_TYPE, sizeof device->type, &device->type, nullptr);
  device->unified = SharesHostMemory(api, native, device->type);
  return device;
}

Device::~Device() {
  if (parent != nullptr) api->ReleaseDevice(native);
}

Context::Context() = default;

Context::~Context() {
  for (const auto& [address, allocation] : svm) api->SVMFree(native.get(), reinterpret_cast<void*>(address));
  staging_.reset();
  scratch_ = {};
  transfer_queue_.reset();
}

std::shared_ptr<Queue> Context::TransferQueue(cl_int& error) {
  if (transfer_queue_ != nullptr) return transfer_queue_;
  auto queue = std::make_shared<Queue>();
  // Not shared: the queue is the context's own.
  queue->context = std::shared_ptr<Context>(std::shared_ptr<void>(), this);
  queue->device = devices.front();
  queue->internal = true;
  queue->native =
      Owned<cl_command_queue>(*api, api->CreateCommandQueue(native.get(), queue->device->native, 0, &error));
  if (error != CL_SUCCESS) return nullptr;
  transfer_queue_ = std::move(queue);
  return transfer_queue_;
}

StagingPool& Context::Staging() {
  if (staging_ == nullptr) staging_ = std::make_unique<StagingPool>(*this);
  return *staging_;
}

uint64_t Queue::Issued(const OwnedEvent& event, std::span<const cl_event> waits) {
  if (!in_order) {
    if (NativeQuiet()) ends.Clear();
    ends.Add(event, waits);
  }
  return ++issued;
}

uint64_t Queue::NextSerial() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

Scratch Context::TakeScratch(uint64_t size, cl_int& error) {
  Scratch scratch = std::exchange(scratch_, {});
  if (scratch.size >= size) return scratch;
  error = CL_SUCCESS;
  scratch.buffer =
      Owned<cl_mem>(*api, api->CreateBuffer(native.get(), CL_MEM_READ_WRITE, size, nullptr, &error));
  scratch.size = error == CL_SUCCESS ? size : 0;
  return scratch;
}

void Context::ReturnScratch(Scratch scratch) {
  if (scratch.size > scratch_.size) scratch_ = std::move(scratch);
}

bool Context::HoldsSvm(uint64_t address, uint64_t size) const {
  auto next = svm.upper_bound(address);
  if (next == svm.begin()) return false;
  const auto& [base, allocation] = *--next;
  const uint64_t offset = address - base;
  return offset <= allocation.size && size <= allocation.size - offset;
}

Mem::~Mem() {
  if (mapping == nullptr || !mapping->usable()) return;
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Queue> queue = context->TransferQueue(status);
  if (queue == nullptr) return;
  const NativeApi& api = *context->api;
  api.EnqueueUnmapMemObject(queue->native.get(), native.get(), mapping->base(), 0, nullptr, nullptr);
  api.Flush(queue->native.get());
}

}  // namespace clopencl::rankserver
