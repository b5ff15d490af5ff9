#include "frontend/core/transfer.h"

#include <cstring>
#include <memory>

namespace clopencl::frontend {
namespace {

// Calls copy(row in memory, row in the packed form) for every row.
template <typename Copy>
void ForEachRow(const HostRegion& host, Copy&& copy) {
  size_t packed = 0;
  for (size_t z = 0; z < host.region[2]; ++z)
    for (size_t y = 0; y < host.region[1]; ++y, packed += host.region[0])
      copy(host.base + z * host.slice_pitch + y * host.row_pitch, packed);
}

// One local part of the event. The tag names the transfer until the event is complete: data that has left may
// not have been taken in yet.
transport::Done PartOf(Event& event, transport::Tag tag) {
  event.OnComplete([tag](cl_int) { TheRuntime().payload_tags().Return(tag); });
  return [event = Ref(event)](bool ok) { event->PartDone(ok ? CL_COMPLETE : CL_DEVICE_NOT_AVAILABLE); };
}

}  // namespace

void HostRegion::Pack(std::byte* packed) const {
  ForEachRow(*this, [&](const std::byte* row, size_t at) { std::memcpy(packed + at, row, region[0]); });
}

void HostRegion::Unpack(const std::byte* packed) const {
  ForEachRow(*this, [&](std::byte* row, size_t at) { std::memcpy(row, packed + at, region[0]); });
}

bool WriteNeedsEvent(size_t size) { return size > TheRuntime().config().inline_bytes; }

wire::Destination ReceiveInto(PendingCommand& command, const HostRegion& to) {
  Runtime& runtime = TheRuntime();
  Event& event = *command.event();
  const size_t size = to.size();
  const auto tag = size > runtime.config().inline_bytes ? runtime.payload_tags().Take() : std::nullopt;
  if (!tag) {
    event.OnData([to, size](wire::ByteView data) {
      if (data.size() == size) to.Unpack(data.data());
    });
    command.MakeTransfer(0, true);
    return {0};
  }
  if (to.contiguous()) {
    command.PostReceive(*tag, {to.base, size}, PartOf(event, *tag));
  } else {
    auto packed = std::make_shared<ByteBuffer>(size);
    command.PostReceive(*tag, *packed, PartOf(event, *tag));
    event.OnComplete([to, packed](cl_int status) {
      if (status == CL_COMPLETE) to.Unpack(packed->data());
    });
  }
  command.MakeTransfer(1, false);
  return {*tag};
}

wire::Source SendFrom(PendingCommand& command, const HostRegion& from, ByteBuffer& packed) {
  Runtime& runtime = TheRuntime();
  const size_t size = from.size();
  const auto tag = WriteNeedsEvent(size) ? runtime.payload_tags().Take() : std::nullopt;
  if (!tag) {
    if (from.contiguous()) return {0, {from.base, size}};
    packed.resize(size);
    from.Pack(packed.data());
    return {0, packed};
  }
  Event& event = *command.event();
  if (from.contiguous()) {
    command.PostSend(*tag, {from.base, size}, PartOf(event, *tag));
  } else {
    auto copy = std::make_shared<ByteBuffer>(size);
    from.Pack(copy->data());
    command.PostSend(*tag, *copy, [done = PartOf(event, *tag), copy](bool ok) { done(ok); });
  }
  command.MakeTransfer(1, false);
  return {*tag, {}};
}

}  // namespace clopencl::frontend
