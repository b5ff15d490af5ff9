// The progress bar.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace clopencl::matmul {

/// How far the work is.
struct ProgressState {
  double done = 0;             // 0 to 1
  double seconds_at_done = 0;  // when `done` last grew, counted from the start
  double seconds = 0;          // now
  double gflop = 0;            // the whole work
};

/// One line for a terminal of `width` columns, without its line end: "[#####     ]  52 %  12.3 GFLOP/s  0:31
/// left". Nothing is foretold before the first result.
std::string ProgressLine(const ProgressState& state, int width);

/// "0:07", "12:34", "1:02:03".
std::string FormatDuration(double seconds);

/// Draws on stderr, a few times a second on a thread of its own, from construction to destruction; then wipes
/// the line.
class ProgressBar {
 public:
  /// `done` may be called at any time, by the bar's thread. `gflop` is the whole work.
  ProgressBar(std::function<double()> done, double gflop);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

 private:
  void Draw();

  std::function<double()> done_;
  double gflop_;
  std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace clopencl::matmul
