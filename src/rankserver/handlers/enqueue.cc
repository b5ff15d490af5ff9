// Commands that the native queue does on its own: copies, fills, markers; flush and finish.
#include <memory>
#include <vector>

#include "rankserver/command.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

using Size3 = std::array<size_t, 3>;

// Of the last migrations: far more lists than migrations can end at once, and few objects, which may be
// large.
constexpr size_t kListsKept = 1024;
constexpr size_t kObjectsKept = 8;

Size3 ToSizes(const std::array<uint64_t, 3>& values) { return {values[0], values[1], values[2]}; }

}  // namespace

void Channel::On(const wire::CopyBuffer& m) {
  Enqueue command(*this, m.command);
  Mem* source = command.Use(m.source, Access::kReads);
  Mem* destination = command.Use(m.destination);
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueCopyBuffer(to.queue, source->native.get(), destination->native.get(), m.source_offset,
                                   m.destination_offset, m.size, to.count, to.list, to.event);
  });
}

void Channel::On(const wire::CopyBufferRect& m) {
  Enqueue command(*this, m.command);
  Mem* source = command.Use(m.source, Access::kReads);
  Mem* destination = command.Use(m.destination);
  const Size3 from = ToSizes(m.source_origin), into = ToSizes(m.destination_origin),
              region = ToSizes(m.region);
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueCopyBufferRect(to.queue, source->native.get(), destination->native.get(), from.data(),
                                       into.data(), region.data(), m.source_pitches[0], m.source_pitches[1],
                                       m.destination_pitches[0], m.destination_pitches[1], to.count, to.list,
                                       to.event);
  });
}

void Channel::On(const wire::FillBuffer& m) {
  Enqueue command(*this, m.command);
  Mem* mem = command.Use(m.mem);
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueFillBuffer(to.queue, mem->native.get(), m.pattern.data(), m.pattern.size(), m.offset,
                                   m.size, to.count, to.list, to.event);
  });
}

void Channel::On(const wire::CopyImage& m) {
  Enqueue command(*this, m.command);
  Mem* source = command.Use(m.source, Access::kReads);
  Mem* destination = command.Use(m.destination);
  const Size3 from = ToSizes(m.source_origin), into = ToSizes(m.destination_origin),
              region = ToSizes(m.region);
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueCopyImage(to.queue, source->native.get(), destination->native.get(), from.data(),
                                  into.data(), region.data(), to.count, to.list, to.event);
  });
}

// NVIDIA's clEnqueueFillImage of images with layers does not return before the fill's turn has come, which
// may depend on what the frontend says next.
bool Channel::FillsLate(Enqueue& command, Mem& image) {
  const bool layers = image.image.type != CL_MEM_OBJECT_IMAGE1D &&
                      image.image.type != CL_MEM_OBJECT_IMAGE2D &&
                      image.image.type != CL_MEM_OBJECT_IMAGE1D_BUFFER;
  if (!layers || image.context->unified) return false;
  Queue& queue = command.queue();
  return !command.waits().empty() || !queue.open.empty() || !image.Root()->open.empty() || !CheckQuiet(queue);
}

void Channel::On(const wire::FillImage& m) {
  Enqueue command(*this, m.command);
  Mem* mem = command.Use(m.mem);
  const Size3 origin = ToSizes(m.origin), region = ToSizes(m.region);
  const auto fill = [=, &native_api = api(), color = m.color](const NativeArgs& to) {
    return native_api.EnqueueFillImage(to.queue, mem->native.get(), color.data(), origin.data(),
                                       region.data(), to.count, to.list, to.event);
  };
  if (mem == nullptr || !FillsLate(command, *mem)) {
    command.Run(fill);
    return;
  }
  TransferRequest request;
  request.queue = command.shared_queue();
  request.event = m.command.event;
  request.mem = *mems.Find(m.mem);
  request.direction = Direction::kToDevice;
  WaitList waits = command.waits();
  OrderAfterNewContents(command.queue(), *mem, Access::kWrites, waits);
  MakeLateCommand(*this, std::move(request), fill)->Start(waits);
}

void Channel::On(const wire::CopyImageToBuffer& m) {
  Enqueue command(*this, m.command);
  Mem* source = command.Use(m.source, Access::kReads);
  Mem* destination = command.Use(m.destination);
  const Size3 origin = ToSizes(m.origin), region = ToSizes(m.region);
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueCopyImageToBuffer(to.queue, source->native.get(), destination->native.get(),
                                          origin.data(), region.data(), m.offset, to.count, to.list,
                                          to.event);
  });
}

void Channel::On(const wire::CopyBufferToImage& m) {
  Enqueue command(*this, m.command);
  Mem* source = command.Use(m.source, Access::kReads);
  Mem* destination = command.Use(m.destination);
  const Size3 origin = ToSizes(m.origin), region = ToSizes(m.region);
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueCopyBufferToImage(to.queue, source->native.get(), destination->native.get(), m.offset,
                                          origin.data(), region.data(), to.count, to.list, to.event);
  });
}

