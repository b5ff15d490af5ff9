#include "matmul/shared_blocks.h"

#include <algorithm>

#include "support/cl_error.h"

namespace clopencl::matmul {

using apps::Check;

namespace {

// What a block costs that is on a device's host already, as parts of one that must come over a link.
constexpr int kSameHostDivisor = 16;

// The part of a device's memory that blocks may take; the rest is for tiles.
constexpr double kMemoryShare = 0.85;

int RoomFor(const Problem& problem, const apps::DeviceInfo& device) {
  const double block = static_cast<double>(problem.n() * problem.slice()) * sizeof(float);
  const double room = static_cast<double>(device.global_memory) * kMemoryShare / block;
  return std::max(2, static_cast<int>(std::min(room, 2.0 * problem.blocks_per_side())));
}

}  // namespace

SharedBlocks::SharedBlocks(const std::vector<DeviceSession>& sessions, const Problem& problem)
    : problem_(problem),
      context_(sessions.front().context()),
      taken_(sessions.size()),
      idle_(sessions.size()) {
  std::vector<std::string> hosts;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const apps::DeviceInfo& device = sessions[i].device();
    hosts.push_back(device.host);
    host_of_.push_back(static_cast<std::size_t>(std::ranges::find(hosts, device.host) - hosts.begin()));
    room_.push_back(RoomFor(problem, device));
    if (apps::IsThisHost(device.host) && (home_ == kNone || room_[i] > room_[home_])) home_ = i;
  }
  for (std::vector<Block>& operand : blocks_) {
    operand.resize(static_cast<std::size_t>(problem.blocks_per_side()));
    for (Block& block : operand) {
      block.placed.resize(sessions.size());
      block.arrived.resize(sessions.size());
      block.on_host.resize(sessions.size());
    }
  }
  if (home_ != kNone) home_queue_ = sessions[home_].MakeQueue();
}

int SharedBlocks::MissingRows(Operand operand, int block, int rows, std::size_t device) const {
  const std::lock_guard lock(mutex_);
  const Block& wanted = At(operand, block);
  if (wanted.arrived[device]) return 0;
  // The host of the program has all of them.
  const bool near =
      wanted.on_host[host_of_[device]] || (home_ != kNone && host_of_[device] == host_of_[home_]);
  return near ? std::max(1, rows / kSameHostDivisor) : rows;
}

// Room for both blocks of a piece, counting what may give way: those that are not pinned, but for the two.
bool SharedBlocks::HasRoom(std::size_t device, const Block& row, const Block& column) const {
  int places = room_[device] - taken_[device] + idle_[device];
  for (const Block* block : {&row, &column}) {
    if (!block->placed[device] || block->pins == 0) --places;
  }
  return places >= 0;
}

bool SharedBlocks::CanReserve(int row, int column, std::size_t device) const {
  const std::lock_guard lock(mutex_);
  return CanPlace(At(kA, row), At(kB, column), device);
}

bool SharedBlocks::CanPlace(const Block& row, const Block& column, std::size_t device) const {
  return HasRoom(device, row, column) && (home_ == kNone || HasRoom(home_, row, column));
}

void SharedBlocks::MakeRoom(std::size_t device, const Block& row, const Block& column) {
  const int places = (row.placed[device] ? 0 : 1) + (column.placed[device] ? 0 : 1);
  while (taken_[device] + places > room_[device]) {
    Block* oldest = nullptr;
    for (std::vector<Block>& operand : blocks_) {
      for (Block& block : operand) {
        const bool idle = block.placed[device] && block.pins == 0 && &block != &row && &block != &column;
        if (idle && (oldest == nullptr || block.used < oldest->used)) oldest = &block;
      }
    }
    Drop(*oldest);
  }
}

void SharedBlocks::Place(Block& block, std::size_t device) {
  if (block.placed[device]) return;
  block.placed[device] = true;
  ++taken_[device];
  if (block.pins == 0) ++idle_[device];
}

void SharedBlocks::Pin(Block& block, int change) {
  const bool was_idle = block.pins == 0;
  block.pins += change;
  const int idle = (block.pins == 0 ? 1 : 0) - (was_idle ? 1 : 0);
  for (std::size_t device = 0; device < idle_.size(); ++device) {
    if (block.placed[device]) idle_[device] += idle;
  }
}

// One that is not pinned. A buffer takes memory on every device that has used it, until it is released.
void SharedBlocks::Drop(Block& block) {
  for (std::size_t device = 0; device < taken_.size(); ++device) {
    if (block.placed[device]) {
      --taken_[device];
      --idle_[device];
    }
    block.placed[device] = block.on_host[device] = false;
    block.arrived[device].Reset();
  }
  block.buffer.Reset();
  block.written.Reset();
}

bool SharedBlocks::Reserve(int row, int column, std::size_t device) {
  const std::lock_guard lock(mutex_);
  Block& a = At(kA, row);
  Block& b = At(kB, column);
  if (!CanPlace(a, b, device)) return false;
  MakeRoom(device, a, b);
  if (home_ != kNone) MakeRoom(home_, a, b);
  for (Block* block : {&a, &b}) {
    if (!block->buffer) {
      const std::size_t bytes = static_cast<std::size_t>(problem_.n() * problem_.slice()) * sizeof(float);
      cl_int code = CL_SUCCESS;
      block->buffer = apps::Memory(clCreateBuffer(context_, CL_MEM_READ_ONLY, bytes, nullptr, &code));
      Check(code, "clCreateBuffer of a block of rows");
    }
    Place(*block, device);
    if (home_ != kNone) Place(*block, home_);
    Pin(*block, 1);
    block->used = ++clock_;
  }
  return true;
}

void SharedBlocks::Release(Operand operand, int block) {
  const std::lock_guard lock(mutex_);
  Pin(At(operand, block), -1);
}

void SharedBlocks::Write(Block& block, const float* from, std::size_t device, cl_command_queue queue,
                         std::vector<apps::Event>& transfers, DeviceReport& report) {
  const BlockCache::Rows all = {0, static_cast<int>(problem_.slice())};
  apps::Event write = WriteRows(queue, block.buffer.get(), from, all, problem_.n(), report);
  Check(clFlush(queue), "clFlush");
  block.written = Share(write.get());
  block.arrived[device] = Share(write.get());
  block.on_host[host_of_[device]] = true;
  transfers.push_back(std::move(write));
}

BlockStore::Loaded SharedBlocks::Load(Operand operand, int index, std::size_t device, cl_command_queue upload,
                                      std::vector<apps::Event>& transfers, DeviceReport& report) {
  const std::lock_guard lock(mutex_);
  Block& block = At(operand, index);
  if (!block.written) {
    const float* const from = operand == kA ? HostBlockOfA(problem_, index) : HostBlockOfB(problem_, index);
    const bool at_home = home_ != kNone;
    Write(block, from, at_home ? home_ : device, at_home ? home_queue_.get() : upload, transfers, report);
  }
  if (!block.arrived[device]) {
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
