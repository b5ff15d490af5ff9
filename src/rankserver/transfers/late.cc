// Commands that the native runtime gets no sooner than they can run.
#include <utility>

#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// Its native command goes to the context's transfer queue: in its own queue, commands after it already wait
// for it.
class LateCommand final : public Transfer {
 public:
  LateCommand(Channel& channel, Request request, NativeCommand command)
      : Transfer(channel, std::move(request)), command_(std::move(command)) {}

 private:
  void Begin(const WaitList& waits) override {
    AwaitClearWay(waits, [this] { Enqueue(); });
  }

  void Enqueue() {
    Moving();
    cl_int status = CL_SUCCESS;
    const std::shared_ptr<Queue> queue = request_.mem->context->TransferQueue(status);
    if (queue == nullptr) return Finish(status);
    WaitList waits;
    OrderAfterUses(channel_, queue, *request_.mem, Access::kWrites, waits, this);
    OwnedEvent event;
    const uint64_t sequence = EnqueueOwn(channel_, queue, waits, &event, status, command_);
    if (sequence == 0) return Finish(status);
    channel_.Track(std::move(event), queue, sequence,
                   [this, self = shared_from_this()](cl_int result) { Finish(result); });
  }

  const NativeCommand command_;
};

}  // namespace

std::shared_ptr<Transfer> MakeLateCommand(Channel& channel, Transfer::Request request,
                                          NativeCommand command) {
  return std::make_shared<LateCommand>(channel, std::move(request), std::move(command));
}

}  // namespace clopencl::rankserver
