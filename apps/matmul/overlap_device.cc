#include "matmul/overlap_device.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "matmul/slice_rule.h"
#include "matmul/tile_choice.h"
#include "support/cl_error.h"

namespace clopencl::matmul {

using apps::Check;

namespace {

// Two pieces suffice while the tiles' way back is short against a kernel; a third hides that, too.
constexpr int kMaxDepth = 3;

// The part of a device's memory that blocks may take: a device without memory of its own shares it with the
// matrices.
constexpr double kMemoryShare = 0.5;
constexpr double kUnifiedMemoryShare = 0.25;

int Depth(const apps::DeviceInfo& device, const Problem& problem) {
  return Fits(device, NeedFor(problem.n(), problem.slice(), kMaxDepth)) ? kMaxDepth : kMaxDepth - 1;
}

int Slots(const apps::DeviceInfo& device, const Problem& problem) {
  const double share = device.unified_memory ? kUnifiedMemoryShare : kMemoryShare;
  const double block = static_cast<double>(problem.n() * problem.slice()) * sizeof(float);
  const double pairs = static_cast<double>(device.global_memory) * share / (2 * block);
  const int useful = std::max(problem.blocks_per_side(), Depth(device, problem));
  return std::clamp(static_cast<int>(std::min(pairs, 1e6)), Depth(device, problem), useful);
}

apps::Event Share(const apps::Event& event) {
  Check(clRetainEvent(event.get()), "clRetainEvent");
  return apps::Event(event.get());
}

}  // namespace

OverlapDevice::OverlapDevice(const apps::DeviceInfo& device, const Problem& problem)
    : session_(device, problem.n(), problem.slice()),
      upload_(session_.MakeQueue()),
      compute_(session_.MakeQueue()),
      download_(session_.MakeQueue()),
      a_(Slots(device, problem)),
      b_(Slots(device, problem)) {
  for (int i = 0; i < Depth(device, problem); ++i) tiles_.push_back(session_.MakeTile());
  WarmUp(problem);
}

void OverlapDevice::WarmUp(const Problem& problem) {
  a_.buffers.front() = session_.MakeBlock(CL_MEM_READ_ONLY);
  b_.buffers.front() = session_.MakeBlock(CL_MEM_READ_ONLY);
  const auto slice = static_cast<int>(problem.slice());
  for (const int height : PieceHeights(slice)) {
    // A driver may compile once for launches with an offset and once for those without.
    for (const int first : {0, slice - height}) {
      session_.WarmUp(compute_.get(), a_.buffers.front().get(), b_.buffers.front().get(),
                      tiles_.front().get(), {.row = 0, .column = 0, .first = first, .last = first + height});
      if (height == slice) break;
    }
  }
}

int OverlapDevice::Load(Operand& operand, const Problem& problem, int block, BlockCache::Rows rows,
                        const float* host, Flight& flight, DeviceReport& report) {
  const std::optional<BlockCache::Placement> placement = operand.cache.Pin(block, rows);
  // There are at least as many slots as pieces in flight.
  if (!placement) throw std::logic_error("no slot is free for a block");
  const auto slot = static_cast<std::size_t>(placement->slot);
  if (!operand.buffers[slot]) operand.buffers[slot] = session_.MakeBlock(CL_MEM_READ_ONLY);
  const std::size_t row_bytes = static_cast<std::size_t>(problem.n()) * sizeof(float);
  for (const BlockCache::Rows& part : placement->send) {
    const std::size_t offset = static_cast<std::size_t>(part.first) * row_bytes;
    const std::size_t bytes = static_cast<std::size_t>(part.count()) * row_bytes;
    apps::Event write;
    Check(clEnqueueWriteBuffer(upload_.get(), operand.buffers[slot].get(), CL_FALSE, offset, bytes,
                               host + static_cast<std::int64_t>(part.first) * problem.n(), 0, nullptr,
                               write.Receive()),
          "clEnqueueWriteBuffer of a block of rows");
    report.bytes_written += bytes;
    operand.ready[slot] = Share(write);
    flight.writes.push_back(std::move(write));
  }
  return placement->slot;
}

void OverlapDevice::EnqueueRead(Problem& problem, Flight& flight, DeviceReport& report) {
  const Piece& piece = flight.piece;
  const auto slice = static_cast<std::size_t>(problem.slice());
  const std::size_t first = static_cast<std::size_t>(piece.first) * slice;
  const std::size_t bytes = static_cast<std::size_t>(piece.rows()) * slice * sizeof(float);
  Check(clEnqueueReadBuffer(download_.get(), tiles_[flight.tile].get(), CL_FALSE, first * sizeof(float),
                            bytes, problem.Tile(piece.row, piece.column) + first, 1, flight.kernel.address(),
                            flight.read.Receive()),
        "clEnqueueReadBuffer of subC");
  report.bytes_read += bytes;
}

void OverlapDevice::Start(Problem& problem, const Piece& piece, DeviceReport& report) {
  const std::int64_t slice = problem.slice();
  // In the pipeline before the first command: Abandon must know of it whatever fails below.
  Flight& flight = pipeline_.emplace_back();
  flight.piece = piece;
  flight.tile = next_tile_;
  next_tile_ = (next_tile_ + 1) % tiles_.size();
  flight.slot_of_a = Load(a_, problem, piece.row, {piece.first, piece.last},
                          problem.RowOfA(piece.row * slice), flight, report);
  flight.slot_of_b = Load(b_, problem, piece.column, {0, static_cast<int>(slice)},
                          problem.ColumnOfB(piece.column * slice), flight, report);
  Check(clFlush(upload_.get()), "clFlush");

  const auto a = static_cast<std::size_t>(flight.slot_of_a);
  const auto b = static_cast<std::size_t>(flight.slot_of_b);
  flight.kernel =
      session_.EnqueuePiece(compute_.get(), a_.buffers[a].get(), b_.buffers[b].get(),
                            tiles_[flight.tile].get(), piece, {a_.ready[a].get(), b_.ready[b].get()});
  Check(clFlush(compute_.get()), "clFlush");
  EnqueueRead(problem, flight, report);
  Check(clFlush(download_.get()), "clFlush");
}

Piece OverlapDevice::Finish(DeviceReport& report) {
  Flight& flight = pipeline_.front();
  const cl_int code = clWaitForEvents(1, flight.read.address());
  // The first command that went wrong is the cause of what follows it.
  for (const apps::Event& write : flight.writes) CheckDone(write.get(), "writing a block of rows");
  CheckDone(flight.kernel.get(), "kernel sbmp");
  CheckDone(flight.read.get(), "reading subC");
  Check(code, "clWaitForEvents");

  bool profiled = AddSeconds(flight.kernel.get(), report.times.kernel);
  profiled = AddSeconds(flight.read.get(), report.times.read) && profiled;
  for (const apps::Event& write : flight.writes)
    profiled = AddSeconds(write.get(), report.times.write) && profiled;
  report.profiled = profiled;
  a_.cache.Unpin(flight.slot_of_a);
  b_.cache.Unpin(flight.slot_of_b);
  const Piece piece = flight.piece;
  pipeline_.pop_front();
  return piece;
}

std::vector<Piece> OverlapDevice::Abandon() noexcept {
  // Errors are of no interest any more, only that nothing is left running.
  for (const apps::Queue* queue : {&upload_, &compute_, &download_}) clFinish(queue->get());
  std::vector<Piece> pieces;
  for (const Flight& flight : pipeline_) pieces.push_back(flight.piece);
  pipeline_.clear();
  return pieces;
}

}  // namespace clopencl::matmul
