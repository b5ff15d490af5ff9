#include "rankserver/output_capture.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "common/log.h"

namespace clopencl::rankserver {
namespace {

// A kernel that prints more than this between two looks waits for us.
constexpr int kPipeBytes = 1 << 20;

}  // namespace

OutputCapture::OutputCapture(int descriptor) {
  if (descriptor < 0) return;
  std::array<int, 2> ends{};
  std::fflush(stdout);
  const int saved = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (saved < 0 || pipe2(ends.data(), O_CLOEXEC) != 0) {
    Log().warn("kernel output can't be captured ({}); it goes to the rank server's own output",
               std::strerror(errno));
    if (saved >= 0) close(saved);
    return;
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  fcntl(ends[0], F_SETPIPE_SZ, kPipeBytes);
  if (dup2(ends[1], descriptor) < 0) {
    Log().warn("kernel output can't be captured: {}", std::strerror(errno));
    close(saved);
    close(ends[0]);
    close(ends[1]);
    return;
  }
  close(ends[1]);
  // Runtimes that print with stdio must not keep lines back because a pipe is no terminal.
  if (descriptor == STDOUT_FILENO) std::setvbuf(stdout, nullptr, _IOLBF, 1 << 12);
  descriptor_ = descriptor;
  saved_ = saved;
  read_end_ = ends[0];
}

OutputCapture::~OutputCapture() {
  if (read_end_ < 0) return;
  if (descriptor_ == STDOUT_FILENO) std::fflush(stdout);
  dup2(saved_, descriptor_);
  close(saved_);
  close(read_end_);
}

void OutputCapture::Read() {
  if (read_end_ < 0) return;
  if (descriptor_ == STDOUT_FILENO) std::fflush(stdout);
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t count = read(read_end_, buffer.data(), buffer.size());
    if (count <= 0) return;
    pending_.append(buffer.data(), static_cast<size_t>(count));
  }
}

std::string OutputCapture::Take(bool all) {
  Read();
  if (pending_.empty()) return {};
  if (all) return std::exchange(pending_, {});
  const size_t end = pending_.rfind('\n');
  if (end == std::string::npos) return {};
  std::string lines = pending_.substr(0, end + 1);
  pending_.erase(0, end + 1);
  return lines;
}

}  // namespace clopencl::rankserver
