// One channel: a native platform served to the frontend, with its own id space.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/wire/packet.h"
#include "rankserver/environment.h"
#include "rankserver/object_table.h"
#include "rankserver/objects.h"
#include "rankserver/offer.h"
#include "rankserver/transfers/request.h"
#include "rankserver/waiting_launches.h"

namespace clopencl::rankserver {

class Enqueue;
class ProgramJob;
struct NativeArgs;
struct ProgramDevice;

// Handles the messages of its channel and sends the answers, one packet a pass. Belongs to the event loop;
// nothing in it blocks, except Teardown().
class Channel {
 public:
  Channel(Environment& environment, uint16_t number, OfferedPlatform platform);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Sends the ServerReady. `error`: there is nothing to offer, because.
  void Announce(uint32_t channel_count, const std::string& error);

  // A packet with a good header for this channel, of rank 0 or another server.
  void OnPacket(transport::Rank from, std::span<const std::byte> packet);

  // Looks whether native commands are complete that somebody waits for. True when one was.
  bool PollNatives();
  // Whether there may be such commands that are not complete.
  bool AwaitsNatives() const { return !polled_queues_.empty() || !polled_.empty() || !long_polled_.empty(); }

  // Whether a native callback comes for each of them that nobody else has to look for, and comes promptly.
  bool NativesTell() const;

  // The end of a pass of the event loop: native queues that got commands are flushed, answers sent.
  void EndPass();

  // The frontend said Shutdown, or the channel failed.
  bool ended() const { return ended_; }
  // Whether no command, transfer or build is under way.
  bool Quiet();
  // The queues that are not quiet, for whoever looks for what a job waits for.
  std::string Describe();
  // Sends ServerFailed; the channel takes nothing in any more.
  void FailChannel(const std::string& text);
  // Messages that wait for a worker never run, and workers get nothing more to do.
  void StopJobs();
  // Nothing may be sent any more.
  bool stopping() const { return stopping_; }
  // Releases everything. `wait`: ends commands that were held back by user events and waits for those that
  // run.
  void Teardown(bool wait);

#define CLOPENCL_HANDLER(Message) void On(const wire::Message& m);
  CLOPENCL_HANDLER(Configure)
  CLOPENCL_HANDLER(MeetNeighbours)
  CLOPENCL_HANDLER(Shutdown)
  CLOPENCL_HANDLER(CreateContext)
  CLOPENCL_HANDLER(CreateQueue)
  CLOPENCL_HANDLER(CreateBuffer)
  CLOPENCL_HANDLER(CreateSubBuffer)
  CLOPENCL_HANDLER(CreateImage)
  CLOPENCL_HANDLER(CreatePipe)
  CLOPENCL_HANDLER(CreateSampler)
  CLOPENCL_HANDLER(Release)
  CLOPENCL_HANDLER(UploadContents)
  CLOPENCL_HANDLER(CreateSubDevices)
  CLOPENCL_HANDLER(QueryInfo)
  CLOPENCL_HANDLER(SvmAllocate)
  CLOPENCL_HANDLER(SvmFree)
  CLOPENCL_HANDLER(CreateProgramWithSource)
  CLOPENCL_HANDLER(CreateProgramWithIl)
  CLOPENCL_HANDLER(CreateProgramWithBuiltInKernels)
  CLOPENCL_HANDLER(CreateProgramWithBinary)
  CLOPENCL_HANDLER(SetSpecializationConstant)
  CLOPENCL_HANDLER(BuildProgram)
  CLOPENCL_HANDLER(CompileProgram)
  CLOPENCL_HANDLER(LinkProgram)
  CLOPENCL_HANDLER(GetProgramBinaries)
  CLOPENCL_HANDLER(UnloadCompiler)
  CLOPENCL_HANDLER(CreateKernel)
  CLOPENCL_HANDLER(ReadBuffer)
  CLOPENCL_HANDLER(WriteBuffer)
  CLOPENCL_HANDLER(ReadBufferRect)
  CLOPENCL_HANDLER(WriteBufferRect)
  CLOPENCL_HANDLER(CopyBufferRect)
  CLOPENCL_HANDLER(CopyBuffer)
  CLOPENCL_HANDLER(FillBuffer)
  CLOPENCL_HANDLER(ReadImage)
  CLOPENCL_HANDLER(WriteImage)
  CLOPENCL_HANDLER(CopyImage)
  CLOPENCL_HANDLER(FillImage)
  CLOPENCL_HANDLER(CopyImageToBuffer)
  CLOPENCL_HANDLER(CopyBufferToImage)
  CLOPENCL_HANDLER(MigrateMemObjects)
  CLOPENCL_HANDLER(Marker)
  CLOPENCL_HANDLER(Barrier)
  CLOPENCL_HANDLER(LaunchKernel)
  CLOPENCL_HANDLER(SvmRead)
  CLOPENCL_HANDLER(SvmWrite)
  CLOPENCL_HANDLER(SvmCopy)
  CLOPENCL_HANDLER(SvmFill)
  CLOPENCL_HANDLER(SvmMigrate)
  CLOPENCL_HANDLER(Flush)
  CLOPENCL_HANDLER(Finish)
  CLOPENCL_HANDLER(SendContents)
  CLOPENCL_HANDLER(ReceiveContents)
  CLOPENCL_HANDLER(CreateUserEvent)
  CLOPENCL_HANDLER(SetEventStatus)
  CLOPENCL_HANDLER(WatchEvent)
  CLOPENCL_HANDLER(ForwardEvent)
  CLOPENCL_HANDLER(QueryEvent)
  CLOPENCL_HANDLER(ReadClock)
  CLOPENCL_HANDLER(FetchTrace)
  CLOPENCL_HANDLER(CreateCommandBuffer)
  CLOPENCL_HANDLER(RecordCopyBuffer)
  CLOPENCL_HANDLER(RecordCopyBufferRect)
  CLOPENCL_HANDLER(RecordFillBuffer)
  CLOPENCL_HANDLER(RecordCopyImage)
  CLOPENCL_HANDLER(RecordFillImage)
  CLOPENCL_HANDLER(RecordCopyImageToBuffer)
  CLOPENCL_HANDLER(RecordCopyBufferToImage)
  CLOPENCL_HANDLER(RecordMarker)
  CLOPENCL_HANDLER(RecordBarrier)
  CLOPENCL_HANDLER(RecordLaunchKernel)
  CLOPENCL_HANDLER(FinalizeCommandBuffer)
  CLOPENCL_HANDLER(EnqueueCommandBuffer)
  CLOPENCL_HANDLER(SetDefaultDeviceQueue)
#undef CLOPENCL_HANDLER

