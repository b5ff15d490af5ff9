#include "launch/reachability.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "launch/cluster.h"

namespace clopencl::launch {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{2};
// Where a cluster's machines listen, as a rule; a refusal is an answer, too.
constexpr const char* kPort = "22";

bool IsAnswer(int error) { return error == 0 || error == ECONNREFUSED; }

// A connection under way; -1 and `answered` when it was decided at once.
int StartConnecting(const std::string& host, bool& answered) {
  answered = false;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* addresses = nullptr;
  if (getaddrinfo(host.c_str(), kPort, &hints, &addresses) != 0) return -1;
  int fd = socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && (connect(fd, addresses->ai_addr, addresses->ai_addrlen) == 0 || errno != EINPROGRESS)) {
    answered = IsAnswer(errno);
    close(fd);
    fd = -1;
  }
  freeaddrinfo(addresses);
  return fd;
}

int OutcomeOf(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

std::vector<std::string> SilentHosts(const std::vector<std::string>& hosts) {
  std::vector<pollfd> waiting;
  std::vector<bool> answered(hosts.size(), false);
  for (size_t i = 0; i < hosts.size(); ++i) {
    bool at_once = true;
    waiting.push_back({IsThisHost(hosts[i]) ? -1 : StartConnecting(hosts[i], at_once), POLLOUT, 0});
    answered[i] = at_once;
  }
  const Clock::time_point end = Clock::now() + kPatience;
  for (Clock::time_point now = Clock::now(); now < end; now = Clock::now()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - now).count();
    if (poll(waiting.data(), waiting.size(), static_cast<int>(left) + 1) <= 0) break;
    bool more = false;
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].fd >= 0 && waiting[i].revents != 0) {
        answered[i] = IsAnswer(OutcomeOf(waiting[i].fd));
        close(waiting[i].fd);
        waiting[i].fd = -1;
      }
      more |= waiting[i].fd >= 0;
    }
    if (!more) break;
  }
  std::vector<std::string> silent;
  bool any_answer = false;
  for (size_t i = 0; i < hosts.size(); ++i) {
    if (waiting[i].fd >= 0) close(waiting[i].fd);
    if (!answered[i]) silent.push_back(hosts[i]);
    any_answer |= answered[i] && !IsThisHost(hosts[i]);
  }
  const bool conclusive = any_answer || hosts.size() <= silent.size() + 1;
  return conclusive && silent.size() < hosts.size() ? silent : std::vector<std::string>{};
}

}  // namespace clopencl::launch
