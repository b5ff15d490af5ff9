#include "common/trace_log.h"

#include <time.h>

#include <algorithm>

namespace clopencl {

int64_t TraceLog::Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

uint32_t TraceLog::Text(std::string_view text) {
  std::lock_guard lock(mutex_);
  const auto known = indices_.find(text);
  if (known != indices_.end()) return known->second;
  const uint32_t index = static_cast<uint32_t>(texts_.size());
  indices_.emplace(texts_.emplace_back(text), index);
  return index;
}

void TraceLog::Add(const wire::TraceRecord& record) {
  std::lock_guard lock(mutex_);
  if (records_.size() < most_records_) {
    records_.push_back(record);
  } else {
    ++dropped_;
  }
}

TraceLog::Part TraceLog::Take(size_t most_records) {
  std::lock_guard lock(mutex_);
  const auto end = records_.begin() + static_cast<ptrdiff_t>(std::min(most_records, records_.size()));
  Part part;
  part.texts.assign(texts_.begin(), texts_.end());
  part.records.assign(records_.begin(), end);
  records_.erase(records_.begin(), end);
  part.dropped = dropped_;
  part.more = !records_.empty();
  return part;
}

}  // namespace clopencl
