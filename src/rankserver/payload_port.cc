#include "rankserver/payload_port.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace clopencl::rankserver {

void PayloadPort::Send(transport::Rank to, transport::Tag tag, std::span<const std::byte> data, size_t chunk,
                       transport::Done done) {
  if (to != transport_.rank()) return transport_.SendPayload(to, tag, data, chunk, std::move(done));
  sends_.emplace(tag, Half{{const_cast<std::byte*>(data.data()), data.size()}, 0, std::move(done)});
}

void PayloadPort::Receive(transport::Rank from, transport::Tag tag, std::span<std::byte> into, size_t chunk,
                          transport::Done done) {
  if (from != transport_.rank()) return transport_.ReceivePayload(from, tag, into, chunk, std::move(done));
  receives_.emplace(tag, Half{into, 0, std::move(done)});
}

bool PayloadPort::Progress() {
  if (sends_.empty() && receives_.empty()) return false;
  std::vector<transport::Done> finished;
  const auto finish = [&](Halves& halves, Halves::iterator half) {
    finished.push_back(std::move(half->second.done));
    return halves.erase(half);
  };
  const auto drop_empty = [&](Halves& halves) {
    for (auto half = halves.begin(); half != halves.end();) {
      half = half->second.bytes.empty() ? finish(halves, half) : std::next(half);
    }
  };
  drop_empty(sends_);
  drop_empty(receives_);
  for (auto send = sends_.begin(); send != sends_.end();) {
    const auto receive = receives_.find(send->first);
    if (receive == receives_.end()) {
      ++send;
      continue;
    }
    Half& from = send->second;
    Half& to = receive->second;
    const size_t size = std::min(from.bytes.size() - from.done_bytes, to.bytes.size() - to.done_bytes);
    std::memcpy(to.bytes.data() + to.done_bytes, from.bytes.data() + from.done_bytes, size);
    from.done_bytes += size;
    to.done_bytes += size;
    if (to.done_bytes == to.bytes.size()) finish(receives_, receive);
    if (from.done_bytes == from.bytes.size()) send = finish(sends_, send);
  }
  for (transport::Done& done : finished) done(true);
  return !finished.empty();
}

void PayloadPort::Close() {
  for (Halves* halves : {&sends_, &receives_})
    for (auto& [tag, half] : std::exchange(*halves, {})) half.done(false);
}

}  // namespace clopencl::rankserver
