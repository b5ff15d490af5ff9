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
  if (ends_.size() >= kMost) DropComplete();
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

void OpenEnds::DropComplete() {
  bool failed = false;
  std::erase_if(ends_, [&](const OwnedEvent& end) {
    const cl_int status = ExecutionStatus(end.api(), end.get());
    failed = failed || status < 0;
    return status == CL_COMPLETE;
  });
  if (failed) Forget();
}

}  // namespace clopencl::rankserver
