// What the frontend notes about itself for clrun --stats and --trace.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/trace_log.h"
#include "common/transport/transport.h"
#include "frontend/observe/call_site.h"
#include "frontend/observe/timeline.h"

namespace clopencl::frontend {

class Session;

// What went to and fro between the program and one channel of a server.
struct SessionCounts {
  uint64_t commands = 0;  // clEnqueue*.
  uint64_t requests = 0;  // Messages of all kinds, commands among them.
  uint64_t packets_sent = 0;
  uint64_t packets_received = 0;
  uint64_t bytes_sent = 0;  // Packets and payloads.
  uint64_t bytes_received = 0;
  struct Waits {
    uint64_t count = 0;
    int64_t total_ns = 0;
    int64_t longest_ns = 0;
  };
  using ByCall = std::map<std::string_view, Waits>;  // The entry point that waited; empty: none.
  ByCall waits;
};

// There is one when the options ask for it; without it nothing is noted and the entry points are the plain
// ones. Thread-safe.
class Observer {
 public:
  // trace_file: empty for no timeline.
  Observer(bool counts, std::string trace_file);

  // The observer of this process; null: nobody observes. Set before the first object of the application is
  // made.
  static Observer* Instance() { return instance_; }
  static void SetInstance(Observer* observer) { instance_ = observer; }

  bool traces() const { return !trace_file_.empty(); }

  void Called(const CallSite& site, int64_t begin_ns, int64_t end_ns);
  // The calling thread waited since then; `session`: for whom, null: for several servers.
  void Waited(const Session* session, int64_t begin_ns);
  // A message was posted; `number` counts those of the session.
  void Posted(const Session& session, uint16_t opcode, bool is_command, uint64_t number, int64_t begin_ns);
  // A packet left, with what was posted since `first_posted_ns`.
  void Sent(const Session& session, uint64_t requests, size_t bytes, int64_t first_posted_ns);
  void Received(const Session& session, size_t bytes, int64_t begin_ns);
  // `done`, and a note when the payload is through.
  transport::Done Payload(const Session& session, bool receives, size_t bytes, transport::Done done);

  // At the join and before the end: relates the clocks of the servers to ours. No locks held.
  void ReadClocks();
  // Before the end: fetches what the servers recorded, writes the file, prints the counts. No locks held.
  void Finish();

 private:
  uint32_t ThreadLane();
  uint32_t SessionLane(const Session& session);
  SessionCounts& CountsOf(const Session& session);
  void WriteTimeline();
  void PrintCounts();

  static Observer* instance_;

  const bool counts_wanted_;
  const std::string trace_file_;
  const int64_t start_ns_;
  TraceLog log_;
  std::map<int, std::vector<ClockReading>> clocks_;  // By rank.

  std::mutex mutex_;
  std::vector<SessionCounts> sessions_;  // By index.
  SessionCounts::ByCall several_;        // Waits for more than one server at once.
};

}  // namespace clopencl::frontend
