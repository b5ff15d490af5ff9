#include "frontend/core/held.h"

#include <algorithm>

#include "common/log.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {
namespace {

void Release(HeldCommand& command) {
  Event* const event = command.event.get();
  command.doomed = std::any_of(command.wait_list.begin(), command.wait_list.end(),
                               [](const Ref<Event>& waited) { return waited->doomed(); });
  if (event != nullptr && command.doomed) event->Doom();
  try {
    for (const Ref<Event>& waited : command.wait_list) waited->EnsureOn(command.queue->session(), true);
    for (const auto& action : command.actions) action();
  } catch (const ClError& error) {
    Log().error("a command that waited for a user event can't be sent (error {})", error.code);
    if (event != nullptr) {
      TheRuntime().callbacks().Add([keep = command.event, code = error.code] {
        std::lock_guard lock(TheRuntime().transport_mutex());
        keep->Fail(code);
      });
    }
  }
  if (event != nullptr) event->LetGo();
  command.released.store(true, std::memory_order_release);
}

}  // namespace

void HeldCommand::Block(const std::vector<Ref<Event>>& more) {
  for (const Ref<Event>& another : more) {
    const auto same = [&](const Ref<Event>& mine) { return mine.get() == another.get(); };
    if (std::none_of(unset.begin(), unset.end(), same)) unset.push_back(another);
  }
}

void ReleaseHeld(Context& context, const Event& event) {
  std::vector<std::shared_ptr<HeldCommand>> ready;
  std::erase_if(context.held(), [&](const std::shared_ptr<HeldCommand>& command) {
    std::erase_if(command->unset, [&](const Ref<Event>& unset) { return unset.get() == &event; });
    if (!command->unset.empty()) return false;
    ready.push_back(command);
    return true;
  });
  for (const auto& command : ready) {
    Queue& queue = *command->queue;
    Release(*command);
    std::erase(queue.held(), command);
    if (queue.held_barrier() == command) queue.held_barrier() = nullptr;
  }
}

}  // namespace clopencl::frontend
