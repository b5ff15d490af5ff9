// The one runtime of the process: sessions, platforms, locks, progress.
//
// Locks, in the order in which they may be taken:
//   transport mutex   whoever holds it may use the transport; held while packets are handled
//   command mutex     ids, message builders, residency, the order of commands; held for short, never while
//   waiting;
//                     recursive, because dropping the last reference to an object posts its release
// Whoever waits (WaitUntil) drives the transport itself, the last that came of several; a background thread
// does so only while something is outstanding and nobody waits.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/backoff.h"
#include "common/config.h"
#include "common/progress_signal.h"
#include "common/shared_signal.h"
#include "common/transport/transport.h"
#include "frontend/callbacks.h"
#include "frontend/error.h"
#include "frontend/id_table.h"
#include "frontend/move_load.h"
#include "frontend/observe/observer.h"
#include "frontend/payload_tags.h"
#include "frontend/session.h"

namespace clopencl::frontend {

class Event;
class Mem;
class Platform;

struct IdTables {
  IdTable<DeviceKind, void> devices;  // Of sub-devices only; their indices start above those of root devices.
  IdTable<ContextKind, void> contexts;
  IdTable<QueueKind, void> queues;
  IdTable<MemKind, Mem> mems;
  IdTable<SamplerKind, void> samplers;
  IdTable<ProgramKind, void> programs;
  IdTable<KernelKind, void> kernels;
  IdTable<EventKind, Event> events;
  IdTable<CommandBufferKind, void> command_buffers;
};

class Runtime : public transport::PacketHandler {
 public:
  // Joins the servers: waits for the greetings of all of them, builds the platforms. Fails (false, reported
  // on stderr) when a server can't be used. Called once.
  explicit Runtime(std::unique_ptr<transport::Transport> transport);
  ~Runtime() override = default;
  bool Greet();

  // The runtime this process uses; null before it joined. Never destroyed.
  static Runtime* Instance() { return instance_.load(std::memory_order_acquire); }
  static void SetInstance(Runtime* runtime) { instance_.store(runtime, std::memory_order_release); }

  // Tells the servers to go and leaves the job. Idempotent. Later calls of the application fail or do
  // nothing.
  void Close();
  bool closed() const { return closed_.load(std::memory_order_acquire); }

  const std::vector<std::unique_ptr<Session>>& sessions() const { return sessions_; }
  const std::vector<std::unique_ptr<Platform>>& platforms() const { return platforms_; }

  std::recursive_mutex& command_mutex() { return command_mutex_; }
  std::mutex& transport_mutex() { return transport_mutex_; }
  transport::Transport& transport() { return *transport_; }  // Under the transport mutex.
  IdTables& ids() { return ids_; }                           // Under the command mutex.
  PayloadTags& payload_tags() { return payload_tags_; }      // Thread-safe.
  MoveLoad& move_load() { return move_load_; }
  const std::string& host() const { return host_; }  // Of the machine that the program runs on.
  CallbackThread& callbacks() { return callbacks_; }
  const Config& config() const { return config_; }

  // Something is under way that needs progress even if nobody waits: a watched event, a transfer, a callback.
  // The background thread learns of it from Posted() or FlushAll(), or at the end of a wait: who waits needs
  // no other thread, which would take a core from it.
  void AddOutstanding() { outstanding_.fetch_add(1, std::memory_order_relaxed); }
  void RemoveOutstanding() { outstanding_.fetch_sub(1, std::memory_order_relaxed); }

  // After posting to a session, without locks held: sends what is due (full batches, or a link that was
  // quiet), else leaves it to whoever comes next and makes sure that somebody does.
  void Posted(const Session& session);
  // Sends everything posted so far to all servers. No locks held.
  void FlushAll();
  // The same with the transport mutex held.
  void FlushAllLocked();

  // Returns when done() is true (looked at between steps of progress), driving the transport. `whom`: the
  // server that is waited for, if it is one; `what`: for an answer of it, or for what devices do. No locks
  // held.
  template <typename Done>
  void WaitUntil(Done&& done, const Session* whom = nullptr, Awaited what = Awaited::kAnswer) {
    if (done()) return;
    waits_.fetch_add(1, std::memory_order_relaxed);
    Waiter waiter(*this, whom, what);
    while (!done()) waiter.Step();
  }
  // How often a thread had to wait so far: the round trips of the application.
  uint64_t waits() const { return waits_.load(std::memory_order_relaxed); }
  // One step of progress if nobody else is at it. No locks held.
  void Poll();
  // Something that a thread may wait for happened.
  void NoteProgress();

