#include "rankserver/device_clock.h"

#include <initializer_list>

namespace clopencl::rankserver {
namespace {

int64_t Read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

int64_t DeviceClock::HostNow() { return Read(CLOCK_MONOTONIC); }

void DeviceClock::Observe(int64_t before, uint64_t device_end, int64_t after) {
  if (device_end == 0 || after < before) return;
  const int64_t end = static_cast<int64_t>(device_end);
  const auto fits = [&](clockid_t clock) {
    const int64_t offset = Read(clock) - HostNow();
    return end >= before + offset && end <= after + offset;
  };
  if (exact_ && fits(clock_)) return;
  exact_ = false;
  for (const clockid_t clock : {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME}) {
    if (!fits(clock)) continue;
    exact_ = true;
    clock_ = clock;
    return;
  }
  if (window_ >= 0 && after - before >= window_) return;
  window_ = after - before;
  offset_ = end - (before + window_ / 2);
}

uint64_t DeviceClock::Now() const {
  if (exact_) return static_cast<uint64_t>(Read(clock_));
  return window_ >= 0 ? static_cast<uint64_t>(HostNow() + offset_) : 0;
}

}  // namespace clopencl::rankserver
