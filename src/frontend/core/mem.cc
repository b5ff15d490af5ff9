#include "frontend/core/mem.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "common/huge_pages.h"
#include "frontend/core/command.h"
#include "frontend/core/event.h"
#include "frontend/core/image_format.h"
#include "frontend/core/svm.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {
namespace {

// What the native object is made with: where its memory lies and what kernels may do. Host access flags are
// checked here and would only forbid the server what it has to do.
constexpr cl_mem_flags kNativeFlags = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY |
                                      CL_MEM_ALLOC_HOST_PTR | CL_MEM_KERNEL_READ_AND_WRITE;

// Copies rows between a host layout with pitches and the packed layout of the wire.
void PackImage(const Mem& image, const std::byte* from, std::byte* packed) {
  const auto extent = image.extent();
  const size_t row = extent[0] * image.pixel_size();
  const bool rows_are_layers = image.type() == CL_MEM_OBJECT_IMAGE1D_ARRAY;
  for (uint64_t z = 0; z < extent[2]; ++z) {
    for (uint64_t y = 0; y < extent[1]; ++y) {
      const size_t at =
          z * image.slice_pitch() + y * (rows_are_layers ? image.slice_pitch() : image.row_pitch());
      std::memcpy(packed, from + at, row);
      packed += row;
    }
  }
}

}  // namespace