  // --- for handlers and transfers

  const NativeApi& api() const { return platform_.api; }
  Environment& environment() { return environment_; }

  template <typename Message>
  void Send(const Message& message) {
    builder_.Add(message);
  }

  // Calls `done` in the event loop when the event is complete: in an in-order queue after those of all
  // earlier commands of the queue. `queue` may be null.
  std::shared_ptr<Tracked> Track(OwnedEvent event, std::shared_ptr<Queue> queue, uint64_t sequence,
                                 std::function<void(cl_int status)> done);
  // `queue` got a native command.
  void NeedsFlush(const std::shared_ptr<Queue>& queue);
  // Runs what the state of the queue allows: reports, transfers that waited, Finish answers.
  void Settle(const std::shared_ptr<Queue>& queue);
  // Looks whether the commands that the queue got are complete, without waiting.
  bool CheckQuiet(Queue& queue);

  // The event's command is over. Tells those who asked (`watch`, or null: whoever the event knows), and with
  // `data` (of a read with tag 0) the frontend in any case. The id may have been released.
  void CompleteEvent(EventId id, std::shared_ptr<EventWatch> watch, cl_int status,
                     const wire::ProfilingTimes& times, const wire::ByteView* data = nullptr);
  void SendStatuses(EventWatch& watch, EventId id, cl_int reached);
  // The command did not even start: its event fails, or its queue keeps the error. `reads_inline`: the
  // frontend waits for its data in any case.
  void FailCommand(const wire::Command& command, cl_int error, bool reads_inline = false);
  wire::ProfilingTimes NativeTimes(const Queue* queue, cl_event event) const;
  // Sets the status of a native user event. When it fails, what waits for it fails with it, and not every
  // native runtime tells.
  void SetNativeStatus(cl_event event, cl_int status);
  // Whether the event is over; asks the native runtime when that is cheaper than waiting to be told.
  bool CheckFinal(Event& event);

  // Kernel output that there is goes out before what follows.
  void SendOutput(bool all);

  // Gives an event its id. What had the index before counts as released.
  void InsertEvent(EventId id, Event event);

  // Once made: what is under way in queues has an end also where no table holds them, being released,
  // replaced by another of the same id, or a context's own.
  void NoteQueue(const std::shared_ptr<Queue>& queue);

  // Gone with the channel: for callbacks that may come later.
  std::weak_ptr<Channel*> alive() const { return alive_; }

