#include "frontend/core/event.h"

#include <algorithm>

#include "frontend/core/held.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {

Event::Event(Context& context)
    : context_(Ref(context)), home_(nullptr), type_(CL_COMMAND_USER), status_(CL_SUBMITTED) {
  std::lock_guard lock(TheRuntime().command_mutex());
  id_ = TheRuntime().ids().events.Insert(this);
}

Event::Event(Queue& queue, cl_command_type type)
    : context_(Ref(queue.context())),
      queue_(Ref(queue)),
      home_(&queue.session()),
      type_(type),
      status_(CL_QUEUED) {
  id_ = TheRuntime().ids().events.Insert(this);
}

Event::~Event() {
  Runtime& runtime = TheRuntime();
  std::lock_guard lock(runtime.command_mutex());
  const wire::Release release{wire::ObjectKind::kEvent, id_.Pack()};
  if (home_ != nullptr) home_->Post(release);
  imported_.ForEach([&](size_t session) { runtime.sessions()[session]->Post(release); });
  runtime.ids().events.Erase(id_);
}

Ref<Event> Event::FindAlive(EventId id) {
  Runtime& runtime = TheRuntime();
  std::lock_guard lock(runtime.command_mutex());
  Event* event = runtime.ids().events.Find(id);
  return event != nullptr && event->TryAddReference() ? Ref<Event>::Adopt(event) : nullptr;
}

std::vector<Ref<Event>> Event::OutstandingOn(const Session& session) {
  std::vector<Ref<Event>> events;
  TheRuntime().ids().events.ForEach([&](Event* event) {
    if (event->home_ == &session && !event->complete() && event->TryAddReference())
      events.push_back(Ref<Event>::Adopt(event));
  });
  return events;
}

void Event::LetGo() {
  held_ = nullptr;
  if (watch_later_ != 0) Watch(watch_later_);
}

void Event::AddUnset(std::vector<Ref<Event>>& unset) {
  if (is_user() && !server_done_.load()) unset.emplace_back(*this);
  if (held_ != nullptr) unset.insert(unset.end(), held_->unset.begin(), held_->unset.end());
}

void Event::Watch(uint8_t mask) {
  if (held_ != nullptr) {
    watch_later_ |= mask;
    return;
  }
  const uint8_t added = static_cast<uint8_t>(mask & ~watched_);
  if (added == 0 || home_ == nullptr || server_done_.load(std::memory_order_acquire)) return;
  if ((added & wire::kWatchComplete) != 0) ExpectReport();
  watched_ |= added;
  home_->Post(wire::WatchEvent{id_, added});
}

void Event::ExpectReport() {
  // The event must be here to take the report in, whoever else drops it; ServerPart gives this back.
  AddReference();
  TheRuntime().AddOutstanding();
  watched_ |= wire::kWatchComplete;
}

cl_int Event::CurrentStatus() {
  if (complete() || is_user()) return status();
  Runtime& runtime = TheRuntime();
  {
    std::lock_guard lock(runtime.command_mutex());
    if (held_ != nullptr) return status();
  }
  if (!server_done_.load(std::memory_order_acquire)) {
    cl_int native = CL_QUEUED;
    wire::ProfilingTimes times{};
    runtime.CallAndWait<wire::EventAnswered>(*home_, wire::QueryEvent{0, id_},
                                             [&](const wire::EventAnswered& answer) {
                                               native = answer.status;
                                               times = answer.times;
                                               if (native <= CL_COMPLETE) {
                                                 ServerPart(native, times);
                                               } else {
                                                 StatusChanged(native);
                                               }
                                             });
  }
  // Natively complete, but the data is still on its way here.
  return status();
}

wire::ProfilingTimes Event::Times() {
  if (!complete()) CurrentStatus();
  return complete() ? times_ : wire::ProfilingTimes{};
}

void Event::AddDependent(Ref<Event> dependent) {
  if (dependents_released_) return;
  dependent->AddPart();
  dependents_.push_back(std::move(dependent));
}

void Event::PartDone(cl_int status) {
  if (status < 0) {
    cl_int none = CL_COMPLETE;
    failure_.compare_exchange_strong(none, status);
  }
  if (parts_.fetch_sub(1, std::memory_order_acq_rel) == 1) Complete(failure_.load());
}

