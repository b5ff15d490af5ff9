// Command buffers (cl_khr_command_buffer).
//
// A command buffer has a queue of its own that no server knows. What is enqueued there passes all the checks
// of an ordinary command, and PendingCommand then hands it over to be recorded on the server instead of run.
#pragma once

#include <CL/cl_ext.h>

#include <mutex>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/wire/messages/command_buffer.h"
#include "frontend/core/event.h"
#include "frontend/core/kernel.h"
#include "frontend/core/mem.h"
#include "frontend/core/queue.h"

namespace clopencl::frontend {

class PendingCommand;

class CommandBuffer : public ObjectOf<CommandBuffer, cl_command_buffer_khr, ObjectTag::kCommandBuffer> {
 public:
  CommandBuffer(Queue& queue, cl_command_buffer_flags_khr flags,
                std::vector<cl_command_buffer_properties_khr> given);
  ~CommandBuffer();

  CommandBufferId id() const { return id_; }
  Queue& queue() const { return *queue_; }
  Context& context() const { return queue_->context(); }
  const std::vector<cl_command_buffer_properties_khr>& given() const { return given_; }

  // Recording: one thread at a time, who holds this. The commands that come through recorder() wait for those
  // that `sync_points` number.
  std::mutex& recording_mutex() { return recording_mutex_; }
  Queue& recorder() const { return *recorder_; }
  // A kernel that one of the commands runs.
  void Keep(Ref<Kernel> kernel) { kernels_.push_back(std::move(kernel)); }
  void BeginCommand(std::span<const cl_sync_point_khr> sync_points) { sync_points_ = sync_points; }
  cl_uint commands() const { return commands_; }
  bool finalized() const { return finalized_; }
  void Finalize();

  // From PendingCommand, under the command mutex.
  void EnsureKnown();
  void Use(Mem& mem, const Rows& parts, bool reads, bool writes);
  template <typename Message>
  void Record(const Message& message) {
    if constexpr (wire::kIsServerMessage<wire::Record<Message>>) {
      queue_->session().Post(wire::Record<Message>{id_, sync_points_, message});
      ++commands_;
    } else {
      Fail(CL_INVALID_OPERATION);
    }
  }

  // Before an enqueue: everything that its commands use, in their order. Under the command mutex.
  void AccessAll(PendingCommand& command) const;

  // Whether an enqueue is not over; asks the server when it isn't known. No locks held.
  bool Pending();
  bool simultaneous() const { return (flags_ & CL_COMMAND_BUFFER_SIMULTANEOUS_USE_KHR) != 0; }
  void AddEnqueued(const Ref<Event>& event);

 private:
  struct MemUse {
    Ref<Mem> mem;
    Rows parts;
    bool reads;
    bool writes;
  };

  const Ref<Queue> queue_;
  const Ref<Queue> recorder_;
  const cl_command_buffer_flags_khr flags_;
  const std::vector<cl_command_buffer_properties_khr> given_;
  CommandBufferId id_;

  std::mutex recording_mutex_;
  std::span<const cl_sync_point_khr> sync_points_;
  cl_uint commands_ = 0;
  std::vector<Ref<Kernel>> kernels_;
  std::atomic<bool> finalized_{false};

  // Under the command mutex.
  bool known_ = false;
  std::vector<MemUse> uses_;

  std::mutex enqueued_mutex_;
  std::vector<Ref<Event>> enqueued_;
};

}  // namespace clopencl::frontend
