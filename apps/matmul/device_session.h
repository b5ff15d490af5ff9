// What every schedule needs of one device: a context of its own, the built kernel, queues and buffers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "matmul/schedule.h"
#include "support/cl_handle.h"
#include "support/device_info.h"

namespace clopencl::matmul {

/// Used by one thread at a time. Every member function throws apps::ClError, or std::runtime_error with the
/// build log.
class DeviceSession {
 public:
  /// Builds the kernel for problems of order n cut by slice.
  DeviceSession(const apps::DeviceInfo& device, std::int64_t n, std::int64_t slice);

  /// The same for several devices of one platform in one context, which they keep alive. Throws when the
  /// context can't be made or the kernel does not build for one of them.
  static std::vector<DeviceSession> InOneContext(const std::vector<apps::DeviceInfo>& devices, std::int64_t n,
                                                 std::int64_t slice);

  [[nodiscard]] const apps::DeviceInfo& device() const { return device_; }
  [[nodiscard]] cl_context context() const { return shared_->context.get(); }

  /// An in-order queue, with profiling where the device offers it.
  [[nodiscard]] apps::Queue MakeQueue() const;

  /// A buffer for a row block of A or B, or for a tile of C.
  [[nodiscard]] apps::Memory MakeBlock(cl_mem_flags flags) const;
  [[nodiscard]] apps::Memory MakeTile() const;

  /// Launches the kernel once as EnqueuePiece will, but over rows of length 1, and waits: what the driver
  /// does at a first launch (compiling for a work-group size, moving buffers) is then not part of the
  /// measured time.
  void WarmUp(cl_command_queue queue, cl_mem a, cl_mem b, cl_mem c, const Piece& piece);

  /// Enqueues the rows of `piece` behind `wait_list`. A, B and C are the whole blocks and the whole tile.
  [[nodiscard]] apps::Event EnqueuePiece(cl_command_queue queue, cl_mem a, cl_mem b, cl_mem c,
                                         const Piece& piece, const std::vector<cl_event>& wait_list);

 private:
  struct Shared {
    apps::Context context;
    apps::Program program;
  };

  DeviceSession(std::shared_ptr<const Shared> shared, const apps::DeviceInfo& device, std::int64_t n,
                std::int64_t slice);
  static std::shared_ptr<const Shared> Build(const std::vector<apps::DeviceInfo>& devices);

  [[nodiscard]] apps::Memory MakeBuffer(cl_mem_flags flags, std::size_t bytes, const char* what) const;
  apps::Event Launch(cl_int n, cl_command_queue queue, cl_mem a, cl_mem b, cl_mem c, const Piece& piece,
                     const std::vector<cl_event>& wait_list);

  apps::DeviceInfo device_;
  std::int64_t n_;
  std::int64_t slice_;
  std::shared_ptr<const Shared> shared_;
  apps::Kernel kernel_;
};

/// Throws apps::ClError with the event's own error code when the command `what` ended with one.
void CheckDone(cl_event event, const char* what);

/// Adds the device's seconds between start and end of a finished command to `seconds`; false without
/// profiling.
bool AddSeconds(cl_event event, double& seconds);

/// Calls body(i) for i in [0, count), each on a thread of its own, and returns when all have. Element i of
/// the result is what() of the exception that ended body(i), else empty.
std::vector<std::string> OnThreads(std::size_t count, const std::function<void(std::size_t)>& body);

}  // namespace clopencl::matmul