void Event::Complete(cl_int status) {
  for (const auto& action : on_complete_) action(status);
  on_complete_.clear();
  on_data_ = nullptr;
  {
    std::lock_guard lock(state_mutex_);
    status_.store(status, std::memory_order_release);
    FireCallbacks(status);
  }
  TheRuntime().NoteProgress();
  std::vector<Ref<Event>> dependents;
  {
    std::lock_guard lock(TheRuntime().command_mutex());
    dependents_released_ = true;
    dependents.swap(dependents_);
    if (queue_)
      std::erase_if(queue_->transfers(), [this](const Ref<Event>& event) { return event.get() == this; });
  }
  for (auto& dependent : dependents) dependent->PartDone(CL_COMPLETE);
}

void Event::ServerPart(cl_int status, const wire::ProfilingTimes& times) {
  if (server_done_.exchange(true)) return;
  times_ = times;
  bool watched;
  {
    std::lock_guard lock(TheRuntime().command_mutex());
    watched = (watched_ & wire::kWatchComplete) != 0;
  }
  if (const auto action = std::move(on_server_done_)) action();
  PartDone(status);
  if (watched) {
    TheRuntime().RemoveOutstanding();
    DropReference();
  }
}

void Event::ServerCompleted(const wire::EventCompleted& message) {
  if (on_data_ && message.status == CL_COMPLETE) on_data_(message.data);
  ServerPart(message.status, message.times);
}

void Event::StatusChanged(cl_int status) {
  std::lock_guard lock(state_mutex_);
  if (status >= this->status()) return;
  if (status <= CL_COMPLETE) return;  // Comes with ServerCompleted.
  status_.store(status, std::memory_order_release);
  FireCallbacks(status);
}

void Event::FireCallbacks(cl_int status) {
  for (auto at = callbacks_.begin(); at != callbacks_.end();) {
    if (at->at_status < status) {
      ++at;
      continue;
    }
    // A callback for an earlier status gets that status; one for completion, or any after a failure, what
    // happened.
    const cl_int told = status < 0 ? status : at->at_status;
    TheRuntime().callbacks().Add(
        [keep = Ref<Event>(this), function = std::move(at->function), told] { function(told); });
    at = callbacks_.erase(at);
  }
}

void Event::AddCallback(cl_int at_status, std::function<void(cl_int)> callback) {
  Runtime& runtime = TheRuntime();
  {
    std::lock_guard lock(state_mutex_);
    callbacks_.push_back({at_status, std::move(callback)});
    FireCallbacks(status());
    if (complete() || is_user()) return;
  }
  {
    std::lock_guard lock(runtime.command_mutex());
    uint8_t mask = wire::kWatchComplete;
    if (at_status == CL_RUNNING) mask |= wire::kWatchRunning;
    if (at_status == CL_SUBMITTED) mask |= wire::kWatchSubmitted;
    Watch(mask);
  }
  runtime.Posted(*home_);
}

bool Event::SetUserStatus(cl_int status) {
  Runtime& runtime = TheRuntime();
  {
    std::lock_guard lock(runtime.command_mutex());
    if (server_done_.exchange(true)) return false;
    failure_.store(status);
    imported_.ForEach([&](size_t session) {
      runtime.sessions()[session]->Post(wire::SetEventStatus{id_, status});
    });
    ReleaseHeld(*context_, *this);
  }
  Complete(status);
  runtime.FlushAll();
  return true;
}

bool Event::EnsureOn(Session& session, bool even_complete) {
  if (status() == CL_COMPLETE && !even_complete) return false;
  if (home_ == &session || imported_.Has(session.index())) return true;
  context_->EnsureOn(session);
  session.Post(wire::CreateUserEvent{id_, context_->id()});
  imported_.Add(session.index());
  if (is_user() || complete()) {
    if (server_done_.load()) session.Post(wire::SetEventStatus{id_, failure_.load()});
  } else {
    // Watched, so that it stays named until the home server has told the other one.
    Watch(wire::kWatchComplete);
    home_->Post(wire::ForwardEvent{id_, static_cast<uint32_t>(session.peer()), session.channel()});
  }
  return true;
}

}  // namespace clopencl::frontend
