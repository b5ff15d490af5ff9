// Names of objects on the wire.
//
// The frontend chooses every id, so creating an object needs no answer. An index is reused once its object is
// released; the generation then differs, so that a stale id is recognised. Index 0 is the null id.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace clopencl {

template <typename Kind>
struct Id {
  uint32_t index = 0;
  uint32_t generation = 0;

  explicit operator bool() const { return index != 0; }
  friend auto operator<=>(const Id&, const Id&) = default;

  // An id as one 64-bit word and back, for places that hold ids of several kinds.
  uint64_t Pack() const { return (uint64_t{generation} << 32) | index; }
  static Id Unpack(uint64_t word) { return {static_cast<uint32_t>(word), static_cast<uint32_t>(word >> 32)}; }
};

struct DeviceKind;
struct ContextKind;
struct QueueKind;
struct MemKind;
struct SamplerKind;
struct ProgramKind;
struct KernelKind;
struct EventKind;
struct CommandBufferKind;

using DeviceId = Id<DeviceKind>;
using ContextId = Id<ContextKind>;
using QueueId = Id<QueueKind>;
using MemId = Id<MemKind>;
using SamplerId = Id<SamplerKind>;
using ProgramId = Id<ProgramKind>;
using KernelId = Id<KernelKind>;
using EventId = Id<EventKind>;
using CommandBufferId = Id<CommandBufferKind>;

}  // namespace clopencl

template <typename Kind>
struct std::hash<clopencl::Id<Kind>> {
  size_t operator()(const clopencl::Id<Kind>& id) const noexcept { return std::hash<uint64_t>{}(id.Pack()); }
};
