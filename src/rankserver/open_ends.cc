#include "rankserver/open_ends.h"

#include <algorithm>

namespace clopencl::rankserver {
namespace {

constexpr size_t kMost = 8;

}  // namespace

void OpenEnds::Add(const OwnedEvent& event, std::span<const cl_event> waits) {
  if (!known_) return;
  if (!event) return Forget();
  if (!waits.empty()) {
    std::erase_if(ends_, [&](const OwnedEvent& end) {
      return std::find(waits.begin(), waits.end(), end.get()) != waits.end();
    });
  }
  if (ends_.size() >= kMost) DropComplete(0);
  if (ends_.size() >= kMost) return Forget();
  if (known_) ends_.push_back(event.Share());
}

void OpenEnds::Clear() {
  known_ = true;
  ends_.clear();
}

void OpenEnds::Forget() {
  known_ = false;
  ends_.clear();
}

const std::vector<OwnedEvent>& OpenEnds::Incomplete() {
  if (ends_.size() > 1) DropComplete(1);
  return ends_;
}

void OpenEnds::DropComplete(size_t kept) {
  bool failed = false;
  const auto end = ends_.end() - static_cast<ptrdiff_t>(std::min(kept, ends_.size()));
  const auto open = std::remove_if(ends_.begin(), end, [&](const OwnedEvent& event) {
    const cl_int status = ExecutionStatus(event.api(), event.get());
    failed = failed || status < 0;
    return status == CL_COMPLETE;
  });
  ends_.erase(open, end);
  if (failed) Forget();
}

}  // namespace clopencl::rankserver
