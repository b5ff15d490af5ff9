// What one process records for the timeline of a job.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/wire/messages/trace.h"

namespace clopencl {

// Thread-safe. Records are kept until they are taken; when there are too many, later ones are dropped and
// counted.
class TraceLog {
 public:
  static constexpr size_t kMostRecords = 2'000'000;

  explicit TraceLog(size_t most_records = kMostRecords) : most_records_(most_records) {}

  // The process's monotonic clock, in nanoseconds.
  static int64_t Now();

  // What ties records of several processes together: the `number`th message to a channel of a rank, and what
  // came of it there.
  static uint64_t Link(int rank, uint16_t channel, uint64_t number) {
    return (static_cast<uint64_t>(rank) << 48) | (static_cast<uint64_t>(channel & 0xff) << 40) |
           (number & 0xff'ffff'ffff);
  }

  // The index of `text`, the same each time.
  uint32_t Text(std::string_view text);

  void Add(const wire::TraceRecord& record);

  struct Part {
    std::vector<std::string_view> texts;  // All so far; valid as long as the log.
    std::vector<wire::TraceRecord> records;
    uint64_t dropped = 0;
    bool more = false;
  };
  // Up to so many records, in the order in which they were added; they are not in the log any more.
  Part Take(size_t most_records);

 private:
  std::mutex mutex_;
  const size_t most_records_;
  std::deque<std::string> texts_;  // Addresses stay.
  std::unordered_map<std::string_view, uint32_t> indices_;
  std::deque<wire::TraceRecord> records_;
  uint64_t dropped_ = 0;
};

}  // namespace clopencl
