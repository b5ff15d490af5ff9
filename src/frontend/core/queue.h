// A command queue: lives on the session of its device.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "common/ids.h"
#include "frontend/core/context.h"
#include "frontend/object.h"

namespace clopencl::frontend {

class CommandBuffer;
class Event;

class Queue : public ObjectOf<Queue, cl_command_queue, ObjectTag::kQueue> {
 public:
  // given: the application's property list without the final 0, as CL_QUEUE_PROPERTIES_ARRAY answers it;
  // `listed` when there was a list.
  Queue(Context& context, Device& device, cl_command_queue_properties properties, cl_uint size,
        std::vector<cl_queue_properties> given);
  // The recorder of a command buffer for `like`.
  Queue(const Queue& like, CommandBuffer& recorded_by);
  ~Queue();

  QueueId id() const { return id_; }
  Context& context() const { return *context_; }
  Device& device() const { return *device_; }
  Session& session() const { return device_->session(); }
  cl_command_queue_properties properties() const { return properties_.load(std::memory_order_relaxed); }
  bool in_order() const { return (properties() & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) == 0; }
  bool profiling() const { return (properties() & CL_QUEUE_PROFILING_ENABLE) != 0; }
  bool on_device() const { return (properties() & CL_QUEUE_ON_DEVICE) != 0; }
  cl_uint size() const { return size_; }
  const std::vector<cl_queue_properties>& given() const { return given_; }
  // The command buffer whose recorder this is (command_buffer.h), or null.
  CommandBuffer* recorded_by() const { return recorded_by_; }

  bool known() const { return known_; }  // To the server. Under the command mutex.
  // Makes queue and context known to the server if they aren't. Under the command mutex.
  void EnsureKnown();

  // Transfers between the application's memory and the server that are not complete here, in the order of
  // their enqueue. Under the command mutex.
  std::vector<Ref<Event>>& transfers() { return transfers_; }
  // In an out-of-order queue: the transfers that the last barrier waits for, so every later command does.
  // Under the command mutex.
  std::vector<Ref<Event>>& barrier_transfers() { return barrier_transfers_; }

  // Its commands that are held back (held.h), in the order of their enqueue; of an out-of-order queue also
  // the last barrier, if that is one of them. Under the command mutex.
  std::vector<std::shared_ptr<HeldCommand>>& held() { return held_; }
  std::shared_ptr<HeldCommand>& held_barrier() { return held_barrier_; }

  // Whether kernels may be at work in it: so who waits for a later command of it waits for the device, too. A
  // hint, without a lock.
  bool may_work() const { return may_work_.load(std::memory_order_relaxed); }
  void set_may_work(bool may) { may_work_.store(may, std::memory_order_relaxed); }

  // clFlush, clFinish. No locks held.
  void Flush();
  // Returns the first error of commands without events since the last call, else CL_SUCCESS.
  cl_int Finish();
  // Waits for its commands, as Finish(), then goes on with other properties: under another id, since native
  // queues keep theirs. The application enqueues nothing in it meanwhile.
  cl_int Change(cl_command_queue_properties properties);

 private:
  void ReleaseId();

  const Ref<Context> context_;
  const Ref<Device> device_;
  std::atomic<cl_command_queue_properties> properties_;
  const cl_uint size_;
  const std::vector<cl_queue_properties> given_;
  CommandBuffer* const recorded_by_ = nullptr;
  QueueId id_;  // Under the command mutex.
  bool known_ = false;
  std::atomic<bool> may_work_{false};
  std::vector<Ref<Event>> transfers_;
  std::vector<Ref<Event>> barrier_transfers_;
  std::vector<std::shared_ptr<HeldCommand>> held_;
  std::shared_ptr<HeldCommand> held_barrier_;
};

}  // namespace clopencl::frontend
