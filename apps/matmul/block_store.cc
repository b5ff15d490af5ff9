#include "matmul/block_store.h"

#include <stdexcept>

#include "support/cl_error.h"

namespace clopencl::matmul {

using apps::Check;

const float* HostBlockOfA(const Problem& problem, int block) {
  return problem.RowOfA(block * problem.slice());
}

const float* HostBlockOfB(const Problem& problem, int block) {
  return problem.ColumnOfB(block * problem.slice());
}

OwnBlocks::OwnBlocks(const DeviceSession& session, const Problem& problem, HostBlock host, int slots)
    : session_(session),
      problem_(problem),
      host_(host),
      cache_(slots),
      buffers_(static_cast<std::size_t>(slots)),
      ready_(buffers_.size()) {}

int OwnBlocks::MissingRows(int block, Rows wanted) const { return cache_.MissingRows(block, wanted); }

BlockStore::Loaded OwnBlocks::Load(int block, Rows wanted, cl_command_queue upload,
                                   std::vector<apps::Event>& transfers, DeviceReport& report) {
  const std::optional<BlockCache::Placement> placement = cache_.Pin(block, wanted);
  // There are at least as many slots as pieces in flight.
  if (!placement) throw std::logic_error("no slot is free for a block");
  const auto slot = static_cast<std::size_t>(placement->slot);
  if (!buffers_[slot]) buffers_[slot] = session_.MakeBlock(CL_MEM_READ_ONLY);
  for (const Rows& part : placement->send) {
    apps::Event write =
        WriteRows(upload, buffers_[slot].get(), host_(problem_, block), part, problem_.n(), report);
    ready_[slot] = Share(write.get());
    transfers.push_back(std::move(write));
  }
  Loaded loaded{.slot = placement->slot, .buffer = buffers_[slot].get(), .ready = {}};
  if (ready_[slot]) loaded.ready.push_back(ready_[slot].get());
  return loaded;
}

void OwnBlocks::Unload(int slot) { cache_.Unpin(slot); }

apps::Event Share(cl_event event) {
  Check(clRetainEvent(event), "clRetainEvent");
  return apps::Event(event);
}

apps::Event WriteRows(cl_command_queue queue, cl_mem buffer, const float* block, BlockCache::Rows rows,
                      std::int64_t n, DeviceReport& report) {
  const std::size_t row_bytes = static_cast<std::size_t>(n) * sizeof(float);
  const std::size_t bytes = static_cast<std::size_t>(rows.count()) * row_bytes;
  apps::Event write;
  Check(clEnqueueWriteBuffer(queue, buffer, CL_FALSE, static_cast<std::size_t>(rows.first) * row_bytes, bytes,
                             block + static_cast<std::int64_t>(rows.first) * n, 0, nullptr, write.Receive()),
        "clEnqueueWriteBuffer of a block of rows");
  report.bytes_written += bytes;
  return write;
}

}  // namespace clopencl::matmul
