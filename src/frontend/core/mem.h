// Memory objects: buffers, sub-buffers, images, pipes.
//
// A memory object is made known to a server when a command there first uses it. Contents given at creation
// stay here until then.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "common/byte_buffer.h"
#include "common/ids.h"
#include "frontend/core/context.h"
#include "frontend/core/sub_buffers.h"
#include "frontend/move_load.h"
#include "frontend/object.h"
#include "frontend/residency.h"
#include "frontend/session_set.h"

namespace clopencl::frontend {

// A region of an image or rectangle, in pixels or bytes.
struct Box {
  std::array<uint64_t, 3> origin{};
  std::array<uint64_t, 3> region{};
};

// Parts of a buffer: `rows` of `size` bytes whose beginnings are `pitch` apart.
struct Rows {
  size_t offset = 0;
  size_t size = 0;
  size_t rows = 1;
  size_t pitch = 0;
};

// One clEnqueueMap* that was not unmapped yet.
struct Mapping {
  void* pointer = nullptr;
  cl_map_flags flags = 0;
  size_t offset = 0;  // Buffers.
  size_t size = 0;
  Box box;  // Images.
};

struct FreeDeleter {
  void operator()(void* memory) const { free(memory); }
};
using AlignedMemory = std::unique_ptr<std::byte, FreeDeleter>;
// Aligned as OpenCL wants mapped memory: to the largest built-in type at least; a page for larger sizes, in
// huge pages where it is worth it. Throws std::bad_alloc.
AlignedMemory AllocateAligned(size_t size);

class Mem : public ObjectOf<Mem, cl_mem, ObjectTag::kMem> {
 public:
  struct Description {
    cl_mem_object_type type = CL_MEM_OBJECT_BUFFER;
    cl_mem_flags flags = 0;
    size_t size = 0;                            // Bytes; of an image: as stored at the host, tightly packed.
    void* host_ptr = nullptr;                   // As given.
    std::vector<cl_mem_properties> properties;  // As given, with the final 0; empty: none given.
    // Sub-buffers and images made from a buffer or image.
    Ref<Mem> parent;
    size_t origin = 0;
    // Images. The descriptor's pitches are those the application gave (0: none).
    cl_image_format format{};
    cl_image_desc image{};
    // Pipes.
    cl_uint packet_size = 0;
    cl_uint max_packets = 0;
  };

  Mem(Context& context, Description description);
  ~Mem();

  MemId id() const { return id_; }
  Context& context() const { return *context_; }
  const Description& what() const { return what_; }
  cl_mem_object_type type() const { return what_.type; }
  cl_mem_flags flags() const { return what_.flags; }
  size_t size() const { return what_.size; }
  Mem* parent() const { return what_.parent.get(); }
  bool is_buffer() const { return what_.type == CL_MEM_OBJECT_BUFFER; }
  bool is_image() const { return what_.type != CL_MEM_OBJECT_BUFFER && what_.type != CL_MEM_OBJECT_PIPE; }
  bool is_sub_buffer() const { return is_buffer() && parent() != nullptr; }
  bool uses_host_ptr() const { return (what_.flags & CL_MEM_USE_HOST_PTR) != 0; }

  // Its storage is shared virtual memory (CL_MEM_USE_HOST_PTR with a pointer of clSVMAlloc).
  bool over_svm() const { return svm_address_ != 0; }

  // Images: bytes of a pixel, the extent of the whole in pixels (1 where a dimension does not exist; array
  // layers in the dimension where origin and region count them), pitches of the host copy.
  size_t pixel_size() const { return pixel_size_; }
  std::array<uint64_t, 3> extent() const;
  size_t row_pitch() const { return row_pitch_; }
  size_t slice_pitch() const { return slice_pitch_; }
  // Bytes of the host copy: of an image, with its pitches.
  size_t host_size() const;

  // The memory object that owns the storage (itself, or the parent's) and where this one starts in it.
  Mem& root() { return parent() != nullptr ? parent()->root() : *this; }
  size_t root_offset() const { return parent() != nullptr ? parent()->root_offset() + what_.origin : 0; }

  // Before a use: makes it known to the server, with its initial contents, and the sub-buffers that there are
  // of its storage. Under the command mutex.
  void EnsureOn(Session& session);
  bool KnownOn(const Session& session) const { return known_.Has(session.index()); }

  // Before a command on `session` that reads and/or writes these parts of this object (images: all of it):
  // makes it known there, moves contents that are stale there, records who holds what afterwards. Under the
  // command mutex.
  void Access(Session& session, const Rows& parts, bool reads, bool writes);

  // The host copy that mapped pointers point into: the application's memory for CL_MEM_USE_HOST_PTR, else
  // allocated at the first use; shared by sub-buffers. Throws std::bad_alloc.
  std::byte* HostCopy();

  void AddMapping(const Mapping& mapping);
  std::optional<Mapping> TakeMapping(void* pointer);
  cl_uint map_count() const;

  void AddDestructorCallback(std::function<void()> callback);
  // clReleaseMemObject: as Release(), but with destructor callbacks waits in the background for the commands
  // that may use it.
  void ReleaseFromApplication();

  // A memory object has contents from its creation until they are at a server.
  bool has_initial_contents() const { return initial_ != nullptr; }

 private:
  void Introduce(Session& session);
  void PostCreate(Session& session);
  void Upload(Session& session);
  void CopyInitialContents();
  void MoveContents(const Residency::Move& move, Session& to);

  const Ref<Context> context_;
  const Description what_;
  size_t pixel_size_ = 0;
  size_t row_pitch_ = 0;
  size_t slice_pitch_ = 0;
  uint64_t svm_address_ = 0;
  MemId id_;

  // Under the command mutex.
  SessionSet known_;
  std::unique_ptr<Residency> residency_;  // Of roots in contexts that span servers.
  struct Arrival {
    const MoveWay* way = nullptr;
    uint64_t position = 0;
    uint64_t Waiting() const { return way->Waiting(position); }
  };
  std::map<size_t, Arrival> arrivals_;  // By session: where the last move to it is.
  std::shared_ptr<std::byte> initial_;  // Contents given at creation, packed; dropped once uploaded.
  SubBuffers sub_buffers_;
  uint64_t sub_buffer_number_ = 0;  // Of a sub-buffer, in its buffer.

  mutable std::mutex host_mutex_;
  AlignedMemory host_copy_;
  std::vector<Mapping> mappings_;
  std::vector<std::function<void()>> destructor_callbacks_;
};

}  // namespace clopencl::frontend