AlignedMemory AllocateAligned(size_t size) {
  const size_t alignment = size >= kLeastForHugePages ? kHugePageSize : size >= 4096 ? 4096 : 128;
  void* memory =
      std::aligned_alloc(alignment, (std::max<size_t>(size, 1) + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  if (size >= kLeastForHugePages) AdviseHugePages(memory, size);
  return AlignedMemory(static_cast<std::byte*>(memory));
}

Mem::Mem(Context& context, Description description) : context_(Ref(context)), what_(std::move(description)) {
  if (is_image()) {
    pixel_size_ = PixelSize(what_.format);
    row_pitch_ = what_.image.image_row_pitch != 0 ? what_.image.image_row_pitch
                                                  : what_.image.image_width * pixel_size_;
    slice_pitch_ = what_.image.image_slice_pitch;
    if (slice_pitch_ == 0) {
      if (type() == CL_MEM_OBJECT_IMAGE1D_ARRAY) slice_pitch_ = row_pitch_;
      if (type() == CL_MEM_OBJECT_IMAGE2D_ARRAY || type() == CL_MEM_OBJECT_IMAGE3D)
        slice_pitch_ = row_pitch_ * what_.image.image_height;
    }
  }
  if (uses_host_ptr() && is_buffer() && SvmSpace::Instance().Contains(context, what_.host_ptr, size()))
    svm_address_ = reinterpret_cast<uint64_t>(what_.host_ptr);
  const bool has_contents = (flags() & (CL_MEM_COPY_HOST_PTR | CL_MEM_USE_HOST_PTR)) != 0 && !over_svm();
  if (parent() == nullptr && has_contents) CopyInitialContents();
  std::lock_guard lock(TheRuntime().command_mutex());
  if (parent() == nullptr && context.spans_servers()) residency_ = std::make_unique<Residency>(size());
  id_ = TheRuntime().ids().mems.Insert(this);
  if (is_sub_buffer()) sub_buffer_number_ = parent()->sub_buffers_.Add(*this);
}

Mem::~Mem() {
  Runtime& runtime = TheRuntime();
  {
    std::lock_guard lock(runtime.command_mutex());
    known_.ForEach([&](size_t session) {
      runtime.sessions()[session]->Post(wire::Release{wire::ObjectKind::kMem, id_.Pack()});
    });
    runtime.ids().mems.Erase(id_);
    if (is_sub_buffer()) parent()->sub_buffers_.Remove(sub_buffer_number_);
  }
  for (auto callback = destructor_callbacks_.rbegin(); callback != destructor_callbacks_.rend(); ++callback)
    runtime.callbacks().Add(std::move(*callback));
}

size_t Mem::host_size() const {
  if (!is_image()) return size();
  if (type() == CL_MEM_OBJECT_IMAGE1D_ARRAY) return slice_pitch_ * extent()[1];
  return slice_pitch_ != 0 ? slice_pitch_ * extent()[2] : row_pitch_ * extent()[1];
}

std::array<uint64_t, 3> Mem::extent() const {
  const cl_image_desc& image = what_.image;
  const auto at_least_1 = [](size_t value) { return std::max<uint64_t>(value, 1); };
  switch (type()) {
    case CL_MEM_OBJECT_IMAGE1D:
    case CL_MEM_OBJECT_IMAGE1D_BUFFER:
      return {image.image_width, 1, 1};
    case CL_MEM_OBJECT_IMAGE1D_ARRAY:
      return {image.image_width, at_least_1(image.image_array_size), 1};
    case CL_MEM_OBJECT_IMAGE2D:
      return {image.image_width, at_least_1(image.image_height), 1};
    case CL_MEM_OBJECT_IMAGE2D_ARRAY:
      return {image.image_width, at_least_1(image.image_height), at_least_1(image.image_array_size)};
    default:
      return {image.image_width, at_least_1(image.image_height), at_least_1(image.image_depth)};
  }
}

// The contents as of now, because the application may change its memory as soon as the object is created.
// With CL_MEM_USE_HOST_PTR, too: contents are the memory's at creation; later changes go through mapping.
void Mem::CopyInitialContents() {
  AlignedMemory copy = AllocateAligned(size());
  if (is_image()) {
    PackImage(*this, static_cast<const std::byte*>(what_.host_ptr), copy.get());
  } else {
    std::memcpy(copy.get(), what_.host_ptr, size());
  }
  initial_ = std::move(copy);
}

void Mem::PostCreate(Session& session) {
  const uint64_t native_flags = flags() & kNativeFlags;
  if (is_sub_buffer()) {
    session.Post(wire::CreateSubBuffer{id_, parent()->id(), native_flags, what_.origin, size()});
  } else if (is_buffer()) {
    session.Post(wire::CreateBuffer{id_, context_->id(), native_flags, size(), svm_address_});
  } else if (type() == CL_MEM_OBJECT_PIPE) {
    session.Post(wire::CreatePipe{id_, context_->id(), native_flags, what_.packet_size, what_.max_packets});
  } else {
    const cl_image_desc& image = what_.image;
    wire::CreateImage message{id_, context_->id(), native_flags};
    message.format = {what_.format.image_channel_order, what_.format.image_channel_data_type};
    message.type = type();
    message.extent = {image.image_width, image.image_height, image.image_depth, image.image_array_size};
    if (parent() != nullptr) {
      message.pitches = {image.image_row_pitch, image.image_slice_pitch};
      message.parent = parent()->id();
    }
    message.mip_levels_and_samples = {image.num_mip_levels, image.num_samples};
    session.Post(message);
  }
}

// A native runtime hears of sub-buffers before the next use of their memory, as from the program: NVIDIA's
// crashes when one is released beside which another was made after a use (driver 580).
void Mem::EnsureOn(Session& session) {
  Mem& storage = root();
  if (known_.Has(session.index()) && storage.sub_buffers_.NoneNew(session.index())) return;
  storage.Introduce(session);
  for (Mem* sub_buffer : storage.sub_buffers_.Take(session.index())) sub_buffer->Introduce(session);
  Introduce(session);
}

void Mem::Introduce(Session& session) {
  if (known_.Has(session.index())) return;
  known_.Add(session.index());
  context_->EnsureOn(session);
  if (parent() != nullptr) parent()->Introduce(session);
  PostCreate(session);
  if (initial_ != nullptr) Upload(session);
}

void Mem::Upload(Session& session) {
  Runtime& runtime = TheRuntime();
  wire::UploadContents message{id_, 0, size()};
  const std::span<const std::byte> contents(initial_.get(), size());
  const auto payload_tag =
      size() > runtime.config().inline_bytes ? runtime.payload_tags().Take() : std::nullopt;
  if (payload_tag) {
    message.payload_tag = *payload_tag;
    runtime.AddOutstanding();
    // The tag is free again when the server says ContentsMoved, not when the data has left.
    session.PostSend(*payload_tag, contents, [keep = initial_](bool) {});
  } else {
    message.data = contents;
  }
  session.Post(message);
  initial_ = nullptr;
  if (residency_) residency_->Write(session.index(), 0, size());
}

void Mem::Access(Session& session, const Rows& parts, bool reads, bool writes) {
  EnsureOn(session);
  Mem& storage = root();
  if (storage.residency_ == nullptr) return;
  storage.EnsureOn(session);
  Residency& residency = *storage.residency_;
  Rows range = parts;
  range.offset += root_offset();
  if (storage.is_image()) {
    range = {0, storage.size()};  // Images move as a whole, and are kept as a whole.
    reads = true;
  } else if (is_image()) {
    range = {root_offset(), host_size()};  // Takes the bytes between its rows with it.
  }
  const auto for_each_row = [&range](auto&& visit) {
    for (size_t row = 0; row < range.rows; ++row) visit(range.offset + row * range.pitch);
  };
  if (reads) {
    std::vector<Residency::Move> moves;
    for_each_row([&](size_t at) {
      const auto stale = residency.Read(session.index(), at, range.size);
      moves.insert(moves.end(), stale.begin(), stale.end());
    });
    for (const Residency::Move& move : Residency::Combine(moves)) storage.MoveContents(move, session);
  }
  if (writes) for_each_row([&](size_t at) { residency.Write(session.index(), at, range.size); });
}

// From the holder that can have sent it first, by the bytes that are before it: on the way to that holder, if
// it does not have the contents yet, and on the way that they take. So copies for many spread as a tree,
// whose inner nodes are replicas, and a host's link is not asked for what another's can bring.
void Mem::MoveContents(const Residency::Move& move, Session& to) {
  constexpr uint64_t kLeastBytes = 4096;  // So that many small ones count, too.
  Runtime& runtime = TheRuntime();
  const uint64_t bytes = std::max<uint64_t>(move.bytes(), kLeastBytes);
  Session* from = nullptr;
  MoveWay* way = nullptr;
  uint64_t shortest = 0;
  move.holders.ForEach([&](size_t index) {
    Session& holder = *runtime.sessions()[index];
    MoveWay& its_way = holder.host() == to.host() ? runtime.move_load().Local(index)
                                                  : runtime.move_load().Link(holder.host());
    const auto arrival = arrivals_.find(index);
    const uint64_t has_it = arrival == arrivals_.end() ? 0 : arrival->second.Waiting();
    const uint64_t takes = std::max(has_it + its_way.Alone(bytes), its_way.WaitingWith(bytes));
    if (from != nullptr && shortest <= takes) return;
    from = &holder;
    way = &its_way;
    shortest = takes;
  });
  const auto payload_tag = runtime.payload_tags().Take();
  Require(payload_tag.has_value(), CL_OUT_OF_RESOURCES);
  runtime.move_load().Began(*payload_tag, *way, bytes);
  arrivals_[to.index()] = {way, way->Post(bytes)};
  from->AddMovedBytes(move.bytes());
  const auto peer = [](const Session& session) { return static_cast<uint32_t>(session.peer()); };
  from->Post(wire::SendContents{id(), move.offset, move.size, peer(to), *payload_tag, move.rows, move.pitch});
  to.Post(
      wire::ReceiveContents{id(), move.offset, move.size, peer(*from), *payload_tag, move.rows, move.pitch});
  runtime.AddOutstanding();  // Until ContentsMoved.
}

std::byte* Mem::HostCopy() {
  if (parent() != nullptr && !is_image()) return parent()->HostCopy() + what_.origin;
  if (parent() != nullptr) return parent()->HostCopy();
  if (uses_host_ptr()) return static_cast<std::byte*>(what_.host_ptr);
  std::lock_guard lock(host_mutex_);
  if (host_copy_ == nullptr) host_copy_ = AllocateAligned(host_size());
  return host_copy_.get();
}

void Mem::AddMapping(const Mapping& mapping) {
  std::lock_guard lock(host_mutex_);
  mappings_.push_back(mapping);
}

std::optional<Mapping> Mem::TakeMapping(void* pointer) {
  std::lock_guard lock(host_mutex_);
  const auto at = std::find_if(mappings_.begin(), mappings_.end(),
                               [&](const Mapping& mapping) { return mapping.pointer == pointer; });
  if (at == mappings_.end()) return std::nullopt;
  const Mapping mapping = *at;
  mappings_.erase(at);
  return mapping;
}

cl_uint Mem::map_count() const {
  std::lock_guard lock(host_mutex_);
  return static_cast<cl_uint>(mappings_.size());
}

void Mem::AddDestructorCallback(std::function<void()> callback) {
  std::lock_guard lock(host_mutex_);
  destructor_callbacks_.push_back(std::move(callback));
}

void Mem::ReleaseFromApplication() {
  bool has_callbacks;
  {
    std::lock_guard lock(host_mutex_);
    has_callbacks = !destructor_callbacks_.empty();
  }
  if (!has_callbacks || api_references.load() != 1) return Release();
  // The callbacks tell the application that no command uses the object any more: hold it until the queues
  // that may are through with what they have.
  Runtime& runtime = TheRuntime();
  std::vector<Ref<Queue>> alive;  // Dropped without the lock: the last reference takes a queue off the list.
  {
    std::lock_guard lock(runtime.command_mutex());
    for (Queue* queue : context_->queues())
      if (queue->TryAddReference()) alive.push_back(Ref<Queue>::Adopt(queue));
    std::erase_if(alive, [this](const Ref<Queue>& queue) {
      const bool may_use = known_.Has(queue->session().index()) || !queue->held().empty();
      return !queue->known() || !may_use || queue->session().failed();
    });
  }
  for (const auto& queue : alive) {
    PendingCommand marker(*queue, CL_COMMAND_MARKER, WaitList(*context_, 0, nullptr), true);
    marker.AfterAllTransfers();
    marker.event()->OnComplete([keep = Ref<Mem>(this)](cl_int) {});
    marker.Post(wire::Marker{marker.wire()});
    marker.Watch();
    marker.Commit(nullptr);
  }
  runtime.FlushAll();
  Release();
}

}  // namespace clopencl::frontend
