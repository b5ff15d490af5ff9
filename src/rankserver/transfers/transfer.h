// Moving data between memory objects and other ranks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rankserver/command.h"
#include "rankserver/transfers/request.h"
#include "rankserver/transfers/staging_pool.h"

namespace clopencl::rankserver {

// One such movement, which is a command of its queue though it is not one native command. A transfer is open
// from Start() until it is over. Its place in the queue holds: it begins after the commands before it, and a
// native command that comes after it waits for one of its events. Those events are made only when something
// has to wait, so a transfer in an idle queue costs no native command at all.
//
// Owned by its queue while open. Belongs to the event loop.
class Transfer : public std::enable_shared_from_this<Transfer> {
 public:
  using Request = TransferRequest;

  Transfer(Channel& channel, Request request);
  virtual ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // `waits`: the native events that the command waits for. Internal transfers wait for `uses` first.
  void Start(const WaitList& waits, std::vector<OwnedEvent> uses = {});

  // The transfer announces a payload, but its command can't be: sends zeros or takes the data in, then
  // reports.
  void StartFailed(cl_int error);

  // Complete once the transfer is over, whatever came of it: for commands that only have to come later. Null
  // when native order is enough for commands of `queue`.
  virtual cl_event OrderEvent(const Queue* queue);
  // Complete once the transfer is over, failed if it failed: for commands that name its event.
  virtual cl_event ResultEvent();

  // Lets the native commands go that wait for it, at the end of the channel.
  void ReleaseWaiters();

  // Something before it in the queue is over.
  void OnQueueMoved();

  // For whoever looks for what a job waits for.
  std::string Describe() const;

  const Request& request() const { return request_; }
  uint64_t number() const { return number_; }
  bool over() const { return over_; }
  cl_int status() const { return status_; }
  const wire::ProfilingTimes& times() const { return times_; }
  // The execution status as CL_EVENT_COMMAND_EXECUTION_STATUS has it.
  cl_int ExecutionStatus() const { return over_ ? status_ : moving_ ? CL_RUNNING : CL_SUBMITTED; }

  // The data of a write with tag 0; call it before Start().
  void SetInlineData(wire::ByteView data) { inline_data_.assign(data.begin(), data.end()); }

  void set_watch(std::shared_ptr<EventWatch> watch) { watch_ = std::move(watch); }

  // The queue reports its transfers in their order: this one's turn.
  void Report();

 protected:
  // Begins; called from Start() after `uses`. The wait list is the transfer's to obey.
  virtual void Begin(const WaitList& waits) = 0;

  // Data starts to move.
  void Moving();
  // A write's data is all here, and its native commands are enqueued. Who blocks for it is told, if there is
  // nothing else under way in the queue; so our memory is never full of writes that nobody waits for. Should it
  // fail, the queue has the error.
  void Accepted();
  // It is over.
  void Finish(cl_int status);
  // The payload still has to travel, with zeros or into nowhere; then Finish(status).
  void GiveUp(cl_int status) { GiveUp(status, request_.size); }
  // The same for the last `size` bytes of it.
  void GiveUp(cl_int status, uint64_t size);

  // Or the next piece of it. The memory must stay until `done`. With tag 0: from and into inline_data_, at
  // once.
  void SendPayload(std::span<const std::byte> data, std::function<void(bool ok)> done);
  void ReceivePayload(std::span<std::byte> into, std::function<void(bool ok)> done);

  // Calls `ready` once the native commands before it in the queue and the wait list are over; gives up when
  // they failed. Earlier transfers need not be over.
  void AwaitTurn(const WaitList& waits, std::function<void()> ready);
  // The same, then waits until no earlier transfer is in its way, too.
  void AwaitClearWay(const WaitList& waits, std::function<void()> ready);
  // Adds what a native command that stands for this transfer in its queue has to wait for.
  void OrderAfterEarlier(WaitList& waits);
  // After it was enqueued: it waits for nothing else.
  void EarlierAreOrdered();

  Channel& channel_;
  const Request request_;

  OwnedEvent MakeUserEvent();
  // Of a native command that is all of the transfer, or (`goes_on`) its first part: the end is that of
  // Finish.
  void set_times(const wire::ProfilingTimes& times, bool goes_on) {
    times_ = times;
    if (!goes_on) return;
    earliest_end_ = times[3];
    times_[3] = times_[4] = 0;
  }

 private:
  void Open();
  // Transfers of an in-order queue may move data at the same time, unless the order would show in the data.
  bool BehindAnother() const;
  uint64_t EnqueueMarker(const WaitList& waits, OwnedEvent* event, cl_int& status);
  transport::Done KeepAlive(std::function<void(bool ok)> done);
  transport::Done Traced(bool receives, size_t size, transport::Done done);

  uint64_t number_ = 0;
  bool over_ = false;
  bool began_ = false;
  bool moving_ = false;
  bool reported_ = false;
  bool accepted_ = false;  // And reported for that.
  cl_int status_ = CL_QUEUED;
  wire::ProfilingTimes times_{};
  uint64_t earliest_end_ = 0;  // The end of a native command that is part of it.
  std::shared_ptr<EventWatch> watch_;
  ByteBuffer inline_data_;
  OwnedEvent order_event_;
  OwnedEvent result_event_;
  std::function<void()> when_clear_;  // Its turn has come, but for transfers in its way. Else null.
  size_t uses_left_ = 0;
};

// Stands for a command that failed before it began, whose payload travels all the same: see StartFailed().
class FailedTransfer final : public Transfer {
 public:
  using Transfer::Transfer;

 private:
  void Begin(const WaitList&) override { GiveUp(CL_OUT_OF_RESOURCES); }
};

// Through memory of ours: the native command copies between it and the object. For rectangles, images, SVM,
// small pieces of buffers, and devices whose memory can't be mapped. The function enqueues that native
// command without blocking.
using StagedCommand = std::function<cl_int(const NativeArgs& args, void* staging)>;
std::shared_ptr<Transfer> MakeStagedTransfer(Channel& channel, Transfer::Request request,
                                             StagedCommand command);

// A command that moves no payload, whose native command is enqueued once it can run: for natives that don't
// return before. The function enqueues it.
using NativeCommand = std::function<cl_int(const NativeArgs& args)>;
std::shared_ptr<Transfer> MakeLateCommand(Channel& channel, Transfer::Request request, NativeCommand command);

// Straight from or into the mapped memory of a buffer of a device that shares its memory with the host.
std::shared_ptr<Transfer> MakeMappedTransfer(Channel& channel, Transfer::Request request, uint64_t offset);

// A region of an image, in elements, as native commands have it.
struct ImageRegion {
  std::array<size_t, 3> origin{};
  std::array<size_t, 3> region{};
};

// In chunks through pinned memory, so that network and bus overlap.
std::shared_ptr<Transfer> MakeChunkedTransfer(Channel& channel, Transfer::Request request, uint64_t offset);
std::shared_ptr<Transfer> MakeChunkedTransfer(Channel& channel, Transfer::Request request,
                                              const ImageRegion& part);

// The best of these for a region of an image. `quiet`: its queue and wait list are known to be done.
// `command` is for the case that it is staged.
std::shared_ptr<Transfer> MakeImageTransfer(Channel& channel, Transfer::Request request,
                                            const ImageRegion& part, bool quiet, StagedCommand command);

// The best of these for a range of a buffer. `quiet`: its queue and wait list are known to be done.
std::shared_ptr<Transfer> MakeBufferTransfer(Channel& channel, Transfer::Request request, uint64_t offset,
                                             bool quiet);

}  // namespace clopencl::rankserver