  // Enqueues the launches that wait for others to be enqueued with.
  void IssueLaunches() {
    if (!launches_.empty()) IssueWaitingLaunches();
  }

  // The next message of this packet is no further command, so the command at hand is worth an event:
  // something will soon want to know how far its queue is.
  bool at_tail() const { return at_tail_; }

  ObjectTable<std::shared_ptr<Device>, DeviceKind> devices{CL_INVALID_DEVICE};
  ObjectTable<std::shared_ptr<Context>, ContextKind> contexts{CL_INVALID_CONTEXT};
  ObjectTable<std::shared_ptr<Queue>, QueueKind> queues{CL_INVALID_COMMAND_QUEUE};
  ObjectTable<std::shared_ptr<Mem>, MemKind> mems{CL_INVALID_MEM_OBJECT};
  ObjectTable<std::shared_ptr<Sampler>, SamplerKind> samplers{CL_INVALID_SAMPLER};
  ObjectTable<std::shared_ptr<Program>, ProgramKind> programs{CL_INVALID_PROGRAM};
  ObjectTable<std::shared_ptr<Kernel>, KernelKind> kernels{CL_INVALID_KERNEL};
  ObjectTable<Event, EventKind> events{CL_INVALID_EVENT};
  ObjectTable<std::shared_ptr<CommandBuffer>, CommandBufferKind> command_buffers{
      CL_INVALID_COMMAND_BUFFER_KHR};

 private:
  // False where the packet is malformed.
  bool DispatchAll(std::span<const std::byte> packet);
  bool DispatchEach(std::span<const std::byte> packet);

  // Of polling.cc.
  bool PollFirst(Queue& queue);
  bool PollQueues();
  bool PollLong();
  void AwaitCallback(const std::shared_ptr<Tracked>& tracked);
  std::vector<std::shared_ptr<Queue>> QueuesInUse();
  void DropCommands();

  // Of tracking.cc.
  bool EndCommandsOnce();
  void OnNativeComplete(const std::shared_ptr<Tracked>& tracked, cl_int status);
  void SettleTracked(const std::shared_ptr<Queue>& queue);
  void NoteRefusal(Queue& queue, cl_int error);
  void LookForFailed();
  void FindFailed();
  void AnswerFinishes(Queue& queue);
  void WatchStatus(const std::shared_ptr<EventWatch>& watch, EventId id, cl_event event, cl_int status);
  std::shared_ptr<EventWatch> EnsureWatch(EventId id, Event& event);
  void ForwardStatus(EventId id, const Forward& to, cl_int status);

  void RememberEarlyStatus(EventId id, cl_int status);
  void ReleaseEvent(EventId id);

  // Of handlers/context.cc.
  void LearnClock(const std::shared_ptr<Queue>& queue);

  // Of handlers/enqueue.cc and launch.cc.
  cl_int TrackAll(const std::shared_ptr<Queue>& queue, std::span<const OwnedEvent> ends);
  template <typename Function>
  void RunMarker(Enqueue& command, bool waits_for_all, Function function);
  bool FillsLate(Enqueue& command, Mem& image);
  cl_int SetArgument(Kernel& kernel, const wire::KernelArg& arg);
  cl_int SetExecInfo(Kernel& kernel, const wire::KernelExecInfo& info);
  const std::shared_ptr<Kernel>* PrepareKernel(const wire::LaunchKernel& m, cl_int& error);
  cl_int EnqueueLaunch(const Launch& launch, const NativeArgs& to);

  // Of waiting_launches.cc.
  bool FindWaits(std::span<const EventId> list, std::span<const LaunchWait>& waits) {
    return list.empty() || FindSomeWaits(list, waits);
  }
  bool FindSomeWaits(std::span<const EventId> list, std::span<const LaunchWait>& waits);
  cl_int IssueLaunch(Launch& launch);
  void IssueWaitingLaunches();
  void FinishLaunch(const Launch& launch, bool last_of_queue);
  void ReleaseEventLater(EventId id);

  // Of handlers/command_buffer.cc.
  class Recording;
  template <typename What, typename Function>
  void RecordCommand(const wire::Record<What>& m, std::initializer_list<MemId> uses, Function function);

