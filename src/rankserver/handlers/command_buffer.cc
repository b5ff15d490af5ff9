// Command buffers: recorded natively, enqueued as one command.
#include <algorithm>
#include <vector>

#include "common/log.h"
#include "rankserver/command.h"

namespace clopencl::rankserver {
namespace {

using Size3 = std::array<size_t, 3>;

Size3 ToSizes(const std::array<uint64_t, 3>& values) { return {values[0], values[1], values[2]}; }

// The last arguments of every clCommand*KHR.
struct RecordArgs {
  cl_command_buffer_khr buffer = nullptr;
  cl_uint count = 0;
  const cl_sync_point_khr* list = nullptr;
  cl_sync_point_khr* sync_point = nullptr;
};

}  // namespace

void Channel::On(const wire::CreateCommandBuffer& m) {
  auto buffer = std::make_shared<CommandBuffer>();
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Queue>* queue = queues.Find(m.queue, status);
  if (queue != nullptr && api().CreateCommandBuffer == nullptr) status = CL_INVALID_OPERATION;
  if (status == CL_SUCCESS) {
    std::vector<cl_command_buffer_properties_khr> properties(m.properties.begin(), m.properties.end());
    properties.push_back(0);
    const cl_command_queue native = (*queue)->native.get();
    buffer->queue = *queue;
    buffer->native = Owned<cl_command_buffer_khr>(
        api(),
        api().CreateCommandBuffer(1, &native, m.properties.empty() ? nullptr : properties.data(), &status));
  }
  Keep(command_buffers, m.buffer, status, std::move(buffer));
}

// One command on its way into a buffer. What fails is kept there: nobody waits for an answer.
class Channel::Recording {
 public:
  Recording(Channel& channel, CommandBufferId id, std::span<const uint32_t> sync_points) {
    const std::shared_ptr<CommandBuffer>* found = channel.command_buffers.Find(id);
    if (found == nullptr) return;
    buffer_ = *found;
    for (const uint32_t number : sync_points) {
      if (number < 1 || number > buffer_->sync_points.size()) {
        Fail(CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
      } else {
        waits_.push_back(buffer_->sync_points[number - 1]);
      }
    }
  }

  bool ok() const { return buffer_ != nullptr && buffer_->error == CL_SUCCESS; }
  CommandBuffer& buffer() { return *buffer_; }
  void Fail(cl_int error) {
    if (ok()) buffer_->error = error;
  }

  void Use(const std::shared_ptr<Mem>& mem) {
    if (std::find(buffer_->mems.begin(), buffer_->mems.end(), mem) == buffer_->mems.end())
      buffer_->mems.push_back(mem);
  }

  template <typename Function>
  void Run(Function function) {
    if (!ok()) return;
    cl_sync_point_khr sync_point = 0;
    const cl_int status = function(RecordArgs{buffer_->native.get(), static_cast<cl_uint>(waits_.size()),
                                              waits_.empty() ? nullptr : waits_.data(), &sync_point});
    if (status != CL_SUCCESS) return Fail(status);
    buffer_->sync_points.push_back(sync_point);
  }

 private:
  std::shared_ptr<CommandBuffer> buffer_;
  std::vector<cl_sync_point_khr> waits_;
};

// `function` gets the native objects of `uses` and RecordArgs.
template <typename What, typename Function>
void Channel::RecordCommand(const wire::Record<What>& m, std::initializer_list<MemId> uses,
                            Function function) {
  Recording recording(*this, m.buffer, m.sync_points);
  std::vector<cl_mem> natives;
  for (const MemId id : uses) {
    if (!recording.ok()) return;
    cl_int status = CL_SUCCESS;
    if (const std::shared_ptr<Mem>* mem = mems.Find(id, status)) {
      recording.Use(*mem);
      natives.push_back((*mem)->native.get());
    } else {
      recording.Fail(status);
    }
  }
  recording.Run([&](const RecordArgs& to) { return function(natives, to); });
}

void Channel::On(const wire::RecordCopyBuffer& m) {
  const wire::CopyBuffer& copy = m.what;
  RecordCommand(m, {copy.source, copy.destination}, [&](const auto& mem, const RecordArgs& to) {
    return api().CommandCopyBuffer(to.buffer, nullptr, mem[0], mem[1], copy.source_offset,
                                   copy.destination_offset, copy.size, to.count, to.list, to.sync_point,
                                   nullptr);
  });
}

void Channel::On(const wire::RecordCopyBufferRect& m) {
  const wire::CopyBufferRect& copy = m.what;
  const Size3 from = ToSizes(copy.source_origin), into = ToSizes(copy.destination_origin),
              region = ToSizes(copy.region);
  RecordCommand(m, {copy.source, copy.destination}, [&](const auto& mem, const RecordArgs& to) {
    return api().CommandCopyBufferRect(to.buffer, nullptr, mem[0], mem[1], from.data(), into.data(),
                                       region.data(), copy.source_pitches[0], copy.source_pitches[1],
                                       copy.destination_pitches[0], copy.destination_pitches[1], to.count,
                                       to.list, to.sync_point, nullptr);
  });
}

void Channel::On(const wire::RecordFillBuffer& m) {
  const wire::FillBuffer& fill = m.what;
  RecordCommand(m, {fill.mem}, [&](const auto& mem, const RecordArgs& to) {
    return api().CommandFillBuffer(to.buffer, nullptr, mem[0], fill.pattern.data(), fill.pattern.size(),
                                   fill.offset, fill.size, to.count, to.list, to.sync_point, nullptr);
  });
}

void Channel::On(const wire::RecordCopyImage& m) {
  const wire::CopyImage& copy = m.what;
  const Size3 from = ToSizes(copy.source_origin), into = ToSizes(copy.destination_origin),
              region = ToSizes(copy.region);
  RecordCommand(m, {copy.source, copy.destination}, [&](const auto& mem, const RecordArgs& to) {
    return api().CommandCopyImage(to.buffer, nullptr, mem[0], mem[1], from.data(), into.data(), region.data(),
                                  to.count, to.list, to.sync_point, nullptr);
  });
}

void Channel::On(const wire::RecordFillImage& m) {
  const wire::FillImage& fill = m.what;
  const Size3 origin = ToSizes(fill.origin), region = ToSizes(fill.region);
  RecordCommand(m, {fill.mem}, [&](const auto& mem, const RecordArgs& to) {
    return api().CommandFillImage(to.buffer, nullptr, mem[0], fill.color.data(), origin.data(), region.data(),
                                  to.count, to.list, to.sync_point, nullptr);
  });
}

void Channel::On(const wire::RecordCopyImageToBuffer& m) {
  const wire::CopyImageToBuffer& copy = m.what;
  const Size3 origin = ToSizes(copy.origin), region = ToSizes(copy.region);
  RecordCommand(m, {copy.source, copy.destination}, [&](const auto& mem, const RecordArgs& to) {
    return api().CommandCopyImageToBuffer(to.buffer, nullptr, mem[0], mem[1], origin.data(), region.data(),
                                          copy.offset, to.count, to.list, to.sync_point, nullptr);
  });
}

void Channel::On(const wire::RecordCopyBufferToImage& m) {
  const wire::CopyBufferToImage& copy = m.what;
  const Size3 origin = ToSizes(copy.origin), region = ToSizes(copy.region);
  RecordCommand(m, {copy.source, copy.destination}, [&](const auto& mem, const RecordArgs& to) {
    return api().CommandCopyBufferToImage(to.buffer, nullptr, mem[0], mem[1], copy.offset, origin.data(),
                                          region.data(), to.count, to.list, to.sync_point, nullptr);
  });
}

void Channel::On(const wire::RecordMarker& m) {
  RecordCommand(m, {}, [&](const auto&, const RecordArgs& to) {
    return api().CommandBarrierWithWaitList(to.buffer, nullptr, to.count, to.list, to.sync_point, nullptr);
  });
}

void Channel::On(const wire::RecordBarrier& m) {
  RecordCommand(m, {}, [&](const auto&, const RecordArgs& to) {
    return api().CommandBarrierWithWaitList(to.buffer, nullptr, to.count, to.list, to.sync_point, nullptr);
  });
}

void Channel::On(const wire::RecordLaunchKernel& m) {
  Recording recording(*this, m.buffer, m.sync_points);
  // A kernel that only this command runs.
  cl_int error = CL_SUCCESS;
  const std::shared_ptr<Kernel>* found = PrepareKernel(m.what, error);
  if (error != CL_SUCCESS) recording.Fail(error);
  if (!recording.ok()) return;
  const Kernel& kernel = **found;
  recording.buffer().kernels.push_back(*found);
  for (const KernelArgument& arg : kernel.args) {
    if (!arg.mem) continue;
    if (const std::shared_ptr<Mem>* mem = mems.Find(arg.mem)) recording.Use(*mem);
  }
  recording.Run([&](const RecordArgs& to) {
    return api().CommandNDRangeKernel(to.buffer, nullptr, nullptr, kernel.native.get(),
                                      static_cast<cl_uint>(m.what.global.size()), m.what.offset.data(),
                                      m.what.global.data(), m.what.local.data(), to.count, to.list,
                                      to.sync_point, nullptr);
  });
}

void Channel::On(const wire::FinalizeCommandBuffer& m) {
  Recording recording(*this, m.buffer, {});
  if (!recording.ok()) return;
  recording.Fail(api().FinalizeCommandBuffer(recording.buffer().native.get()));
}

void Channel::On(const wire::EnqueueCommandBuffer& m) {
  Enqueue command(*this, m.command);
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<CommandBuffer>* found = command_buffers.Find(m.buffer, status);
  const std::shared_ptr<CommandBuffer> buffer = found != nullptr ? *found : nullptr;
  if (buffer == nullptr) {
    command.Fail(status);
  } else {
    if (buffer->error != CL_SUCCESS) command.Fail(buffer->error);
    for (const auto& mem : buffer->mems) command.Use(*mem);
  }
  command.Run([&](const NativeArgs& to) {
    cl_command_queue queue = to.queue;
    return api().EnqueueCommandBuffer(1, &queue, buffer->native.get(), to.count, to.list, to.event);
  });
}

}  // namespace clopencl::rankserver