// Within one device nothing has to move; what is left is the command's place in the order. NVIDIA's
// migrations look at the list of objects, and at the objects, when they run and once more when they are
// complete, even when the objects were released in between.
void Channel::On(const wire::MigrateMemObjects& m) {
  Enqueue command(*this, m.command);
  const auto migration = std::make_shared<Migration>();
  const bool drops = (m.flags & CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED) != 0;
  for (const MemId id : m.mems) {
    if (Mem* mem = command.Use(id, drops ? Access::kWrites : Access::kReads)) {
      migration->natives.push_back(mem->native.get());
      migration->objects.push_back(*mems.Find(id));
    }
  }
  if (command.ok() && command.queue().context->devices.size() == 1)
    return RunMarker(command, false, api().EnqueueMarkerWithWaitList);
  command.NeedEvent();
  const bool runs = command.Run([&](const NativeArgs& to) {
    return api().EnqueueMigrateMemObjects(to.queue, static_cast<cl_uint>(migration->natives.size()),
                                          migration->natives.data(), m.flags, to.count, to.list, to.event);
  });
  if (!runs) return;
  migrations_.push_back(migration);
  if (migrations_.size() > kListsKept) migrations_.pop_front();
  Track(command.TakeEvent(), command.shared_queue(), command.sequence(), [this, migration](cl_int) {
    ended_migrations_.push_back(migration);
    if (ended_migrations_.size() <= kObjectsKept) return;
    ended_migrations_.front()->objects.clear();
    ended_migrations_.pop_front();
  });
}

void Channel::On(const wire::Marker& m) {
  Enqueue command(*this, m.command);
  const bool waits_for_all = m.command.wait_list.empty();
  if (waits_for_all) command.WaitsForAll();
  RunMarker(command, waits_for_all, api().EnqueueMarkerWithWaitList);
}

void Channel::On(const wire::Barrier& m) {
  Enqueue command(*this, m.command);
  const bool waits_for_all = m.command.wait_list.empty();
  if (waits_for_all) {
    command.WaitsForAll();
  } else {
    command.HoldsBackTheRest();
  }
  RunMarker(command, waits_for_all, api().EnqueueBarrierWithWaitList);
}

// Without a list of events the command would wait for everything; one of events that are all complete is a
// list, too.
template <typename Function>
void Channel::RunMarker(Enqueue& command, bool waits_for_all, Function function) {
  OwnedEvent complete;
  if (command.ok() && !command.queue().in_order && !waits_for_all && command.waits().empty()) {
    cl_int status = CL_SUCCESS;
    complete = OwnedEvent(api(), api().CreateUserEvent(command.queue().context->native.get(), &status));
    if (status == CL_SUCCESS) {
      api().SetUserEventStatus(complete.get(), CL_COMPLETE);
      command.WaitFor(complete.get());
    }
  }
  command.Run([&](const NativeArgs& to) { return function(to.queue, to.count, to.list, to.event); });
}

void Channel::On(const wire::Flush& m) {
  // The end of the pass flushes what got commands.
  if (const std::shared_ptr<Queue>* queue = queues.Find(m.queue)) NeedsFlush(*queue);
}

void Channel::On(const wire::Finish& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Queue>* found = queues.Find(m.queue, status);
  if (found == nullptr) return Send(wire::QueueFinished{m.request, status});
  const std::shared_ptr<Queue> queue = *found;
  const bool quiet = CheckQuiet(*queue);
  queue->finish_waiters.push_back({m.request, queue->issued, queue->transfers_started});
  if (quiet) return AnswerFinishes(*queue);

  // The last command's own event saves a marker, and the time that the device needs for one.
  if (queue->in_order && queue->last_event && queue->last_sequence == queue->issued) {
    if (queue->tracked.empty() || queue->tracked.back()->sequence != queue->issued) {
      Track(queue->last_event.Share(), queue, queue->issued, [](cl_int) {});
    }
    return;
  }
  status = TrackAll(queue, queue->ends.Incomplete());
  if (status == CL_SUCCESS) return;
  queue->finish_waiters.pop_back();
  Send(wire::QueueFinished{m.request, status});
}

// Has the queue learn when all of its commands are complete. `ends`: its open ends; empty: they are not
// known.
cl_int Channel::TrackAll(const std::shared_ptr<Queue>& queue, std::span<const OwnedEvent> ends) {
  const bool by_ends = !ends.empty();
  OwnedEvent event;
  uint64_t sequence = queue->issued;
  if (ends.size() == 1) {
    event = ends.front().Share();
  } else {
    WaitList waits;
    for (const OwnedEvent& end : ends) waits.push_back(end.get());
    cl_int status = CL_SUCCESS;
    sequence = EnqueueOwn(*this, queue, waits, &event, status, [&](const NativeArgs& to) {
      return api().EnqueueMarkerWithWaitList(to.queue, to.count, to.list, to.event);
    });
    if (sequence == 0) return status;
    queue->ends.Clear();
    queue->ends.Add(event, {});
  }
  const auto done = [this, queue, sequence, by_ends](cl_int status) {
    if (status == CL_COMPLETE || (by_ends && TrackAll(queue, {}) == CL_SUCCESS)) return;
    queue->known_done = std::max(queue->known_done, sequence);
  };
  Track(std::move(event), queue, sequence, done)->comes_last = true;
  return CL_SUCCESS;
}

}  // namespace clopencl::rankserver