  // Before taking the command mutex for a command to `session`: waits while its window is full.
  void AwaitWindow(Session& session) {
    if (!session.WindowOpen()) [[unlikely]]
      WaitUntil([&] { return session.WindowOpen() || session.failed(); }, &session);
  }

  // Posts a called request and waits for its reply, which on_reply takes in (under the transport mutex).
  // Fails with CL_DEVICE_NOT_AVAILABLE when the server is gone. No locks held.
  template <typename Reply, typename Message, typename OnReply>
  void CallAndWait(Session& session, const Message& message, OnReply&& on_reply,
                   Awaited what = Awaited::kAnswer) {
    std::atomic<int> state{0};
    {
      std::lock_guard lock(command_mutex_);
      session.Call<Reply>(message, std::function<void(const Reply*)>([&](const Reply* reply) {
                            if (reply != nullptr) on_reply(*reply);
                            state.store(reply != nullptr ? 1 : 2, std::memory_order_release);
                          }));
    }
    WaitUntil([&] { return state.load(std::memory_order_acquire) != 0; }, &session, what);
    Require(state.load() == 1, CL_DEVICE_NOT_AVAILABLE);
  }

  void OnPacket(transport::Rank from, std::span<const std::byte> packet) override;
  void OnQuit(transport::Rank from) override;
  void OnPeerLost(transport::Rank peer) override;

 private:
  // A thread that waits.
  class Waiter {
   public:
    Waiter(Runtime& runtime, const Session* whom, Awaited what);
    ~Waiter();
    void Step();

   private:
    void Lead();
    void Follow();

    Runtime& runtime_;
    const Session* const whom_;
    const Awaited what_;
    const int64_t begin_ns_;  // 0: nobody observes.
    Backoff backoff_;
    uint32_t seen_;  // Of progress(), before the last look at what is waited for.
  };

  bool ProgressLocked();
  // What the transport waits for.
  void NoteTransport();
  // How a thread that waits for this server (null: for any) learns that something came.
  Told HowTold(const Session* whom) const;
  // From now on the ranks of this machine set off each other's signals when they send to each other.
  void ExchangeSignals();
  // Whether something needs progress and nobody waits, who would see to it: the background thread does.
  bool LeftToBackground() const;
  // Wakes who has to see to it, should he sleep: the background thread, or who waits.
  void LeaveOutstanding();
  void RingBackground();
  bool AnyUnsent() const;
  void RunBackground();
  bool ProgressInBackground();
  void SleepInBackground(uint32_t seen);
  void SleepOutstanding(Backoff& backoff);
  bool GreetingsComplete() const;
  bool BuildPlatforms();
  Session* AddSession(transport::Rank peer, uint16_t channel);
  Session* FindSession(transport::Rank peer, uint16_t channel);

  static std::atomic<Runtime*> instance_;

  const Config& config_;
  const std::unique_ptr<transport::Transport> transport_;
  std::mutex transport_mutex_;
  std::recursive_mutex command_mutex_;
  IdTables ids_;
  PayloadTags payload_tags_;
  MoveLoad move_load_;
  const std::string host_;
  std::vector<std::unique_ptr<Session>> sessions_;  // Grows while greeting only.
  std::vector<std::vector<Session*>> by_rank_;      // By rank and channel.
  std::vector<std::unique_ptr<Platform>> platforms_;
  CallbackThread callbacks_;

  std::unique_ptr<Observer> observer_;  // Null: nobody observes.
  std::atomic<bool> closing_{false};
  std::atomic<bool> closed_{false};
  std::atomic<int64_t> outstanding_{0};
  // As the transport said last: what was sent needs progress to arrive.
  std::atomic<bool> transport_pending_{false};
  std::atomic<int> waiters_{0};
  // That something was sent to this rank, or else happened that a thread waits for.
  const std::shared_ptr<SharedSignal> signal_ = SharedSignal::Create();
  size_t neighbours_ = 0;                     // Servers that were asked to set it off.
  bool only_neighbours_ = false;              // There are no others.
  std::atomic<bool> neighbours_tell_{false};  // They do, and nothing else is to be looked for.
  // One of them drives the transport: the last that came, since its wait is likely the shortest and its
  // commands may not be sent yet. The others are woken when it got on. Only compared.
  std::atomic<Waiter*> leader_{nullptr};
  ProgressSignal progress_;
  std::atomic<uint64_t> waits_{0};
  std::atomic<int64_t> last_flush_ns_{0};
  ProgressSignal background_signal_;  // For the background thread.
  // The background thread looks again soon without being rung for.
  std::atomic<bool> background_attends_{true};
  std::thread background_;
};

// The runtime, in functions that only run once it exists.
inline Runtime& TheRuntime() { return *Runtime::Instance(); }

}  // namespace clopencl::frontend
