// Coarse-grained shared virtual memory. Addresses from the wire are looked up before anything touches them.
#include <memory>
#include <vector>

#include "rankserver/command.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {

void Channel::On(const wire::SvmAllocate& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  void* address = nullptr;
  if (context != nullptr && api().SVMAlloc != nullptr) {
    address = api().SVMAlloc((*context)->native.get(), m.flags, m.size, m.alignment);
  }
  if (address != nullptr) (*context)->svm[reinterpret_cast<uint64_t>(address)] = {m.size};
  Send(wire::SvmAllocated{m.request, reinterpret_cast<uint64_t>(address)});
}

void Channel::On(const wire::SvmFree& m) {
  const std::shared_ptr<Context>* context = contexts.Find(m.context);
  if (context == nullptr || (*context)->svm.erase(m.address) == 0) return;
  api().SVMFree((*context)->native.get(), reinterpret_cast<void*>(m.address));
}

void Channel::MoveSvm(const wire::Command& wire_command, uint64_t address, uint64_t size, Direction direction,
                      uint32_t tag, wire::ByteView data) {
  Enqueue command(*this, wire_command);
  const bool reads = direction == Direction::kFromDevice;
  if (reads && tag == 0) command.ReadsInline();
  if (command.ok() &&
      (api().EnqueueSVMMemcpy == nullptr || !command.queue().context->HoldsSvm(address, size))) {
    command.Fail(CL_INVALID_VALUE);
  }
  if (!reads && tag == 0 && data.size() != size) command.Fail(CL_INVALID_VALUE);
  if (reads && tag == 0 && !wire_command.event) command.Fail(CL_INVALID_EVENT);
  Transfer::Request request;
  if (const std::shared_ptr<Queue>* queue = queues.Find(wire_command.queue)) request.queue = *queue;
  request.event = wire_command.event;
  request.direction = direction;
  request.peer = {0, tag};
  request.size = size;
  if (!command.ok()) {
    std::make_shared<FailedTransfer>(*this, std::move(request))->StartFailed(command.error());
    return;
  }
  void* const svm = reinterpret_cast<void*>(address);
  const auto transfer = MakeStagedTransfer(
      *this, std::move(request), [this, svm, size, reads](const NativeArgs& to, void* staging) {
        return api().EnqueueSVMMemcpy(to.queue, CL_FALSE, reads ? staging : svm, reads ? svm : staging, size,
                                      to.count, to.list, to.event);
      });
  if (!reads && tag == 0) transfer->SetInlineData(data);
  transfer->Start(command.waits());
}

void Channel::On(const wire::SvmRead& m) {
  MoveSvm(m.command, m.address, m.size, Direction::kFromDevice, m.to.payload_tag, {});
}

void Channel::On(const wire::SvmWrite& m) {
  MoveSvm(m.command, m.address, m.size, Direction::kToDevice, m.from.payload_tag, m.from.data);
}

namespace {

// Fails the command when the platform lacks the function or an address does not belong to the context.
template <typename Function>
void CheckSvm(Enqueue& command, Function function,
              std::initializer_list<std::pair<uint64_t, uint64_t>> ranges) {
  if (!command.ok()) return;
  if (function == nullptr) return command.Fail(CL_INVALID_OPERATION);
  for (const auto& [address, size] : ranges) {
    if (!command.queue().context->HoldsSvm(address, size)) command.Fail(CL_INVALID_VALUE);
  }
}

}  // namespace

void Channel::On(const wire::SvmCopy& m) {
  Enqueue command(*this, m.command);
  CheckSvm(command, api().EnqueueSVMMemcpy, {{m.destination, m.size}, {m.source, m.size}});
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueSVMMemcpy(to.queue, CL_FALSE, reinterpret_cast<void*>(m.destination),
                                  reinterpret_cast<const void*>(m.source), m.size, to.count, to.list,
                                  to.event);
  });
}

void Channel::On(const wire::SvmFill& m) {
  Enqueue command(*this, m.command);
  CheckSvm(command, api().EnqueueSVMMemFill, {{m.address, m.size}});
  command.Run([&](const NativeArgs& to) {
    return api().EnqueueSVMMemFill(to.queue, reinterpret_cast<void*>(m.address), m.pattern.data(),
                                   m.pattern.size(), m.size, to.count, to.list, to.event);
  });
}

void Channel::On(const wire::SvmMigrate& m) {
  Enqueue command(*this, m.command);
  CheckSvm(command, api().EnqueueSVMMigrateMem, {});
  if (!m.sizes.empty() && m.sizes.size() != m.addresses.size()) command.Fail(CL_INVALID_VALUE);
  struct Lists {
    std::vector<const void*> addresses;
    std::vector<size_t> sizes;
  };
  const auto lists = std::make_shared<Lists>();
  for (size_t i = 0; i < m.addresses.size() && command.ok(); ++i) {
    const uint64_t size = m.sizes.empty() ? 0 : m.sizes[i];
    if (!command.queue().context->HoldsSvm(m.addresses[i], size)) command.Fail(CL_INVALID_VALUE);
    lists->addresses.push_back(reinterpret_cast<const void*>(m.addresses[i]));
    lists->sizes.push_back(size);
  }
  command.NeedEvent();
  const bool runs = command.Run([&](const NativeArgs& to) {
    return api().EnqueueSVMMigrateMem(
        to.queue, static_cast<cl_uint>(lists->addresses.size()), lists->addresses.data(),
        m.sizes.empty() ? nullptr : lists->sizes.data(), m.flags, to.count, to.list, to.event);
  });
  // As for memory objects, the runtime may look at the lists when it runs the command.
  if (!runs) return;
  Track(command.TakeEvent(), command.shared_queue(), command.sequence(), [lists](cl_int) {});
}

}  // namespace clopencl::rankserver
