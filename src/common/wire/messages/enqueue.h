// Commands. All are posted. A command whose native enqueue fails completes its event with the error; without
// an event the error stays with the queue and comes back with the next Finish of it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/ids.h"
#include "common/wire/codec.h"

namespace clopencl::wire {

struct Command {
  QueueId queue;
  EventId event;  // Null: nobody holds one.
  std::span<const EventId> wait_list;
};

// Where the data of a read goes. tag 0: as the `data` of the EventCompleted of this command (which then
// always has an event). Otherwise as a payload with that tag, of exactly the announced size whatever happens:
// a read that fails sends zeros, and the event says that it failed.
struct Destination {
  uint32_t payload_tag = 0;
};
// Where the data of a write comes from: `data` when the tag is 0, else a payload.
struct Source {
  uint32_t payload_tag = 0;
  ByteView data;
};

struct ReadBuffer {
  Command command;
  MemId mem;
  uint64_t offset = 0;
  uint64_t size = 0;
  Destination to;
};
struct WriteBuffer {
  Command command;
  MemId mem;
  uint64_t offset = 0;
  uint64_t size = 0;
  Source from;
  // A blocking write whose end nobody waits for: whatever uses the object from now on comes after it, in other
  // queues, too. An event of it is complete as soon as the frontend's memory is not needed any more and the
  // write is enqueued; its failure is then the queue's.
  bool blocking = false;
};

// The host side of rectangles and images is always tightly packed on the wire.
// pitches: row, slice of the buffer.
struct ReadBufferRect {
  Command command;
  MemId mem;
  std::array<uint64_t, 3> origin{};
  std::array<uint64_t, 3> region{};
  std::array<uint64_t, 2> pitches{};
  Destination to;
};
struct WriteBufferRect {
  Command command;
  MemId mem;
  std::array<uint64_t, 3> origin{};
  std::array<uint64_t, 3> region{};
  std::array<uint64_t, 2> pitches{};
  Source from;
  bool blocking = false;  // As of WriteBuffer.
};
struct CopyBufferRect {
  Command command;
  MemId source;
  MemId destination;
  std::array<uint64_t, 3> source_origin{};
  std::array<uint64_t, 3> destination_origin{};
  std::array<uint64_t, 3> region{};
  std::array<uint64_t, 2> source_pitches{};
  std::array<uint64_t, 2> destination_pitches{};
};
struct CopyBuffer {
  Command command;
  MemId source;
  MemId destination;
  uint64_t source_offset = 0;
  uint64_t destination_offset = 0;
  uint64_t size = 0;
};
struct FillBuffer {
  Command command;
  MemId mem;
  ByteView pattern;
  uint64_t offset = 0;
  uint64_t size = 0;
};

// `size` is the packed size in bytes of the region.
struct ReadImage {
  Command command;
  MemId mem;
  std::array<uint64_t, 3> origin{};
  std::array<uint64_t, 3> region{};
  uint64_t size = 0;
  Destination to;
};
struct WriteImage {
  Command command;
  MemId mem;
  std::array<uint64_t, 3> origin{};
  std::array<uint64_t, 3> region{};
  uint64_t size = 0;
  Source from;
};
struct CopyImage {
  Command command;
  MemId source;
  MemId destination;
  std::array<uint64_t, 3> source_origin{};
  std::array<uint64_t, 3> destination_origin{};
  std::array<uint64_t, 3> region{};
};
struct FillImage {
  Command command;
  MemId mem;
  std::array<uint32_t, 4>
      color{};  // As four floats, ints or unsigned, whichever the format takes; 64 bits for depth too.
  std::array<uint64_t, 3> origin{};
  std::array<uint64_t, 3> region{};
};
struct CopyImageToBuffer {
  Command command;
  MemId source;
  MemId destination;
  std::array<uint64_t, 3> origin{};
  std::array<uint64_t, 3> region{};
  uint64_t offset = 0;
};
struct CopyBufferToImage {
  Command command;
  MemId source;
  MemId destination;
  uint64_t offset = 0;
  std::array<uint64_t, 3> origin{};
  std::array<uint64_t, 3> region{};
};
struct MigrateMemObjects {
  Command command;
  std::span<const MemId> mems;
  uint64_t flags = 0;
};

// Native markers and barriers with wait lists (an empty list waits for all earlier commands of the queue).
struct Marker {
  Command command;
};
struct Barrier {
  Command command;
};

enum class ArgKind : uint8_t {
  kValue = 1,   // bytes
  kLocal,       // word: size in bytes
  kMem,         // word: MemId::Pack(), 0: a null memory object
  kMemRead,     // word: MemId::Pack(), of an object that the kernel only reads
  kSampler,     // word: SamplerId::Pack()
  kQueue,       // word: QueueId::Pack()
  kSvmPointer,  // word: the address
};
struct KernelArg {
  uint32_t index = 0;
  ArgKind kind{};
  uint64_t word = 0;
  ByteView bytes;
};

struct KernelExecInfo {
  uint32_t param = 0;
  ByteView value;
};

// One to three dimensions, as many as `global` has; the others have as many or are empty. offset empty:
// zeros. local empty: left to the device. args: only those that changed since the last launch of this kernel
// on this channel. exec_info: (token, value) pairs that changed, for clSetKernelExecInfo.
struct LaunchKernel {
  Command command;
  KernelId kernel;
  std::span<const uint64_t> offset;
  std::span<const uint64_t> global;
  std::span<const uint64_t> local;
  std::span<const KernelArg> args;
  std::span<const KernelExecInfo> exec_info;
};
// --- coarse-grained SVM: addresses are names of native allocations, possibly with an offset into them
// -------------

// Data to and from the frontend's shadow (map, unmap, memcpy with host memory).
struct SvmRead {
  Command command;
  uint64_t address = 0;
  uint64_t size = 0;
  Destination to;
};
struct SvmWrite {
  Command command;
  uint64_t address = 0;
  uint64_t size = 0;
  Source from;
};
struct SvmCopy {
  Command command;
  uint64_t destination = 0;
  uint64_t source = 0;
  uint64_t size = 0;
};
struct SvmFill {
  Command command;
  uint64_t address = 0;
  ByteView pattern;
  uint64_t size = 0;
};
struct SvmMigrate {
  Command command;
  std::span<const uint64_t> addresses;
  std::span<const uint64_t> sizes;
  uint64_t flags = 0;
};
// Completes after the wait list; the frontend then calls the application's callback or sends SvmFree.
// (clEnqueueSVMFree is a Marker for the server.)

// --- queues
// -------------------------------------------------------------------------------------------------------

struct Flush {
  QueueId queue;
};
// Reply: QueueFinished, once every earlier command of the queue is complete. status: the first error since
// the last Finish of a command without an event, else CL_SUCCESS.
struct Finish {
  uint32_t request = 0;
  QueueId queue;
};
struct QueueFinished {
  uint32_t request = 0;
  int32_t status = 0;
};

// --- contents between servers of one context
// ------------------------------------------------------------------------

// Sends the contents of a range (images: the whole image packed, offset 0) to a peer as a payload, after the
// commands received so far that used the object. Later commands that use the object here wait for the
// transfer. `rows` above 1: of so many ranges of that size whose beginnings are `pitch` apart, packed.
struct SendContents {
  MemId mem;
  uint64_t offset = 0;
  uint64_t size = 0;
  uint32_t peer_rank = 0;
  uint32_t payload_tag = 0;
  uint64_t rows = 1;
  uint64_t pitch = 0;
};
// The other end: receives into the object after the commands received so far that used it; later ones wait
// for it.
struct ReceiveContents {
  MemId mem;
  uint64_t offset = 0;
  uint64_t size = 0;
  uint32_t peer_rank = 0;
  uint32_t payload_tag = 0;
  uint64_t rows = 1;
  uint64_t pitch = 0;
};

// From the receiving server: the tag of a ReceiveContents or UploadContents is free again.
struct ContentsMoved {
  uint32_t payload_tag = 0;
};

}  // namespace clopencl::wire
