// Creation, release and queries of contexts, devices, queues, memory objects and samplers.
//
// A creation is posted. When the native creation fails, the server keeps the error under the id, and every
// later use of the object fails with it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/ids.h"
#include "common/wire/codec.h"
#include "common/wire/messages/session.h"

namespace clopencl::wire {

enum class ObjectKind : uint8_t {
  kDevice = 1,
  kContext,
  kQueue,
  kMem,
  kSampler,
  kProgram,
  kKernel,
  kEvent,
  kCommandBuffer
};

struct CreateContext {
  ContextId context;
  std::span<const DeviceId> devices;
  // The context has devices on other channels, too: contents may be asked for by SendContents, so the server
  // remembers the last commands that used each memory object.
  bool spans_servers = false;
};

// properties: as clCreateCommandQueueWithProperties takes them, without the final 0; empty: none.
struct CreateQueue {
  QueueId queue;
  ContextId context;
  DeviceId device;
  std::span<const uint64_t> properties;
};

// clSetDefaultDeviceCommandQueue.
struct SetDefaultDeviceQueue {
  ContextId context;
  DeviceId device;
  QueueId queue;
};

// flags never hold CL_MEM_USE_HOST_PTR, CL_MEM_COPY_HOST_PTR or host access flags: initial contents follow as
// an UploadContents.
// svm_address: 0, or shared virtual memory of the context that is the buffer's storage.
struct CreateBuffer {
  MemId mem;
  ContextId context;
  uint64_t flags = 0;
  uint64_t size = 0;
  uint64_t svm_address = 0;
};

struct CreateSubBuffer {
  MemId mem;
  MemId parent;
  uint64_t flags = 0;
  uint64_t origin = 0;
  uint64_t size = 0;
};

// format: channel order, channel data type. extent: width, height, depth, array size. pitches: row, slice (0
// unless the image is made from a buffer). parent: the buffer or image it is made from, or null.
struct CreateImage {
  MemId mem;
  ContextId context;
  uint64_t flags = 0;
  std::array<uint32_t, 2> format{};
  uint32_t type = 0;
  std::array<uint64_t, 4> extent{};
  std::array<uint64_t, 2> pitches{};
  std::array<uint32_t, 2> mip_levels_and_samples{};
  MemId parent;
};

struct CreatePipe {
  MemId mem;
  ContextId context;
  uint64_t flags = 0;
  uint32_t packet_size = 0;
  uint32_t max_packets = 0;
};

// properties: as clCreateSamplerWithProperties takes them, without the final 0.
struct CreateSampler {
  SamplerId sampler;
  ContextId context;
  std::span<const uint64_t> properties;
};

// The frontend drops its last reference. Commands in flight keep what they use alive.
struct Release {
  ObjectKind kind{};
  uint64_t id = 0;  // Id::Pack()
};

// Initial contents of a memory object, before any command uses it: `size` bytes at `offset`, in `data` when
// payload_tag is 0, else as a payload. Images: the whole image, tightly packed, offset 0. Later commands on
// the object wait for it.
struct UploadContents {
  MemId mem;
  uint64_t offset = 0;
  uint64_t size = 0;
  uint32_t payload_tag = 0;
  ByteView data;
};

// --- called: each is answered by the reply of the same name with the same request number
// --------------------------

// The server uses the first ids of `ids` for the sub-devices it makes. Reply: SubDevicesCreated.
struct CreateSubDevices {
  uint32_t request = 0;
  DeviceId parent;
  std::span<const int64_t> properties;  // Without the final 0.
  std::span<const DeviceId> ids;
};
struct SubDevicesCreated {
  uint32_t request = 0;
  int32_t status = 0;
  std::span<const DeviceFacts> devices;
};

// Any clGet*Info that was not learnt before. `object` and `device` as the query needs them (device null:
// none).
enum class Query : uint8_t {
  kDeviceInfo = 1,         // object: device
  kMemObjectInfo,          // object: mem
  kImageInfo,              // object: mem
  kKernelInfo,             // object: kernel
  kKernelWorkGroupInfo,    // object: kernel, device
  kKernelSubGroupInfo,     // object: kernel, device, input
  kKernelArgInfo,          // object: kernel, input: the index as uint32_t
  kProgramInfo,            // object: program
  kProgramBuildInfo,       // object: program, device
  kSupportedImageFormats,  // object: context, param: image type, input: flags as uint64_t; value:
                           // cl_image_format[]
  kDeviceAndHostTimer,     // object: device; value: two uint64_t
  kHostTimer,              // object: device; value: uint64_t
  kTraffic,                // value: what the server's rank has sent to each rank, as cl_traffic_clopencl[]
};
struct QueryInfo {
  uint32_t request = 0;
  Query query{};
  uint32_t param = 0;
  uint64_t object = 0;
  DeviceId device;
  ByteView input;
  uint64_t output_size =
      0;  // Of the caller's buffer where the answer depends on it (sub-group info); 0: none given.
};
struct InfoAnswered {
  uint32_t request = 0;
  int32_t status = 0;
  ByteView value;
};

// Coarse-grained SVM: allocated natively; the frontend reserves the same addresses. Reply: SvmAllocated
// (address 0 when it failed). address is its name in all later messages.
struct SvmAllocate {
  uint32_t request = 0;
  ContextId context;
  uint64_t flags = 0;
  uint64_t size = 0;
  uint32_t alignment = 0;
};
struct SvmAllocated {
  uint32_t request = 0;
  uint64_t address = 0;
};
// clSVMFree: at once.
struct SvmFree {
  ContextId context;
  uint64_t address = 0;
};

}  // namespace clopencl::wire