  // Of handlers/transfer.cc and svm.cc.
  struct Move;
  template <typename Check>
  std::optional<TransferRequest> PrepareMove(Enqueue& command, const Move& move, Check check);
  void StartMove(Enqueue& command, const std::shared_ptr<Transfer>& transfer, const Move& move);
  bool MoveAtOnce(Enqueue& command, Mem& mem, const Move& move, uint64_t offset);
  void MoveBuffer(const Move& move, uint64_t offset);
  template <typename Message, typename Function>
  void MoveRect(const Message& m, Move move, Function function);
  template <typename Message>
  void MoveImage(const Message& m, const Move& move);
  struct Contents;
  void MoveContents(const Contents& contents);
  std::shared_ptr<Transfer> MakeContentsTransfer(const Contents& contents, TransferRequest request);
  std::vector<OwnedEvent> EarlierUses(Mem& mem, Access access);
  bool IsPeer(uint32_t rank, uint32_t tag);
  void MoveSvm(const wire::Command& wire_command, uint64_t address, uint64_t size, Direction direction,
               uint32_t tag, wire::ByteView data);

  // Of program_jobs.h and handlers/program.cc.
  template <typename Message, typename Run>
  void WhenFree(std::vector<std::shared_ptr<Program>> needs, const Message& message, Run run);
  void Park(std::vector<std::shared_ptr<Program>> needs, std::function<void()> run);
  void RunParked(std::vector<std::shared_ptr<Program>> freed);
  void DropParked(std::vector<std::shared_ptr<Program>> of);
  void StartJob(std::unique_ptr<ProgramJob> job);
  void FinishJob(ProgramJob& job);
  cl_int FindDevices(std::span<const DeviceId> ids, std::vector<std::shared_ptr<Device>>& found);
  cl_int FindPrograms(std::span<const ProgramId> ids, std::vector<std::shared_ptr<Program>>& found);
  cl_int BuildDevices(std::span<const DeviceId> ids, const Program& program,
                      std::vector<ProgramDevice>& chosen);

  // Creation: keeps the object, or the error with which its creation failed.
  template <typename Table, typename IdType, typename Object>
  void Keep(Table& table, IdType id, cl_int status, std::shared_ptr<Object> object) {
    if (status == CL_SUCCESS) {
      table.Insert(id, std::move(object));
    } else {
      table.InsertError(id, status);
    }
  }

  Environment& environment_;
  const uint16_t number_;
  OfferedPlatform platform_;
  wire::PacketBuilder builder_;
  wire::Arena arena_;
  std::vector<Launch> launches_;        // That wait for others to be enqueued with.
  std::vector<EventId> late_releases_;  // Of events that these may name.
  std::vector<std::shared_ptr<Queue>> to_flush_;
  // User events that the frontend released before those who complete them have done so; commands wait for
  // them.
  std::unordered_multimap<EventId, Event> released_user_events_;
  std::unordered_map<EventId, cl_int> early_statuses_;  // Of events that the frontend did not name yet.
  std::deque<EventId> early_order_;
  std::shared_ptr<Channel*> alive_ = std::make_shared<Channel*>(this);  // For callbacks that come late.
  struct Polled {
    std::shared_ptr<Tracked> tracked;
    int64_t since_ns = 0;
  };
  std::deque<std::shared_ptr<Queue>> polled_queues_;  // In-order ones that have tracked events.
  // Tracked events of other queues, or none.
  std::deque<Polled> polled_;                         // What Track() was called for lately.
  std::deque<std::shared_ptr<Tracked>> long_polled_;  // What takes longer.
  // Those of processors come from the thread that is done; a GPU's driver may take its time.
  bool callbacks_are_prompt_ = true;
  size_t next_long_polled_ = 0;                     // Where to go on looking at it.
  std::vector<std::weak_ptr<Queue>> noted_queues_;  // See NoteQueue().
  uint64_t consumed_ = 0;                           // Bytes of packets from the frontend.
  uint64_t acknowledged_ = 0;                       // What of it the frontend was told.
  uint32_t jobs_ = 0;                               // Builds under way.
  bool at_tail_ = true;
  bool ended_ = false;
  bool failed_ = false;
  bool stopping_ = false;                         // See StopJobs().
  bool failures_seen_ = false;                    // A native event failed: see SetNativeStatus().
  bool looking_for_failed_ = false;               // FindFailed() is to run.
  std::vector<std::weak_ptr<Tracked>> unqueued_;  // Tracked events of no queue; some may be gone.
  size_t unqueued_limit_ = 64;                    // From which on those that are gone are dropped.
  struct Migration {
    std::vector<cl_mem> natives;
    std::vector<std::shared_ptr<Mem>> objects;
  };
  std::deque<std::shared_ptr<Migration>> migrations_;        // The last.
  std::deque<std::shared_ptr<Migration>> ended_migrations_;  // The last few, with their objects.
};

}  // namespace clopencl::rankserver
