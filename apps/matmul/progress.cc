#include "matmul/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace clopencl::matmul {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(200);
constexpr int kDefaultWidth = 80;
constexpr int kMaxBar = 50;

int TerminalWidth() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultWidth;
  return size.ws_col;
}

}  // namespace

std::string FormatDuration(double seconds) {
  const auto whole = static_cast<long>(std::lround(std::max(0.0, seconds)));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string ProgressLine(const ProgressState& state, int width) {
  const double done = std::clamp(state.done, 0.0, 1.0);
  std::string text = fmt::format(" {:3.0f} %", std::floor(done * 100));
  if (done > 0 && state.seconds_at_done > 0) {
    // Counted from the last result, or the remaining time would grow while the next one is computed.
    const double left = state.seconds_at_done * (1 - done) / done - (state.seconds - state.seconds_at_done);
    text += fmt::format("  {:.1f} GFLOP/s  {} left", state.gflop * done / state.seconds_at_done,
                        FormatDuration(left));
  }
  // One column stays free: a full line would wrap on some terminals.
  const int room = width - 1 - static_cast<int>(text.size()) - 2;
  if (room < 5) return text.substr(0, static_cast<std::size_t>(std::max(0, width - 1)));
  const int bar = std::min(room, kMaxBar);
  const int filled = static_cast<int>(std::floor(done * bar));
  return fmt::format("[{:<{}}]{}", std::string(static_cast<std::size_t>(filled), '#'), bar, text);
}

ProgressBar::ProgressBar(std::function<double()> done, double gflop)
    : done_(std::move(done)), gflop_(gflop), thread_([this] { Draw(); }) {}

ProgressBar::~ProgressBar() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stop_changed_.notify_all();
  thread_.join();
}

void ProgressBar::Draw() {
  const auto start = std::chrono::steady_clock::now();
  ProgressState state{.gflop = gflop_};
  std::unique_lock lock(mutex_);
  do {
    state.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (const double done = done_(); done > state.done) {
      state.done = done;
      state.seconds_at_done = state.seconds;
    }
    fmt::print(stderr, "\r\033[K{}", ProgressLine(state, TerminalWidth()));
    std::fflush(stderr);
  } while (!stop_changed_.wait_for(lock, kInterval, [this] { return stop_; }));
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace clopencl::matmul
