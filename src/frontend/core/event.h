// Events: of commands, which complete on a server, and user events, which complete here.
//
// A server reports the completion of an event only when asked (Watch); a queue with profiling asks for all of
// its events, others when somebody waits, adds a callback or queries the status. An event of a transfer also
// has local parts: it is complete when the server says so and the data has arrived here.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "common/ids.h"
#include "common/wire/messages/event.h"
#include "frontend/core/mem.h"
#include "frontend/core/queue.h"
#include "frontend/object.h"
#include "frontend/session_set.h"

namespace clopencl::frontend {

struct HeldCommand;

class Event : public ObjectOf<Event, cl_event, ObjectTag::kEvent> {
 public:
  // A user event.
  explicit Event(Context& context);
  // Of a command; under the command mutex.
  Event(Queue& queue, cl_command_type type);
  ~Event();

  // The event behind an id, when it is alive. No command mutex held.
  static Ref<Event> FindAlive(EventId id);
  // Those that wait for something from this server. Under the command mutex.
  static std::vector<Ref<Event>> OutstandingOn(const Session& session);

  EventId id() const { return id_; }
  Context& context() const { return *context_; }
  Queue* queue() const { return queue_.get(); }
  Session* home() const { return home_; }  // Null for user events.
  cl_command_type type() const { return type_; }
  void set_type(cl_command_type type) { type_ = type; }
  bool is_user() const { return home_ == nullptr; }

  // CL_COMPLETE or an error once complete, otherwise the last status heard of.
  cl_int status() const { return status_.load(std::memory_order_acquire); }
  bool complete() const { return status() <= CL_COMPLETE; }
  // The status natively: asks the server when it isn't known. No locks held.
  cl_int CurrentStatus();
  // All 0 when the native runtime has none. Asks the server when they aren't known. No locks held.
  wire::ProfilingTimes Times();

  // The command is held back (held.h), until LetGo(): what is asked of the server has to wait, too. Under the
  // command mutex.
  void HoldBack(std::shared_ptr<HeldCommand> command) { held_ = std::move(command); }
  void LetGo();
  // The user events that are not set for which it waits, itself included, are added. Under the command mutex.
  void AddUnset(std::vector<Ref<Event>>& unset);
  // It failed, or will, because something that it waits for failed. Under the command mutex.
  bool doomed() const { return doomed_ || failure_.load(std::memory_order_relaxed) < 0; }
  void Doom() { doomed_ = true; }

  // Asks the server to report (bits of wire::kWatch*). Under the command mutex.
  void Watch(uint8_t mask);

  // The server will report completion by itself. Under the command mutex, before the command is sent.
  void ExpectReport();

  // Whether something besides the server's report is missing.
  bool HasLocalParts() const { return parts_.load() > (server_done_.load() ? 0 : 1); }
  // One more thing that has to happen here before the event is complete, and that it happened. PartDone runs
  // under the transport mutex.
  void AddPart() { parts_.fetch_add(1, std::memory_order_relaxed); }
  void PartDone(cl_int status);
  // Runs when everything is done, before anybody learns of it (under the transport mutex), with the final
  // status.
  // Actions run in the order in which they were added. Under the command mutex.
  void OnComplete(std::function<void(cl_int)> action) { on_complete_.push_back(std::move(action)); }
  // Runs when the server reports, while local parts are still missing (under the transport mutex).
  void OnServerDone(std::function<void()> action) { on_server_done_ = std::move(action); }
  // Takes the data of a read that rides in the completion.
  void OnData(std::function<void(wire::ByteView)> action) { on_data_ = std::move(action); }
  // `dependent` is not complete before this transfer is. Under the command mutex.
  void AddDependent(Ref<Event> dependent);

  // clSetEventCallback. No locks held.
  void AddCallback(cl_int at_status, std::function<void(cl_int)> callback);
  // clSetUserEventStatus; false when it was set before. No locks held.
  bool SetUserStatus(cl_int status);

  // Makes the event known to `session`, so that commands there can wait for it: nothing to do at home;
  // elsewhere a user event there that is completed by the home server or by us. False: complete without
  // error, leave it out, unless `even_complete`. Under the command mutex.
  bool EnsureOn(Session& session, bool even_complete = false);

  // From the server, under the transport mutex.
  void ServerCompleted(const wire::EventCompleted& message);
  void StatusChanged(cl_int status);
  void ServerLost() { Fail(CL_DEVICE_NOT_AVAILABLE); }
  // The server will never report. Under the transport mutex.
  void Fail(cl_int status) { ServerPart(status, {}); }

 private:
  struct Callback {
    cl_int at_status;
    std::function<void(cl_int)> function;
  };

  void ServerPart(cl_int status, const wire::ProfilingTimes& times);
  void Complete(cl_int status);
  // Callbacks due at `status`, handed to the callback thread. Under state_mutex_.
  void FireCallbacks(cl_int status);

  const Ref<Context> context_;
  const Ref<Queue> queue_;
  Session* const home_;
  cl_command_type type_;
  EventId id_;

  std::atomic<cl_int> status_;
  // What must happen before completion: the server's report (1) and local parts.
  std::atomic<int> parts_{1};
  std::atomic<bool> server_done_{false};
  std::atomic<cl_int> failure_{CL_COMPLETE};
  wire::ProfilingTimes times_{};  // Written before status_ becomes final.

  // Under the command mutex.
  uint8_t watched_ = 0;
  uint8_t watch_later_ = 0;  // Bits to ask for once it is let go.
  bool doomed_ = false;
  std::shared_ptr<HeldCommand> held_;
  SessionSet imported_;
  std::vector<Ref<Event>> dependents_;
  bool dependents_released_ = false;

  std::mutex state_mutex_;
  std::vector<Callback> callbacks_;
  std::vector<std::function<void(cl_int)>> on_complete_;
  std::function<void()> on_server_done_;
  std::function<void(wire::ByteView)> on_data_;
};

}  // namespace clopencl::frontend
