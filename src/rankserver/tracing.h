// What a rank server records for the timeline of the job (clrun --trace).
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/trace_log.h"
#include "common/transport/transport.h"
#include "rankserver/native_api.h"

namespace clopencl::rankserver {

// There is none unless the frontend asks for it, and then nothing is recorded and the native functions are
// called directly. Belongs to the event loop.
class Tracing {
 public:
  explicit Tracing(int rank);
  ~Tracing();
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

  // Puts functions into the table that record the native commands and their device times, for which queues
  // get profiling. Only commands of the calling thread are recorded.
  void Follow(NativeApi& api);

  // The channel has taken in its first message: the one that asked for this.
  void BeginChannel(uint16_t channel);
  // Before and after a further message of the frontend is handled.
  void BeginMessage(uint16_t channel);
  void EndMessage(uint16_t opcode);

  void PacketSent(size_t bytes);
  // `done`, and a record when the payload is through.
  transport::Done Payload(bool receives, transport::Rank peer, size_t bytes, transport::Done done);

  // Looks which native commands are complete; all of them: however many there are.
  void Harvest(bool all);

  TraceLog& log() { return log_; }

  // --- for the functions that Follow() puts into the table
  static Tracing* Current();
  void AddQueue(cl_command_queue queue, cl_device_id device);
  void RemoveQueue(cl_command_queue queue) { queue_lanes_.erase(queue); }
  // The event is ours from now on. `before`: when the native function was called; it has just returned.
  void Enqueued(cl_command_queue queue, cl_event event, std::string_view name, uint64_t bytes,
                int64_t before);

 private:
  struct Command {
    cl_event event = nullptr;
    uint32_t lane = 0;
    uint32_t name = 0;
    uint64_t bytes = 0;
    uint64_t link = 0;
    int64_t before = 0;
    int64_t after = 0;
  };

  // False: not complete yet.
  bool Record(const Command& command);

  const int rank_;
  TraceLog log_;
  const uint32_t messages_lane_;
  const uint32_t packets_lane_;
  const uint32_t packet_name_;
  std::vector<uint64_t> message_numbers_;  // By channel.
  uint64_t link_ = 0;                      // Of the message that is being handled.
  int64_t message_begin_ = 0;
  std::unordered_map<cl_command_queue, uint32_t> queue_lanes_;
  std::unordered_map<std::string, int> queues_of_device_;
  std::deque<Command> commands_;
};

}  // namespace clopencl::rankserver
