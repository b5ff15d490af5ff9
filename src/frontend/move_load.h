// How much is on its way from where: for choosing which holder of some contents sends them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "common/transport/transport.h"

namespace clopencl::frontend {

// One way that contents take: the link of a host, or the memory that the ranks of one share. Positions count
// its bytes in the order of their posting. Post() under the command mutex, the rest by anybody.
class MoveWay {
 public:
  // `speed`: how much faster it is than a link. Only how ways compare depends on it.
  explicit MoveWay(uint64_t speed) : speed_(speed) {}

  // The position behind `bytes` more.
  uint64_t Post(uint64_t bytes) { return posted_ += bytes; }
  void Done(uint64_t bytes) { done_.fetch_add(bytes, std::memory_order_relaxed); }

  // What it takes until everything up to a position, or `bytes` more than everything, has come, in bytes of a
  // link.
  uint64_t Waiting(uint64_t position) const {
    const uint64_t done = done_.load(std::memory_order_relaxed);
    return position > done ? (position - done) / speed_ : 0;
  }
  uint64_t Alone(uint64_t bytes) const { return bytes / speed_; }
  uint64_t WaitingWith(uint64_t bytes) const { return Waiting(posted_ + bytes); }

 private:
  const uint64_t speed_;
  uint64_t posted_ = 0;
  std::atomic<uint64_t> done_{0};
};

// Whatever is on its way, by its payload's tag. Thread-safe but for Link() and Local(), which are called
// under the command mutex.
class MoveLoad {
 public:
  // Out of a host, to others.
  MoveWay& Link(const std::string& host) { return Find(links_, host, 1); }
  // From one server to others of its host.
  MoveWay& Local(size_t session) { return Find(locals_, session, kLocalSpeed); }

  void Began(transport::Tag tag, MoveWay& way, uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    moves_[tag] = {&way, bytes};
  }
  void Ended(transport::Tag tag) {
    const std::lock_guard lock(mutex_);
    const auto move = moves_.find(tag);
    if (move == moves_.end()) return;
    move->second.first->Done(move->second.second);
    moves_.erase(move);
  }

 private:
  static constexpr uint64_t kLocalSpeed = 8;

  template <typename Key>
  static MoveWay& Find(std::map<Key, std::unique_ptr<MoveWay>>& ways, const Key& key, uint64_t speed) {
    std::unique_ptr<MoveWay>& way = ways[key];
    if (way == nullptr) way = std::make_unique<MoveWay>(speed);
    return *way;
  }

  std::map<std::string, std::unique_ptr<MoveWay>> links_;
  std::map<size_t, std::unique_ptr<MoveWay>> locals_;
  std::mutex mutex_;
  std::unordered_map<transport::Tag, std::pair<MoveWay*, uint64_t>> moves_;
};

}  // namespace clopencl::frontend
