#include "launch/control_channel.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "launch/error.h"

namespace clopencl::launch {

namespace {

// Environments are bounded by the kernel's limit for exec, far below this.
constexpr uint32_t kMaxEnvironment = 1U << 27;

sockaddr_un Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw Error("the path " + path + " is too long for a socket");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

int NewSocket() {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) ThrowErrno("a socket");
  return fd;
}

bool SendAll(int fd, const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

bool ReceiveAll(int fd, void* data, size_t size) {
  char* bytes = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = recv(fd, bytes, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

void SetReceiveTimeout(int fd, time_t seconds) {
  const timeval limit = {seconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

}  // namespace

ControlChannel::ControlChannel(ControlChannel&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

ControlChannel& ControlChannel::operator=(ControlChannel&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void ControlChannel::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void ControlChannel::SendEnvironment(const std::vector<std::string>& environment) {
  std::string block;
  for (const std::string& entry : environment) block.append(entry.c_str(), entry.size() + 1);
  const uint32_t size = static_cast<uint32_t>(block.size());
  if (!SendAll(fd_, &size, sizeof size) || !SendAll(fd_, block.data(), block.size())) {
    throw Error("clrun is gone");
  }
}

std::vector<std::string> ControlChannel::ReceiveEnvironment() {
  SetReceiveTimeout(fd_, 10);
  uint32_t size = 0;
  std::string block;
  bool ok = ReceiveAll(fd_, &size, sizeof size) && size <= kMaxEnvironment;
  if (ok) {
    block.resize(size);
    ok = ReceiveAll(fd_, block.data(), size) && (size == 0 || block.back() == '\0');
  }
  if (!ok) throw Error("the launcher of rank 0 ended before it had said what it should");
  SetReceiveTimeout(fd_, 0);
  std::vector<std::string> environment;
  for (size_t start = 0; start < block.size(); start += environment.back().size() + 1) {
    environment.emplace_back(block.c_str() + start);
  }
  return environment;
}

bool ControlChannel::Send(Notice notice) { return SendAll(fd_, &notice, sizeof notice); }

std::optional<ControlChannel::Notice> ControlChannel::Receive() {
  Notice notice{};
  if (!ReceiveAll(fd_, &notice, sizeof notice)) return std::nullopt;
  return notice;
}

ControlListener::ControlListener(const std::string& path) : fd_(NewSocket()) {
  const sockaddr_un address = Address(path);
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(fd_, 1) != 0) {
    close(fd_);
    ThrowErrno("the socket " + path);
  }
}

ControlListener::~ControlListener() { close(fd_); }

std::optional<ControlChannel> ControlListener::Accept() {
  ControlChannel channel(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  if (channel.fd() < 0) return std::nullopt;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(channel.fd(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid()) {
    return std::nullopt;
  }
  return channel;
}

ControlChannel ConnectControl(const std::string& path) {
  ControlChannel channel(NewSocket());
  const sockaddr_un address = Address(path);
  if (connect(channel.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ThrowErrno("reaching clrun at " + path);
  }
  return channel;
}

}  // namespace clopencl::launch
