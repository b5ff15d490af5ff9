#include "frontend/observe/observer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/log.h"
#include "common/wire/message_names.h"
#include "frontend/observe/statistics.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {
namespace {

// The quickest of some exchanges tells the time best. On a busy machine many are slow, so there are more
// until one was quick.
constexpr int kFewestClockExchanges = 16;
constexpr int kMostClockExchanges = 128;
constexpr int64_t kQuickExchangeNs = 20'000;

bool WriteFile(const std::string& path, const std::string& text) {
  FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return (std::fclose(file) == 0) && written;
}

}  // namespace

CallScope::CallScope(CallSite& site) : site_(site), outer_(current_call), begin_ns_(TraceLog::Now()) {
  current_call = &site;
}

CallScope::~CallScope() {
  current_call = outer_;
  const int64_t end_ns = TraceLog::Now();
  site_.calls.fetch_add(1, std::memory_order_relaxed);
  site_.total_ns.fetch_add(end_ns - begin_ns_, std::memory_order_relaxed);
  if (Observer* observer = Observer::Instance()) observer->Called(site_, begin_ns_, end_ns);
}

Observer* Observer::instance_ = nullptr;

Observer::Observer(bool counts, std::string trace_file)
    : counts_wanted_(counts), trace_file_(std::move(trace_file)), start_ns_(TraceLog::Now()) {}

uint32_t Observer::ThreadLane() {
  thread_local const uint32_t lane = [this] {
    const pid_t thread = gettid();
    return log_.Text(thread == getpid() ? "main thread" : fmt::format("thread {}", thread));
  }();
  return lane;
}

uint32_t Observer::SessionLane(const Session& session) {
  return log_.Text(fmt::format("to and from {}", session.Describe()));
}

SessionCounts& Observer::CountsOf(const Session& session) {
  if (sessions_.size() <= session.index()) sessions_.resize(session.index() + 1);
  return sessions_[session.index()];
}

void Observer::Called(const CallSite& site, int64_t begin_ns, int64_t end_ns) {
  if (traces()) log_.Add({ThreadLane(), log_.Text(fmt::format("cl{}", site.name)), begin_ns, end_ns, 0, 0});
}

void Observer::Waited(const Session* session, int64_t begin_ns) {
  const int64_t end_ns = TraceLog::Now();
  if (traces()) log_.Add({ThreadLane(), log_.Text("wait"), begin_ns, end_ns, 0, 0});
  std::lock_guard lock(mutex_);
  SessionCounts::ByCall& by_call = session != nullptr ? CountsOf(*session).waits : several_;
  SessionCounts::Waits& waits = by_call[current_call != nullptr ? current_call->name : std::string_view()];
  ++waits.count;
  waits.total_ns += end_ns - begin_ns;
  waits.longest_ns = std::max(waits.longest_ns, end_ns - begin_ns);
}

void Observer::Posted(const Session& session, uint16_t opcode, bool is_command, uint64_t number,
                      int64_t begin_ns) {
  if (traces()) {
    log_.Add({ThreadLane(), log_.Text(wire::ServerMessageName(opcode)), begin_ns, TraceLog::Now(), 0,
              TraceLog::Link(session.peer(), session.channel(), number)});
  }
  std::lock_guard lock(mutex_);
  SessionCounts& counts = CountsOf(session);
  ++counts.requests;
  if (is_command) ++counts.commands;
}

void Observer::Sent(const Session& session, uint64_t requests, size_t bytes, int64_t first_posted_ns) {
  if (traces()) {
    log_.Add({SessionLane(session), log_.Text(fmt::format("{} messages", requests)), first_posted_ns,
              TraceLog::Now(), bytes, 0});
  }
  std::lock_guard lock(mutex_);
  SessionCounts& counts = CountsOf(session);
  ++counts.packets_sent;
  counts.bytes_sent += bytes;
}

void Observer::Received(const Session& session, size_t bytes, int64_t begin_ns) {
  if (traces()) log_.Add({ThreadLane(), log_.Text("take in a packet"), begin_ns, TraceLog::Now(), bytes, 0});
  std::lock_guard lock(mutex_);
  SessionCounts& counts = CountsOf(session);
  ++counts.packets_received;
  counts.bytes_received += bytes;
}

