#include "rankserver/transfers/mapping.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/log.h"
#include "rankserver/command.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {

std::shared_ptr<Mapping> Mapping::Get(Channel& channel, const std::shared_ptr<Mem>& root, Access access,
                                      bool writable) {
  const bool good = root->mapping != nullptr && (access == Access::kReads || root->mapping->writable());
  if (good) return root->mapping;
  auto mapping = std::make_shared<Mapping>(writable);
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Queue> queue = root->context->TransferQueue(status);
  uint64_t sequence = 0;
  if (queue != nullptr) {
    if (root->mapping != nullptr) {
      ++root->native_uses;
      ++root->native_writes;
      root->mapping->Detach(channel, queue, *root);
    }
    // An unmap that is still to run does not hold it up: that may be behind the very transfer that maps.
    sequence = EnqueueOwn(channel, queue, {}, &mapping->map_event_, status, [&](const NativeArgs& to) {
      cl_int error = CL_SUCCESS;
      mapping->Map(channel.api(), *root, to, error);
      return error;
    });
  }
  if (sequence == 0) {
    mapping->OnMapped(status);
    return mapping;
  }
  root->mapping = mapping;
  channel.Track(mapping->map_event_.Share(), queue, sequence, [mapping, root](cl_int result) {
    if (result != CL_COMPLETE && root->mapping == mapping) root->mapping.reset();
    mapping->OnMapped(result);
  });
  return mapping;
}

void Mapping::Map(const NativeApi& api, const Mem& root, const NativeArgs& to, cl_int& error) {
  const cl_map_flags flags = CL_MAP_READ | (writable_ ? CL_MAP_WRITE : 0);
  void* base = nullptr;
  if (root.is_buffer) {
    base = api.EnqueueMapBuffer(to.queue, root.native.get(), CL_FALSE, flags, 0, root.size, to.count, to.list,
                                to.event, &error);
  } else {
    constexpr std::array<size_t, 3> kOrigin{};
    base = api.EnqueueMapImage(to.queue, root.native.get(), CL_FALSE, flags, kOrigin.data(),
                               root.image.extent.data(), &row_pitch_, &slice_pitch_, to.count, to.list,
                               to.event, &error);
  }
  base_ = static_cast<std::byte*>(base);
}

void Mapping::WhenReady(Ready ready) {
  if (ready_) return ready(base_, error_);
  waiting_.push_back(std::move(ready));
}

void Mapping::OnMapped(cl_int status) {
  ready_ = true;
  error_ = status < 0 ? status : CL_SUCCESS;
  if (error_ != CL_SUCCESS) base_ = nullptr;
  for (const Ready& ready : std::exchange(waiting_, {})) ready(base_, error_);
}

void Mapping::RemoveUser(Transfer* transfer) { std::erase(users_, transfer); }

void Mapping::Detach(Channel& channel, const std::shared_ptr<Queue>& queue, Mem& root) {
  const std::shared_ptr<Mapping> self = std::move(root.mapping);
  root.mapping.reset();
  if (!users_.empty()) {
    // They unmap when they are done, and are over after that.
    for (Transfer* user : users_) {
      const cl_event event = user->OrderEvent(nullptr);
      if (event == nullptr) continue;
      channel.api().RetainEvent(event);
      root.fences.push_back({OwnedEvent(channel.api(), event), 0});
    }
    return;
  }
  // Where contents move between servers, commands before this one in its queue may wait for moves that have
  // not begun, and a fence behind those commands would hold back the moves.
  std::shared_ptr<Queue> where = queue;
  cl_int status = CL_SUCCESS;
  if (root.context->spans_servers) where = root.context->TransferQueue(status);
  OwnedEvent event;
  if (where != nullptr && Unmap(channel, where, root, &event) != 0)
    root.fences.push_back({std::move(event), where->serial});
}

uint64_t Mapping::Unmap(Channel& channel, const std::shared_ptr<Queue>& queue, Mem& root, OwnedEvent* event) {
  cl_int status = CL_SUCCESS;
  WaitList waits;
  if (!ready_) waits.push_back(map_event_.get());  // That is in another queue.
  const uint64_t sequence = EnqueueOwn(channel, queue, waits, event, status, [&](const NativeArgs& to) {
    return channel.api().EnqueueUnmapMemObject(to.queue, root.native.get(), base_, to.count, to.list,
                                               to.event);
  });
  if (sequence == 0) Log().error("a buffer can't be unmapped (error {})", status);
  return sequence;
}

void Mapping::Close(Channel& channel, const std::shared_ptr<Mem>& root, std::function<void()> closed) {
  if (root->mapping.get() == this) root->mapping.reset();
  closing_.push_back(std::move(closed));
  if (!users_.empty()) return;
  const auto finish = [self = shared_from_this()] {
    for (const auto& call : std::exchange(self->closing_, {})) call();
  };
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Queue> queue = root->context->TransferQueue(status);
  OwnedEvent event;
  const uint64_t sequence = queue != nullptr ? Unmap(channel, queue, *root, &event) : 0;
  if (sequence == 0) return finish();
  channel.Track(std::move(event), queue, sequence, [root, finish](cl_int) { finish(); });
}

}  // namespace clopencl::rankserver
