// What the ids of one channel name: a native handle and what the server has to know about it. All of it
// belongs to the event loop.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/wire/messages/event.h"
#include "rankserver/device_clock.h"
#include "rankserver/native_handle.h"
#include "rankserver/open_ends.h"

namespace clopencl::rankserver {

class Mapping;
class StagingPool;
class Transfer;
struct Queue;
struct Tracked;

struct Device {
  const NativeApi* api = nullptr;
  cl_device_id native = nullptr;
  DeviceId id;
  std::shared_ptr<Device> parent;  // Set for sub-devices, which are ours to release.
  cl_device_type type = 0;
  bool unified = false;  // Shares its memory with the host: data is moved by mapping.
  DeviceClock clock;

  ~Device();
};

// `parent`: of a sub-device, else null.
std::shared_ptr<Device> MakeDevice(const NativeApi& api, cl_device_id native, DeviceId id,
                                   std::shared_ptr<Device> parent);

struct SvmAllocation {
  uint64_t size = 0;
};

// A native buffer that holds no object's contents for longer than a transfer takes.
struct Scratch {
  Owned<cl_mem> buffer;
  uint64_t size = 0;
};

struct Context : std::enable_shared_from_this<Context> {
  const NativeApi* api = nullptr;
  std::vector<std::shared_ptr<Device>> devices;
  Owned<cl_context> native;
  bool spans_servers = false;
  bool unified = false;  // All of its devices are.

  // An in-order queue for transfers of our own. Only commands that nothing can hold back are put on it, so
  // what is on it completes soon. Made on first use; null (and `error`) when that fails.
  std::shared_ptr<Queue> TransferQueue(cl_int& error);
  const Queue* ExistingTransferQueue() const { return transfer_queue_.get(); }
  StagingPool& Staging();

  // A buffer of at least that size for commands of the transfer queue; null (and `error`) when there is no
  // room. Not needed any more, it goes back, and one is kept for the next.
  Scratch TakeScratch(uint64_t size, cl_int& error);
  void ReturnScratch(Scratch scratch);

  std::map<uint64_t, SvmAllocation> svm;  // By address.
  // Whether [address, address + size) lies inside one allocation.
  bool HoldsSvm(uint64_t address, uint64_t size) const;

  Context();
  ~Context();

 private:
  std::shared_ptr<Queue> transfer_queue_;
  std::unique_ptr<StagingPool> staging_;
  Scratch scratch_;
};

// A Finish that was not answered yet.
struct FinishWaiter {
  uint32_t request = 0;
  uint64_t sequence = 0;       // The last native command before it.
  uint64_t last_transfer = 0;  // The last transfer before it.
};

struct Queue {
  const uint64_t serial = NextSerial();  // Never used again, other than an address.
  std::shared_ptr<Context> context;
  std::shared_ptr<Device> device;
  Owned<cl_command_queue> native;
  bool in_order = true;
  bool profiling = false;
  bool internal = false;  // A context's transfer queue: its transfers do not depend on one another.

  // Native commands are numbered 1, 2, …; those up to known_done are known to be complete.
  uint64_t issued = 0;
  uint64_t known_done = 0;
  OpenEnds ends;  // Out-of-order queues only.
  // The event of a late native command (in-order queues only), to find out how far the device is.
  OwnedEvent last_event;
  uint64_t last_sequence = 0;

  // Native events that somebody waits for, by sequence.
  std::deque<std::shared_ptr<Tracked>> tracked;
  size_t tracked_known = 0;  // In-order queues: how many of these are known to be complete.
  bool polled = false;       // The channel looks for the end of the first of these.
  // Transfers in their order that are not over. They are numbered 1, 2, ….
  std::deque<std::shared_ptr<Transfer>> open;
  uint64_t transfers_started = 0;
  // In-order queues: those up to this number are over before any native command that is still to come begins,
  // because one in the queue waits for them, and for nothing that could make it fail sooner. Saves each
  // command a look at all that are open.
  uint64_t transfers_ordered = 0;
  size_t transfers_blocked = 0;  // Open ones that wait for others to be out of their way.
  std::deque<FinishWaiter> finish_waiters;

  cl_int error = CL_SUCCESS;  // The first of a command without an event since the last Finish.
  bool refused = false;       // The native runtime refused that command, and no read has failed for it yet.
  bool needs_flush = false;
  bool settling = false;
  bool settle_again = false;