transport::Done Observer::Payload(const Session& session, bool receives, size_t bytes, transport::Done done) {
  return [this, &session, receives, bytes, begin_ns = TraceLog::Now(), done = std::move(done)](bool ok) {
    if (traces()) {
      log_.Add({SessionLane(session), log_.Text(receives ? "receive data" : "send data"), begin_ns,
                TraceLog::Now(), bytes, 0});
    }
    {
      std::lock_guard lock(mutex_);
      SessionCounts& counts = CountsOf(session);
      (receives ? counts.bytes_received : counts.bytes_sent) += bytes;
    }
    done(ok);
  };
}

void Observer::ReadClocks() {
  if (!traces()) return;
  Runtime& runtime = TheRuntime();
  for (const auto& session : runtime.sessions()) {
    if (session->channel() != 0 || session->failed()) continue;
    ClockReading best;
    int64_t best_window = INT64_MAX;
    for (int i = 0; i < kMostClockExchanges; ++i) {
      if (i >= kFewestClockExchanges && best_window <= kQuickExchangeNs) break;
      const int64_t begin_ns = TraceLog::Now();
      runtime.CallAndWait<wire::ClockRead>(*session, wire::ReadClock{}, [&](const wire::ClockRead& answer) {
        const int64_t window = TraceLog::Now() - begin_ns;
        if (window >= best_window) return;
        best_window = window;
        best = {begin_ns + window / 2, answer.now_ns};
      });
    }
    clocks_[session->peer()].push_back(best);
  }
}

namespace {

// What a server has recorded. No locks held.
ProcessTrace FetchFrom(Session& session) {
  ProcessTrace trace;
  trace.name = session.Describe();
  bool more = true;
  while (more && !session.failed()) {
    TheRuntime().CallAndWait<wire::TraceFetched>(
        session, wire::FetchTrace{}, [&](const wire::TraceFetched& part) {
          trace.texts.assign(part.texts.begin(), part.texts.end());
          trace.records.insert(trace.records.end(), part.records.begin(), part.records.end());
          trace.dropped = part.dropped;
          more = part.more;
        });
  }
  return trace;
}

}  // namespace

void Observer::WriteTimeline() {
  TraceLog::Part own = log_.Take(TraceLog::kMostRecords);
  std::vector<ProcessTrace> processes;
  processes.push_back(
      {"rank 0: the program", {}, {own.texts.begin(), own.texts.end()}, std::move(own.records), own.dropped});
  for (const auto& session : TheRuntime().sessions()) {
    if (session->channel() != 0 || session->failed()) continue;
    ProcessTrace trace = FetchFrom(*session);
    trace.clock = clocks_[session->peer()];
    processes.push_back(std::move(trace));
  }
  for (const ProcessTrace& process : processes) {
    if (process.dropped > 0)
      Log().warn("the timeline of {} lacks its last {} records: there was no room", process.name,
                 process.dropped);
  }
  if (!WriteFile(trace_file_, TimelineJson(processes, start_ns_)))
    Log().error("can't write the timeline to {}: {}", trace_file_, std::strerror(errno));
}

void Observer::PrintCounts() {
  std::vector<SessionReport> reports;
  SessionCounts::ByCall several;
  {
    std::lock_guard lock(mutex_);
    several = several_;
    for (const auto& session : TheRuntime().sessions())
      reports.push_back({session->Describe(), FactText(session->platform_facts(), CL_PLATFORM_NAME),
                         CountsOf(*session), session->moved_bytes()});
  }
  const std::string text = StatisticsText(reports, several, TraceLog::Now() - start_ns_);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void Observer::Finish() {
  // Before the timeline is fetched, which takes packets of its own.
  if (counts_wanted_) PrintCounts();
  if (!traces()) return;
  try {
    ReadClocks();
    WriteTimeline();
  } catch (const ClError&) {
    Log().error("no timeline: a rank server went away before it told what it recorded");
  } catch (const std::exception& error) {
    Log().error("no timeline: {}", error.what());
  }
}

}  // namespace clopencl::frontend
