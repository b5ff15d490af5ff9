// Objects by the ids that the frontend chose: dense slots by index, told apart by generation.
#pragma once

#include <CL/cl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/ids.h"

namespace clopencl::rankserver {

// A slot holds an object, or the error with which its creation failed. An id is never trusted: any value is
// answered with an object or an error. Not thread-safe. A pointer stays valid until its slot is erased or
// written anew.
template <typename Object, typename Kind>
class ObjectTable {
 public:
  using IdType = Id<Kind>;

  // More objects of one kind than any frontend makes; bounds what a malformed id can make us allocate.
  static constexpr uint32_t kMaxIndex = uint32_t{1} << 24;

  // `invalid`: the error of looking up an id that names nothing, such as CL_INVALID_MEM_OBJECT.
  explicit ObjectTable(cl_int invalid) : invalid_(invalid) {}

  // Null when the index is 0 or beyond kMaxIndex. What lived at the index is dropped.
  Object* Insert(IdType id, Object object) {
    Slot* slot = MakeSlot(id);
    if (slot == nullptr) return nullptr;
    slot->object = std::move(object);
    slot->error = CL_SUCCESS;
    return &slot->object;
  }

  void InsertError(IdType id, cl_int error) {
    Slot* slot = MakeSlot(id);
    if (slot == nullptr) return;
    slot->object = Object{};
    slot->error = error;
  }

  // Null when there is none; `error` then says why.
  Object* Find(IdType id, cl_int& error) {
    Slot* slot = Lookup(id);
    if (slot == nullptr) {
      error = invalid_;
      return nullptr;
    }
    if (slot->error != CL_SUCCESS) {
      error = slot->error;
      return nullptr;
    }
    return &slot->object;
  }

  Object* Find(IdType id) {
    cl_int ignored = CL_SUCCESS;
    return Find(id, ignored);
  }

  // The object, which leaves the table; an empty one when the id names none.
  Object Take(IdType id) {
    Slot* slot = Lookup(id);
    if (slot == nullptr) return Object{};
    slot->live = false;
    --live_;
    return std::exchange(slot->object, Object{});
  }

  // What Insert would drop; an id of no object when the index is free.
  IdType Occupant(IdType id) {
    const uint32_t page = id.index / kPageSize;
    if (page >= pages_.size() || pages_[page] == nullptr) return {};
    const Slot& slot = (*pages_[page])[id.index % kPageSize];
    return slot.live ? IdType{id.index, slot.generation} : IdType{};
  }

  template <typename Visit>
  void ForEach(Visit visit) {
    for (auto& page : pages_) {
      if (page == nullptr) continue;
      for (Slot& slot : *page) {
        if (slot.live && slot.error == CL_SUCCESS) visit(slot.object);
      }
    }
  }

  // How many ids are in use, those of failed creations too.
  size_t size() const { return live_; }

  void Clear() {
    pages_.clear();
    live_ = 0;
  }

 private:
  struct Slot {
    uint32_t generation = 0;
    bool live = false;
    cl_int error = CL_SUCCESS;
    Object object{};
  };
  static constexpr uint32_t kPageSize = 256;
  using Page = std::array<Slot, kPageSize>;

  Slot* Lookup(IdType id) {
    const uint32_t page = id.index / kPageSize;
    if (page >= pages_.size() || pages_[page] == nullptr) return nullptr;
    Slot& slot = (*pages_[page])[id.index % kPageSize];
    return slot.live && slot.generation == id.generation ? &slot : nullptr;
  }

  Slot* MakeSlot(IdType id) {
    if (id.index == 0 || id.index > kMaxIndex) return nullptr;
    const uint32_t page = id.index / kPageSize;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page] == nullptr) pages_[page] = std::make_unique<Page>();
    Slot& slot = (*pages_[page])[id.index % kPageSize];
    if (!slot.live) ++live_;
    slot.live = true;
    slot.generation = id.generation;
    return &slot;
  }

  const cl_int invalid_;
  std::vector<std::unique_ptr<Page>> pages_;
  size_t live_ = 0;
};

}  // namespace clopencl::rankserver
