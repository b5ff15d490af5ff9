// Work on programs that is not for the event loop, and the messages that wait for it.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "common/wire/codec.h"
#include "rankserver/channel.h"

namespace clopencl::rankserver {

// A message that came while a worker was at a program that it needs. It runs when no worker is at any of its
// programs and every earlier message of each has run.
struct ParkedMessage {
  std::vector<std::shared_ptr<Program>> programs;
  std::function<void()> run;
};

// Runs on a worker, then in the event loop.
class ProgramJob {
 public:
  virtual ~ProgramJob() = default;
  // On the worker: native calls only.
  virtual void Work() = 0;
  // In the event loop: the results, and the answer.
  virtual void Done(Channel& channel) = 0;

  // What no other message may use meanwhile.
  std::vector<std::shared_ptr<Program>> programs;
};

// Calls run(message), now or when the programs are free. Null programs don't count.
template <typename Message, typename Run>
void Channel::WhenFree(std::vector<std::shared_ptr<Program>> needs, const Message& message, Run run) {
  std::erase(needs, nullptr);
  bool free = true;
  for (const auto& program : needs) free = free && !program->busy && program->parked.empty();
  if (free) return run(message);
  // The views of the message end with its packet.
  auto bytes = std::make_shared<ByteBuffer>();
  wire::Append(message, *bytes);
  Park(std::move(needs), [bytes, run = std::move(run)] {
    wire::Arena arena;
    Message copy{};
    wire::Reader(*bytes, arena).Get(copy);
    run(copy);
  });
}

}  // namespace clopencl::rankserver
