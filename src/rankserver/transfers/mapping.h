// A buffer or image that stays natively mapped between commands, so that the host reads and writes it through
// a pointer.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "rankserver/channel.h"

namespace clopencl::rankserver {

class Transfer;
struct NativeArgs;

// Of a root object as a whole. Mem::mapping holds the current one; transfers that use it share it. Native
// commands that only read the object go on beside one that is not writable. When a native command wants the
// buffer, the mapping is detached from it and unmapped: behind the native events of the transfers that still
// use it. Belongs to the event loop.
class Mapping : public std::enable_shared_from_this<Mapping> {
 public:
  // The mapping of the object, made when there is none that is good for `access`; `writable`: one that is
  // made is good for all.
  static std::shared_ptr<Mapping> Get(Channel& channel, const std::shared_ptr<Mem>& root, Access access,
                                      bool writable);
  explicit Mapping(bool writable) : writable_(writable) {}
  bool writable() const { return writable_; }

  // Calls `ready`, at once if possible, with the address of the object's first byte, or null and an error.
  using Ready = std::function<void(std::byte* base, cl_int error)>;
  void WhenReady(Ready ready);

  // A transfer that reads or writes through it, from Get() until it is over.
  void AddUser(Transfer* transfer) { users_.push_back(transfer); }
  void RemoveUser(Transfer* transfer);

  bool usable() const { return base_ != nullptr && ready_; }
  std::byte* base() const { return base_; }
  // Of an image: bytes from row to row and from slice (or layer) to slice. Known as soon as there is a
  // mapping.
  size_t row_pitch() const { return row_pitch_; }
  size_t slice_pitch() const { return slice_pitch_; }

  // A native command in `queue` is about to use the buffer. What the command has to wait for becomes a fence
  // of the buffer: an unmap in that queue or, while transfers use the mapping, the end of these, who close
  // it.
  void Detach(Channel& channel, const std::shared_ptr<Queue>& queue, Mem& root);

  // Of a user that removed itself: unmaps once the last user has come here, then calls `closed`. Every user
  // of a mapping that was detached or is closing has to.
  bool closing() const { return !closing_.empty(); }
  void Close(Channel& channel, const std::shared_ptr<Mem>& root, std::function<void()> closed);

 private:
  void Map(const NativeApi& api, const Mem& root, const NativeArgs& to, cl_int& error);
  void OnMapped(cl_int status);
  uint64_t Unmap(Channel& channel, const std::shared_ptr<Queue>& queue, Mem& root, OwnedEvent* event);

  const bool writable_;
  std::byte* base_ = nullptr;
  size_t row_pitch_ = 0;
  size_t slice_pitch_ = 0;
  bool ready_ = false;
  cl_int error_ = CL_SUCCESS;
  OwnedEvent map_event_;
  std::vector<Ready> waiting_;
  std::vector<Transfer*> users_;
  std::vector<std::function<void()>> closing_;
};

}  // namespace clopencl::rankserver