  static uint64_t NextSerial();
  bool OrdersTransfers() const { return in_order && !internal; }
  bool NativeQuiet() const { return issued == known_done; }
  // A command that has no event, or whose event was reported before, failed.
  void KeepError(cl_int status) {
    if (error == CL_SUCCESS) error = status;
  }
  cl_int TakeError() {
    refused = false;
    return std::exchange(error, CL_SUCCESS);
  }
  // A native command was enqueued, with this event, or null, and this wait list. Its number.
  uint64_t Issued(const OwnedEvent& event, std::span<const cl_event> waits);
};

// A native event that all commands on an object have to wait for, unless they are in the queue that it is of.
struct Fence {
  OwnedEvent event;
  uint64_t queue = 0;  // Its serial; 0: of no queue.
};

enum class Access { kReads, kWrites };

// The last native use of a memory object in a queue, of those that only read and of the others.
struct LastUse {
  std::weak_ptr<Queue> queue;
  Access access = Access::kWrites;
  OwnedEvent event;
};

struct ImageShape {
  size_t element_size = 0;
  uint32_t type = 0;
  std::array<size_t, 3> extent{};  // Of the whole image, as a region.
};

struct Mem {
  std::shared_ptr<Context> context;
  // The object whose memory this one is part of (sub-buffers, images of buffers); null: its own.
  std::shared_ptr<Mem> parent;
  Owned<cl_mem> native;
  uint64_t size = 0;         // Buffers: bytes. Images: packed bytes of the whole image.
  uint64_t root_offset = 0;  // Of a buffer in its root.
  bool is_buffer = false;
  ImageShape image;
  cl_int error = CL_SUCCESS;  // Filling it with its contents failed; commands on it fail.

  // --- of roots only
  std::shared_ptr<Mapping> mapping;
  std::vector<Fence> fences;
  std::vector<Transfer*> open;  // Transfers on it that are not over.
  std::vector<LastUse> last_uses;
  uint64_t native_uses = 0;    // Counts native commands on it.
  uint64_t native_writes = 0;  // Those of them that may write.
  Access last_native = Access::kWrites;
  uint64_t host_uses = 0;  // Transfers since the last of these.

  Mem* Root() { return parent != nullptr ? parent->Root() : this; }
  ~Mem();
};

struct Sampler {
  std::shared_ptr<Context> context;
  Owned<cl_sampler> native;
};

struct Forward {
  uint32_t rank = 0;
  uint16_t channel = 0;
};

// Who wants to hear of an event.
struct EventWatch {
  uint8_t mask = 0;
  uint8_t sent = 0;
  bool reported = false;
  std::vector<Forward> forwards;
};

struct Event {
  OwnedEvent native;                 // May be null once the status is final.
  cl_int status = CL_QUEUED;         // CL_COMPLETE or an error is final; else look at `native` or `transfer`.
  std::shared_ptr<Context> context;  // Of user events and failed commands.
  std::shared_ptr<Queue> queue;
  uint64_t sequence = 0;
  std::shared_ptr<Transfer> transfer;
  std::shared_ptr<EventWatch> watch;
  wire::ProfilingTimes times{};
  bool user = false;

  bool Final() const { return status <= CL_COMPLETE; }
};

// A native event whose completion is handed to `done` in the event loop, in in-order queues in the order of
// their commands.
struct Tracked {
  OwnedEvent event;
  std::shared_ptr<Queue> queue;  // Null for events of no queue.
  uint64_t sequence = 0;
  cl_int status = CL_QUEUED;
  bool settled = false;
  // In an out-of-order queue: once complete, all commands up to `sequence` are.
  bool comes_last = false;
  std::function<void(cl_int status)> done;
  int64_t first_since_ns = 0;  // Of in-order queues: when it was first seen to be the next to complete.
  // The native callback came, or nobody waits for it any more. Null while none was asked for.
  std::shared_ptr<std::atomic_flag> told;

  bool ProvesAll() const { return comes_last && status == CL_COMPLETE; }
};

struct ParkedMessage;

struct Program;

// How a program was compiled.
struct Compilation {
  std::vector<cl_device_id> devices;
  bool all_devices = false;  // They were not named.
  std::string options;       // The program's.
  std::vector<std::shared_ptr<Program>> headers;
  std::vector<std::string> header_names;
};

struct Program {
  std::shared_ptr<Context> context;
  Owned<cl_program> native;  // Null when there is an error, or while a worker makes it.
  std::vector<std::shared_ptr<Device>> devices;
  bool wants_arg_info = false;  // Its compiler has to be asked for that.
  // Of an object whose compiler was asked and knew how.
  std::shared_ptr<const Compilation> with_arg_info;
  bool long_names = false;  // See HasLongName().
  cl_int error = CL_SUCCESS;
  cl_int constant_error = CL_SUCCESS;  // Of a specialisation constant; the next build tells.
  bool busy = false;                   // A worker is at it.
  std::deque<std::shared_ptr<ParkedMessage>> parked;
};

struct KernelArgument {
  MemId mem;
  Access access = Access::kWrites;   // Of mem.                         // Null: a null memory object, or no
                                     // memory object at all.
  std::shared_ptr<Sampler> sampler;  // Kept while it is set.
  cl_int error = CL_SUCCESS;         // Setting it failed; launches fail until it is set anew.
};

struct Kernel {
  std::shared_ptr<Program> program;
  Owned<cl_kernel> native;  // Null when there is an error, or while the program is being built.
  cl_int error = CL_SUCCESS;
  std::vector<KernelArgument> args;
};

struct CommandBuffer {
  std::shared_ptr<Queue> queue;
  Owned<cl_command_buffer_khr> native;
  cl_int error = CL_SUCCESS;  // The first of its recordings; enqueues fail with it.
  // Of its commands in their order; what they number themselves.
  std::vector<cl_sync_point_khr> sync_points;
  // What its commands use.
  std::vector<std::shared_ptr<Mem>> mems;
  std::vector<std::shared_ptr<Kernel>> kernels;
};

}  // namespace clopencl::rankserver
