#include "frontend/runtime.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "common/log.h"
#include "frontend/core/device.h"
#include "frontend/core/event.h"
#include "frontend/core/platform.h"

namespace clopencl::frontend {
namespace {

// After so many times flush_us without a packet, the background thread sends what was posted and left behind.
constexpr int64_t kLeftBehindFlushes = 2;
// Between looks for such, when those before found that the program sends by itself.
constexpr int64_t kLongestNapNs = 1'000'000;
// After so long without a packet it sleeps until it is rung for, which costs who rings a system call.
constexpr int64_t kAttentionNs = 10'000'000;
// A thread that waits while another drives the transport looks for itself after so long.
constexpr std::chrono::milliseconds kFollowersSleep{5};

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// This thread handles what arrived, and tells others when it is done with it.
thread_local bool makes_progress = false;

// Of the machine that the program runs on.
std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

std::atomic<Runtime*> Runtime::instance_{nullptr};

Runtime::Runtime(std::unique_ptr<transport::Transport> transport)
    : config_(GetConfig()), transport_(std::move(transport)), host_(HostName()) {
  if (config_.stats || !config_.trace_file.empty()) {
    observer_ = std::make_unique<Observer>(config_.stats, config_.trace_file);
    Observer::SetInstance(observer_.get());
    dispatch_table = &kObservedDispatchTable;
  }
  by_rank_.resize(static_cast<size_t>(transport_->size()));
  for (int rank = 0; rank < transport_->size(); ++rank)
    if (rank != transport_->rank()) AddSession(rank, 0);
}

bool Runtime::Greet() {
  WaitUntil([this] { return GreetingsComplete(); });
  bool usable = true;
  for (const auto& session : sessions_) {
    if (session->failed()) usable = false;
    if (!session->error().empty()) {
      Log().error("{} offers no device: {}", session->Describe(), session->error());
      usable = false;
    }
  }
  if (!usable || !BuildPlatforms()) return false;
  // Sub-devices take ids above those that servers gave their root devices.
  size_t root_devices = 0;
  for (const auto& session : sessions_) root_devices = std::max(root_devices, session->device_facts().size());
  for (size_t i = 0; i < root_devices; ++i) ids_.devices.Insert(this);
  {
    std::lock_guard lock(command_mutex_);
    for (const auto& session : sessions_)
      session->Post(wire::Configure{config_.chunk_bytes, config_.inline_bytes,
                                    observer_ != nullptr && observer_->traces()});
  }
  ExchangeSignals();
  FlushAll();
  if (observer_ != nullptr) observer_->ReadClocks();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);  // Signals belong to the application's threads.
  background_ = std::thread([this] { RunBackground(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return true;
}

void Runtime::ExchangeSignals() {
  std::lock_guard transport_lock(transport_mutex_);
  std::lock_guard lock(command_mutex_);
  std::vector<Session*> near;
  std::vector<wire::Neighbour> all{{static_cast<uint32_t>(transport_->rank()), signal_->address()}};
  for (const auto& session : sessions_) {
    if (session->channel() != 0 || !session->is_on_this_machine()) continue;
    near.push_back(session.get());
    all.push_back({static_cast<uint32_t>(session->peer()), session->signal()});
  }
  for (Session* session : near) {
    if (auto signal = SharedSignal::Open(session->signal())) {
      transport_->SetSignal(session->peer(), std::move(signal));
    } else {
      Log().debug("the signal of {} can't be reached: it has to look for what comes", session->Describe());
    }
    std::vector<wire::Neighbour> others = all;
    std::erase_if(others, [&](const wire::Neighbour& neighbour) {
      return neighbour.rank == static_cast<uint32_t>(session->peer());
    });
    session->Post(wire::MeetNeighbours{others});
  }
  neighbours_ = near.size();
  only_neighbours_ = static_cast<int>(neighbours_) + 1 == transport_->size();
}

Told Runtime::HowTold(const Session* whom) const {
  if (!neighbours_tell_.load(std::memory_order_relaxed)) return Told::kByLooks;
  if (only_neighbours_) return Told::kBySignal;
  return whom != nullptr && whom->is_on_this_machine() ? Told::kMostlyBySignal : Told::kByLooks;
}

bool Runtime::GreetingsComplete() const {
  for (const auto& channels : by_rank_) {
    if (channels.empty() || channels.front()->failed()) continue;
    if (!channels.front()->ready() || channels.size() < channels.front()->channel_count()) return false;
    for (const Session* session : channels)
      if (session == nullptr || (!session->ready() && !session->failed())) return false;
  }
  return true;
}

bool Runtime::BuildPlatforms() {
  if (sessions_.size() > kMaxSessions) {
    Log().error("{} native platforms on rank servers; at most {} can be used", sessions_.size(),
                kMaxSessions);
    return false;
  }
  std::map<std::string, Platform*> by_name;
  for (const auto& session : sessions_) {
    const std::string native = FactText(session->platform_facts(), CL_PLATFORM_NAME);
    const std::string name = config_.merge ? "clOpenCL" : native + " (" + session->host() + ")";
    Platform*& platform = by_name[name];
    if (platform == nullptr) {
      platforms_.push_back(std::make_unique<Platform>(name, config_.merge ? host_ : session->host()));
      platform = platforms_.back().get();
    }
    platform->AddSession(*session);
  }
  for (const auto& platform : platforms_) platform->Complete(config_.merge);
  return true;
}

void Runtime::Close() {
  if (closing_.exchange(true)) return;
  if (observer_ != nullptr) observer_->Finish();
  closed_.store(true);
  callbacks_.Stop();
  if (background_.joinable()) {
    RingBackground();
    background_.join();
  }
  // A thread of the application may be inside; it lets go between two steps.
  std::lock_guard lock(transport_mutex_);
  {
    std::lock_guard commands(command_mutex_);
    for (const auto& session : sessions_) session->Post(wire::Shutdown{});
  }
  FlushAllLocked();
  // A server that can't be talked to (of another build, say) still has to go, or MPI would wait for it.
  for (const auto& session : sessions_)
    if (session->failed()) transport_->SendQuit(session->peer());
  transport_->Close();
}

bool Runtime::LeftToBackground() const {
  const bool needed =
      outstanding_.load(std::memory_order_relaxed) > 0 || transport_pending_.load(std::memory_order_relaxed);
  return needed && waiters_.load(std::memory_order_relaxed) == 0;
}

void Runtime::LeaveOutstanding() {
  if (LeftToBackground()) return RingBackground();
  // Who waits may sleep until he is told of something that arrived.
  if (transport_pending_.load(std::memory_order_relaxed)) signal_->signal().Happened();
}

void Runtime::RingBackground() {
  background_signal_.Happened();
  // See SleepOutstanding().
  if (!background_attends_.load()) signal_->signal().Happened();
}

void Runtime::Posted(const Session& session) {
  if (!session.HasUnsent()) return LeaveOutstanding();
  const int64_t quiet_ns = NowNs() - last_flush_ns_.load(std::memory_order_relaxed);
  if (session.unsent_bytes() >= config_.batch_bytes || quiet_ns >= int64_t{config_.flush_us} * 1000)
    return FlushAll();
  LeaveOutstanding();
  // Either SleepInBackground() sees what was posted, or this sees that it sleeps: all of it is in one order.
  if (!background_attends_.load()) RingBackground();
}

void Runtime::FlushAll() {
  {
    std::lock_guard lock(transport_mutex_);
    FlushAllLocked();
  }
  LeaveOutstanding();
}

void Runtime::FlushAllLocked() {
  bool sent = false;
  for (const auto& session : sessions_) {
    if (!session->HasUnsent()) continue;
    session->Send(*transport_);
    sent = true;
  }
  if (!sent) return;
  last_flush_ns_.store(NowNs(), std::memory_order_relaxed);
  NoteTransport();
}

void Runtime::NoteTransport() {
  const bool neighbours_ring = neighbours_ > 0 && signal_->openers() >= neighbours_;
  neighbours_tell_.store(neighbours_ring && transport_->AwaitsArrivals(), std::memory_order_relaxed);
  transport_pending_.store(transport_->HasPending(), std::memory_order_relaxed);
}

bool Runtime::ProgressLocked() {
  FlushAllLocked();
  makes_progress = true;
  const bool happened = transport_->Progress(*this);
  makes_progress = false;
  NoteTransport();
  if (happened) NoteProgress();
  return happened;
}

void Runtime::NoteProgress() {
  if (makes_progress) return;
  progress_.Happened();
  signal_->signal().Happened();
}

void Runtime::Poll() {
  std::unique_lock lock(transport_mutex_, std::try_to_lock);
  if (lock.owns_lock() && !closed()) ProgressLocked();
}

Runtime::Waiter::Waiter(Runtime& runtime, const Session* whom, Awaited what)
    : runtime_(runtime),
      whom_(whom),
      what_(what),
      begin_ns_(Observer::Instance() != nullptr ? NowNs() : 0),
      backoff_(runtime.config_, &runtime.signal_->signal(), whom != nullptr && whom->works_here()),
      seen_(runtime.progress_.count()) {
  runtime_.waiters_.fetch_add(1, std::memory_order_relaxed);
  runtime_.leader_.store(this);
}

Runtime::Waiter::~Waiter() {
  Waiter* leader = this;
  if (runtime_.leader_.compare_exchange_strong(leader, nullptr)) runtime_.progress_.Happened();
  runtime_.waiters_.fetch_sub(1, std::memory_order_relaxed);
  runtime_.LeaveOutstanding();
  if (begin_ns_ != 0) Observer::Instance()->Waited(whom_, begin_ns_);
}

void Runtime::Waiter::Step() {
  if (runtime_.closed()) {
    // The process is ending; nothing this thread waits for will come any more.
    for (;;) pause();
  }
  Waiter* leader = runtime_.leader_.load();
  if (leader == nullptr && runtime_.leader_.compare_exchange_strong(leader, this)) leader = this;
  leader == this ? Lead() : Follow();
}

void Runtime::Waiter::Lead() {
  std::unique_lock lock(runtime_.transport_mutex_, std::try_to_lock);
  if (lock.owns_lock() && !runtime_.closed() && runtime_.ProgressLocked()) {
    backoff_.Reset();
    return;
  }
  if (lock.owns_lock()) lock.unlock();
  backoff_.Pause(what_, runtime_.HowTold(whom_));
}

void Runtime::Waiter::Follow() {
  if (!backoff_.PauseAwake(what_)) runtime_.progress_.WaitForOther(seen_, kFollowersSleep);
  seen_ = runtime_.progress_.count();
}

bool Runtime::AnyUnsent() const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const auto& session) { return session->HasUnsent(); });
}

void Runtime::RunBackground() {
  pthread_setname_np(pthread_self(), "clopencl");
  const int64_t left_behind_ns = kLeftBehindFlushes * int64_t{config_.flush_us} * 1000;
  const int64_t shortest_nap_ns = std::clamp<int64_t>(left_behind_ns, 1000, kLongestNapNs);
  int64_t nap_ns = shortest_nap_ns;
  Backoff backoff(config_, &signal_->signal());
  while (!closed()) {
    const uint32_t seen = background_signal_.count();
    if (LeftToBackground()) {
      if (ProgressInBackground()) backoff.Reset();
      SleepOutstanding(backoff);
      continue;
    }
    backoff.Reset();
    const int64_t quiet_ns = NowNs() - last_flush_ns_.load(std::memory_order_relaxed);
    const bool unsent = AnyUnsent();
    // Somebody who waits sends as often as he looks, which may be rarely.
    if (unsent && quiet_ns >= left_behind_ns) {
      ProgressInBackground();
      nap_ns = shortest_nap_ns;
    } else if (!unsent && quiet_ns >= kAttentionNs) {
      SleepInBackground(seen);
      nap_ns = shortest_nap_ns;
      continue;
    }
    // A thread that goes on posting sends by itself, and would only be held up.
    background_signal_.WaitForOther(seen, std::chrono::nanoseconds(nap_ns));
    nap_ns = std::min(2 * nap_ns, kLongestNapNs);
  }
}

bool Runtime::ProgressInBackground() {
  std::unique_lock lock(transport_mutex_, std::try_to_lock);
  return lock.owns_lock() && !closed() && ProgressLocked();
}

void Runtime::SleepInBackground(uint32_t seen) {
  background_attends_.store(false);
  if (!AnyUnsent()) background_signal_.WaitForOther(seen, std::chrono::seconds(1));
  background_attends_.store(true);
}

// While the program posts, the background thread looks often; else it sleeps until it is told, and the
// program has to tell it, too.
void Runtime::SleepOutstanding(Backoff& backoff) {
  if (NowNs() - last_flush_ns_.load(std::memory_order_relaxed) < kAttentionNs) return backoff.Sleep();
  background_attends_.store(false);
  if (!AnyUnsent()) backoff.Sleep(HowTold(nullptr));
  background_attends_.store(true);
}

void Runtime::OnPacket(transport::Rank from, std::span<const std::byte> packet) {
  wire::PacketHeader header;
  wire::ReadHeader(packet, header);
  if (Session* session = FindSession(from, header.channel)) {
    session->OnPacket(packet);
  } else {
    Log().error("rank {} sent a packet for channel {}, which it has not announced", from, header.channel);
  }
}

Session* Runtime::AddSession(transport::Rank peer, uint16_t channel) {
  auto& channels = by_rank_[static_cast<size_t>(peer)];
  if (channels.size() <= channel) channels.resize(channel + size_t{1});
  sessions_.push_back(std::make_unique<Session>(*this, sessions_.size(), peer, channel));
  return channels[channel] = sessions_.back().get();
}

Session* Runtime::FindSession(transport::Rank peer, uint16_t channel) {
  auto& channels = by_rank_[static_cast<size_t>(peer)];
  if (channel < channels.size() && channels[channel] != nullptr) return channels[channel];
  // A further channel of a server is known from the server's first greeting.
  const bool announced = !channels.empty() && channel < channels.front()->channel_count();
  return announced ? AddSession(peer, channel) : nullptr;
}

void Runtime::OnPeerLost(transport::Rank peer) {
  for (Session* session : by_rank_[static_cast<size_t>(peer)])
    if (session != nullptr) session->FailSession("the rank server is gone");
}

void Runtime::OnQuit(transport::Rank from) {
  Log().warn("rank {} asked the frontend to quit; ignored", from);
}

}  // namespace clopencl::frontend
