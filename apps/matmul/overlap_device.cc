#include "matmul/overlap_device.h"

#include <algorithm>
#include <string>

#include "matmul/slice_rule.h"
#include "matmul/tile_choice.h"
#include "support/cl_error.h"

namespace clopencl::matmul {

using apps::Check;

namespace {

// While blocks come over a slow link the next one has to be asked for several pieces before it is needed: a
// device with a square of tiles needs a new block once in as many pieces as the square is wide.
constexpr int kMaxDepth = 5;
constexpr int kMinDepth = 2;
// Pairs of blocks beyond those of the pieces in flight: blocks that stay for later pieces, or that are shared
// with devices that still need them.
constexpr int kSpare = 2;

// The part of a device's memory that blocks may take: a device without memory of its own shares it with the
// matrices.
constexpr double kMemoryShare = 0.75;
constexpr double kUnifiedMemoryShare = 0.25;

int Depth(const apps::DeviceInfo& device, const Problem& problem) {
  int depth = kMaxDepth;
  while (depth > kMinDepth && !Fits(device, NeedFor(problem.n(), problem.slice(), depth + kSpare))) --depth;
  return depth;
}

int Slots(const apps::DeviceInfo& device, const Problem& problem) {
  const double share = device.unified_memory ? kUnifiedMemoryShare : kMemoryShare;
  const double block = static_cast<double>(problem.n() * problem.slice()) * sizeof(float);
  const double pairs = static_cast<double>(device.global_memory) * share / (2 * block);
  const int useful = std::max(problem.blocks_per_side(), Depth(device, problem));
  return std::clamp(static_cast<int>(std::min(pairs, 1e6)), Depth(device, problem), useful);
}

}  // namespace

OverlapDevice::OverlapDevice(DeviceSession session, const Problem& problem)
    : session_(std::move(session)),
      upload_(session_.MakeQueue()),
      compute_(session_.MakeQueue()),
      download_(session_.MakeQueue()) {
  for (int i = 0; i < Depth(session_.device(), problem); ++i) tiles_.push_back(session_.MakeTile());
  WarmUp(problem);
}

void OverlapDevice::UseOwnBlocks(const Problem& problem) {
  const int slots = Slots(session_.device(), problem);
  UseBlocks(std::make_unique<OwnBlocks>(session_, problem, &HostBlockOfA, slots),
            std::make_unique<OwnBlocks>(session_, problem, &HostBlockOfB, slots));
}

void OverlapDevice::UseBlocks(std::unique_ptr<BlockStore> a, std::unique_ptr<BlockStore> b) {
  a_ = std::move(a);
  b_ = std::move(b);
}

void OverlapDevice::WarmUp(const Problem& problem) {
  const apps::Memory block = session_.MakeBlock(CL_MEM_READ_ONLY);
  const auto slice = static_cast<int>(problem.slice());
  for (const int height : PieceHeights(slice)) {
    // A driver may compile once for launches with an offset and once for those without.
    for (const int first : {0, slice - height}) {
      session_.WarmUp(compute_.get(), block.get(), block.get(), tiles_.front().get(),
                      {.row = 0, .column = 0, .first = first, .last = first + height});
      if (height == slice) break;
    }
  }
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
  // In the pipeline before the first command: Abandon must know of it whatever fails below.
  Flight& flight = pipeline_.emplace_back();
  flight.piece = piece;
  flight.tile = next_tile_;
  next_tile_ = (next_tile_ + 1) % tiles_.size();
  flight.a = a_->Load(piece.row, {piece.first, piece.last}, upload_.get(), flight.transfers, report);
  flight.b =
      b_->Load(piece.column, {0, static_cast<int>(problem.slice())}, upload_.get(), flight.transfers, report);
  Check(clFlush(upload_.get()), "clFlush");

  std::vector<cl_event> ready = flight.a->ready;
  ready.insert(ready.end(), flight.b->ready.begin(), flight.b->ready.end());
  flight.kernel = session_.EnqueuePiece(compute_.get(), flight.a->buffer, flight.b->buffer,
                                        tiles_[flight.tile].get(), piece, ready);
  Check(clFlush(compute_.get()), "clFlush");
  EnqueueRead(problem, flight, report);
  Check(clFlush(download_.get()), "clFlush");
}

Piece OverlapDevice::Finish(DeviceReport& report) {
  Flight& flight = pipeline_.front();
  const cl_int code = clWaitForEvents(1, flight.read.address());
  // The first command that went wrong is the cause of what follows it.
  for (const apps::Event& event : flight.transfers) CheckDone(event.get(), "sending a block of rows");
  CheckDone(flight.kernel.get(), "kernel sbmp");
  CheckDone(flight.read.get(), "reading subC");
  Check(code, "clWaitForEvents");

  bool profiled = AddSeconds(flight.kernel.get(), report.times.kernel);
  profiled = AddSeconds(flight.read.get(), report.times.read) && profiled;
  for (const apps::Event& event : flight.transfers)
    profiled = AddSeconds(event.get(), report.times.write) && profiled;
  report.profiled = profiled;
  a_->Unload(flight.a->slot);
  b_->Unload(flight.b->slot);
  const Piece piece = flight.piece;
  pipeline_.pop_front();
  return piece;
}

std::vector<Piece> OverlapDevice::Abandon() noexcept {
  // Errors are of no interest any more, only that nothing is left running.
  for (const apps::Queue* queue : {&upload_, &compute_, &download_}) clFinish(queue->get());
  std::vector<Piece> pieces;
  for (const Flight& flight : pipeline_) {
    pieces.push_back(flight.piece);
    flight.a ? a_->Unload(flight.a->slot) : a_->Drop(flight.piece.row);
    flight.b ? b_->Unload(flight.b->slot) : b_->Drop(flight.piece.column);
  }
  pipeline_.clear();
  return pieces;
}

}  // namespace clopencl::matmul
