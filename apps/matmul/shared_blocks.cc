#include "matmul/shared_blocks.h"

#include <algorithm>

#include "support/cl_error.h"

namespace clopencl::matmul {

using apps::Check;

namespace {

// What a block costs that another device has, as parts of one from the host: the host's link is what
// everybody waits for, and between devices of one host nothing is on any link.
constexpr int kElsewhereDivisor = 2;
constexpr int kSameHostDivisor = 16;

}  // namespace

SharedBlocks::SharedBlocks(cl_context context, const Problem& problem, const std::vector<std::string>& hosts,
                           int room)
    : context_(context), problem_(problem), room_(room) {
  for (const std::string& host : hosts) {
    host_of_.push_back(static_cast<std::size_t>(std::ranges::find(hosts, host) - hosts.begin()));
  }
  for (std::vector<Block>& operand : blocks_) {
    operand.resize(static_cast<std::size_t>(problem.blocks_per_side()));
    for (Block& block : operand) {
      block.arrived.resize(hosts.size());
      block.on_host.resize(hosts.size());
    }
  }
}

int SharedBlocks::MissingRows(Operand operand, int block, int rows, std::size_t device) const {
  const std::lock_guard lock(mutex_);
  const Block& wanted = blocks_[operand][static_cast<std::size_t>(block)];
  if (!wanted.written) return rows;
  if (wanted.arrived[device]) return 0;
  const bool near = wanted.on_host[host_of_[device]];
  return std::max(1, rows / (near ? kSameHostDivisor : kElsewhereDivisor));
}

bool SharedBlocks::MakeRoom(int places, const Block& keep_row, const Block& keep_column) {
  while (living_ + places > room_) {
    Block* oldest = nullptr;
    for (std::vector<Block>& operand : blocks_) {
      for (Block& block : operand) {
        const bool free = block.buffer && block.pins == 0 && &block != &keep_row && &block != &keep_column;
        if (free && (oldest == nullptr || block.used < oldest->used)) oldest = &block;
      }
    }
    if (oldest == nullptr) return false;
    oldest->buffer.Reset();
    oldest->written.Reset();
    for (apps::Event& event : oldest->arrived) event.Reset();
    oldest->on_host.assign(oldest->on_host.size(), false);
    --living_;
  }
  return true;
}

bool SharedBlocks::Reserve(int row, int column) {
  const std::lock_guard lock(mutex_);
  Block& a = At(kA, row);
  Block& b = At(kB, column);
  if (!MakeRoom((a.buffer ? 0 : 1) + (b.buffer ? 0 : 1), a, b)) return false;
  for (Block* block : {&a, &b}) {
    if (!block->buffer) {
      const std::size_t bytes = static_cast<std::size_t>(problem_.n() * problem_.slice()) * sizeof(float);
      cl_int code = CL_SUCCESS;
      block->buffer = apps::Memory(clCreateBuffer(context_, CL_MEM_READ_ONLY, bytes, nullptr, &code));
      Check(code, "clCreateBuffer of a block of rows");
      ++living_;
    }
    ++block->pins;
    block->used = ++clock_;
  }
  return true;
}

void SharedBlocks::Release(Operand operand, int block) {
  const std::lock_guard lock(mutex_);
  --At(operand, block).pins;
}

BlockStore::Loaded SharedBlocks::Load(Operand operand, int index, std::size_t device, cl_command_queue upload,
                                      std::vector<apps::Event>& transfers, DeviceReport& report) {
  const std::lock_guard lock(mutex_);
  Block& block = At(operand, index);
  if (!block.written) {
    const float* const host = operand == kA ? HostBlockOfA(problem_, index) : HostBlockOfB(problem_, index);
    apps::Event write = WriteRows(upload, block.buffer.get(), host, {0, static_cast<int>(problem_.slice())},
                                  problem_.n(), report);
    block.written = Share(write.get());
    block.arrived[device] = Share(write.get());
    transfers.push_back(std::move(write));
  } else if (!block.arrived[device]) {
    apps::Event move;
    Check(clEnqueueMigrateMemObjects(upload, 1, block.buffer.address(), 0, 1, block.written.address(),
                                     move.Receive()),
          "clEnqueueMigrateMemObjects of a block of rows");
    block.arrived[device] = Share(move.get());
    transfers.push_back(std::move(move));
  }
  block.on_host[host_of_[device]] = true;
  return {.slot = index, .buffer = block.buffer.get(), .ready = {block.arrived[device].get()}};
}

}  // namespace clopencl::matmul
