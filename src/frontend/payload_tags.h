// Tags for payloads in flight: each names one transfer between two ranks and is free again when that is done.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "common/transport/transport.h"

namespace clopencl::frontend {

// Thread-safe.
class PayloadTags {
 public:
  PayloadTags() {
    free_.reserve(transport::kLastPayloadTag - transport::kFirstPayloadTag + 1);
    for (transport::Tag tag = transport::kLastPayloadTag; tag >= transport::kFirstPayloadTag; --tag)
      free_.push_back(tag);
  }

  // Nothing when all are in use.
  std::optional<transport::Tag> Take() {
    std::lock_guard lock(mutex_);
    if (free_.empty()) return std::nullopt;
    const transport::Tag tag = free_.back();
    free_.pop_back();
    return tag;
  }

  size_t available() const {
    std::lock_guard lock(mutex_);
    return free_.size();
  }

  void Return(transport::Tag tag) {
    std::lock_guard lock(mutex_);
    free_.push_back(tag);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<transport::Tag> free_;
};

}  // namespace clopencl::frontend
