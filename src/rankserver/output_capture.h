// What kernels print. Native runtimes write it to our standard output; it belongs on rank 0's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace clopencl::rankserver {

// Puts a pipe in the place of a file descriptor and reads it without blocking. Belongs to the event loop.
class OutputCapture {
 public:
  // Captures nothing.
  OutputCapture() = default;
  // Captures what is written to `descriptor` (standard output) until destruction. Nothing is captured when
  // that fails.
  explicit OutputCapture(int descriptor);
  ~OutputCapture();
  OutputCapture(const OutputCapture&) = delete;
  OutputCapture& operator=(const OutputCapture&) = delete;

  // A program that may print was built. Before that, nobody has to look.
  void Expect() { expected_ = true; }
  bool expected() const { return expected_ && read_end_ >= 0; }

  // What was written so far. Only whole lines, unless `all`: the rest then follows, too.
  std::string Take(bool all);

 private:
  void Read();

  int descriptor_ = -1;
  int saved_ = -1;
  int read_end_ = -1;
  bool expected_ = false;
  std::string pending_;
};

}  // namespace clopencl::rankserver
