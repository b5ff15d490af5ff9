// Gives out ids and finds the live object behind one. Guarded by the runtime's command mutex.
#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"

namespace clopencl::frontend {

template <typename Kind, typename T>
class IdTable {
 public:
  Id<Kind> Insert(T* object) {
    uint32_t index;
    if (free_.empty()) {
      index = static_cast<uint32_t>(slots_.size());
      slots_.push_back({});
    } else {
      index = free_.back();
      free_.pop_back();
    }
    slots_[index].object = object;
    return {index, slots_[index].generation};
  }

  // Null when the object is gone.
  T* Find(Id<Kind> id) const {
    return id.index < slots_.size() && slots_[id.index].generation == id.generation ? slots_[id.index].object
                                                                                    : nullptr;
  }

  void Erase(Id<Kind> id) {
    if (Find(id) == nullptr) return;
    slots_[id.index].object = nullptr;
    ++slots_[id.index].generation;
    free_.push_back(id.index);
  }

  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (const Slot& slot : slots_)
      if (slot.object != nullptr) visit(slot.object);
  }

 private:
  struct Slot {
    T* object = nullptr;
    uint32_t generation = 0;
  };
  std::vector<Slot> slots_{1};  // Index 0 is the null id.
  std::vector<uint32_t> free_;
};

}  // namespace clopencl::frontend
