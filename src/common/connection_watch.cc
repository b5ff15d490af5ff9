#include "common/connection_watch.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "common/local_ranks.h"

namespace clopencl {

namespace fs = std::filesystem;

namespace {

constexpr const char* kEstablished = "01";
constexpr const char* kRetransmitTimer = "01";
// Sent again after 0.2, 0.6, 1.4, 3.0 and 6.2 s, where the network is fast otherwise.
constexpr unsigned long kTooOften = 5;

std::set<uint64_t> SocketsOf(pid_t process) {
  constexpr std::string_view kSocket = "socket:[";
  std::set<uint64_t> inodes;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(process) + "/fd", ignored)) {
    const std::string target = fs::read_symlink(entry.path(), ignored).string();
    if (target.starts_with(kSocket))
      inodes.insert(std::strtoull(target.c_str() + kSocket.size(), nullptr, 10));
  }
  return inodes;
}

// "0100007F:1F90" or the same with 32 digits: words of four bytes, each as the processor stores it.
std::string AddressOf(const std::string& field) {
  const size_t digits = std::min(field.find(':'), field.size());
  in6_addr raw{};
  for (size_t word = 0; word * 8 + 8 <= digits && word < 4; ++word) {
    const auto value = static_cast<uint32_t>(std::strtoul(field.substr(word * 8, 8).c_str(), nullptr, 16));
    std::memcpy(raw.s6_addr + word * 4, &value, sizeof value);
  }
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(digits > 8 ? AF_INET6 : AF_INET, &raw, text, sizeof text);
  constexpr std::string_view kMapped = "::ffff:";
  const std::string address = text;
  return address.starts_with(kMapped) ? address.substr(kMapped.size()) : address;
}

std::set<std::string> AddressesOf(const std::string& host) {
  std::set<std::string> addresses;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST] = {};
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      addresses.insert(text);
  }
  freeaddrinfo(found);
  return addresses;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::vector<std::string> StuckPeers(const std::string& table, const std::set<uint64_t>& inodes) {
  std::vector<std::string> peers;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout;
    uint64_t inode = 0;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    if (!words || state != kEstablished || !timer.starts_with(kRetransmitTimer)) continue;
    const bool stuck = std::strtoul(retransmits.c_str(), nullptr, 16) >= kTooOften;
    if (stuck && inodes.count(inode) != 0) peers.push_back(AddressOf(remote));
  }
  return peers;
}

std::string FindStuckHost(pid_t process, const std::vector<std::string>& hosts) {
  const std::set<uint64_t> inodes = SocketsOf(process);
  std::vector<std::string> peers;
  for (const char* table : {"tcp", "tcp6"}) {
    for (std::string& peer :
         StuckPeers(ReadAll("/proc/" + std::to_string(process) + "/net/" + table), inodes)) {
      peers.push_back(std::move(peer));
    }
  }
  if (peers.empty()) return {};
  for (const std::string& host : hosts) {
    const std::set<std::string> addresses = AddressesOf(host);
    if (std::any_of(peers.begin(), peers.end(),
                    [&](const std::string& peer) { return addresses.count(peer) != 0; }))
      return host;
  }
  return peers.front();
}

pid_t ParentOfMpi() {
  if (JobIsOnThisNode()) return -1;
  const pid_t parent = getppid();
  const std::string name = ReadAll("/proc/" + std::to_string(parent) + "/comm");
  for (const char* known : {"mpirun", "mpiexec", "orterun", "orted"}) {
    if (name.starts_with(known)) return parent;
  }
  return -1;
}

}  // namespace clopencl
