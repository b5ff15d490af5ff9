// What every OpenCL object of ours starts with, and how handles and objects turn into each other.
//
// Two counts: api references are those of clRetain*/clRelease* and what *_REFERENCE_COUNT answers; internal
// references are the runtime's own (a queue holds its context). The application's share counts as one
// internal reference, so an object is destroyed when both are gone. Thread-safe.
#pragma once

#include <CL/cl_icd.h>

#include <atomic>
#include <cstdint>
#include <utility>

#include "frontend/error.h"

namespace clopencl::frontend {

// The entry points, plain and observed (observe/observer.h). Defined in dispatch_table.cc.
extern const cl_icd_dispatch kDispatchTable;
extern const cl_icd_dispatch kObservedDispatchTable;
// The one of these that this process uses. Constant once the first object is made.
extern const cl_icd_dispatch* dispatch_table;

enum class ObjectTag : uint32_t {
  kDead = 0,
  kPlatform = 0xC10C0001,
  kDevice,
  kContext,
  kQueue,
  kMem,
  kSampler,
  kProgram,
  kKernel,
  kEvent,
  kCommandBuffer,
};

// No virtual functions here or below: the ICD loader wants the dispatch pointer at offset 0.
struct Object {
  const cl_icd_dispatch* const dispatch = dispatch_table;
  ObjectTag tag;
  std::atomic<uint32_t> api_references{1};
  std::atomic<uint32_t> references{1};

  explicit Object(ObjectTag object_tag) : tag(object_tag) {}
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
};

// Base of a concrete type T: Derived : ObjectOf<Derived, cl_xxx, tag>.
template <typename T, typename HandleType, ObjectTag kTag>
struct ObjectOf : Object {
  using Handle = HandleType;
  static constexpr ObjectTag kObjectTag = kTag;

  ObjectOf() : Object(kTag) {}

  Handle handle() { return reinterpret_cast<Handle>(static_cast<Object*>(this)); }

  void AddReference() { references.fetch_add(1, std::memory_order_relaxed); }
  void DropReference() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    tag = ObjectTag::kDead;
    delete static_cast<T*>(this);
  }

  // For an object found in a table, which may be about to go: false when its last reference is gone already.
  bool TryAddReference() {
    uint32_t count = references.load(std::memory_order_relaxed);
    while (count != 0)
      if (references.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) return true;
    return false;
  }

  // clRetain*.
  void Retain() { api_references.fetch_add(1, std::memory_order_relaxed); }
  // clRelease*. The object may be gone afterwards.
  void Release() {
    if (api_references.fetch_sub(1, std::memory_order_acq_rel) == 1) DropReference();
  }
};

// The object behind a handle, or null when the handle is null or not of this type.
template <typename T>
T* FromHandle(typename T::Handle handle) {
  Object* object = reinterpret_cast<Object*>(handle);
  return object != nullptr && object->tag == T::kObjectTag ? static_cast<T*>(object) : nullptr;
}

// The object behind a handle; fails with `code` when there is none.
template <typename T>
T& Get(typename T::Handle handle, cl_int code) {
  T* object = FromHandle<T>(handle);
  Require(object != nullptr, code);
  return *object;
}

// An internal reference.
template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}  // NOLINT: a null reference is written nullptr.
  explicit Ref(T* object) : object_(object) {
    if (object_ != nullptr) object_->AddReference();
  }
  explicit Ref(T& object) : Ref(&object) {}
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->DropReference();
  }

  // Takes over the reference that a new object is born with, for objects the application does not hold.
  static Ref Adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }

  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace clopencl::frontend
