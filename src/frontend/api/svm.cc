#include "frontend/core/svm.h"

#include <algorithm>
#include <cstring>

#include "frontend/api/api.h"
#include "frontend/api/mem_checks.h"
#include "frontend/core/command.h"
#include "frontend/core/transfer.h"

namespace clopencl::frontend::api {
namespace {

Queue& GetSvmQueue(cl_command_queue handle) {
  Queue& queue = GetHostQueue(handle);
  Require(queue.device().svm() != 0 && queue.context().svm() != 0, CL_INVALID_OPERATION);
  return queue;
}

uint64_t Address(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

}  // namespace

void* CL_API_CALL SVMAlloc(cl_context handle, cl_svm_mem_flags flags, size_t size, cl_uint alignment) {
  try {
    Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
    Require(context.svm() != 0 && size > 0 && size <= context.largest_alloc(), CL_INVALID_VALUE);
    constexpr cl_svm_mem_flags kAccess = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY;
    const cl_svm_mem_flags access = flags & kAccess;
    // Fine-grained memory is not offered (CL_DEVICE_SVM_CAPABILITIES).
    Require((flags & ~kAccess) == 0 && (access & (access - 1)) == 0, CL_INVALID_VALUE);
    Require((alignment & (alignment - 1)) == 0 && alignment <= 128, CL_INVALID_VALUE);
    return SvmSpace::Instance().Allocate(context, access == 0 ? CL_MEM_READ_WRITE : access, size, alignment);
  } catch (const ClError&) {
    return nullptr;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void CL_API_CALL SVMFree(cl_context handle, void* pointer) {
  if (Context* context = FromHandle<Context>(handle)) SvmSpace::Instance().Free(*context, pointer);
}

void EnqueueSVMFree(cl_command_queue queue_handle, cl_uint num_pointers, void* pointers[],
                    NotifySvmFree notify, void* user_data, cl_uint num_events, const cl_event* events,
                    cl_event* event) {
  Queue& queue = GetSvmQueue(queue_handle);
  Require((num_pointers == 0) == (pointers == nullptr), CL_INVALID_VALUE);
  for (cl_uint i = 0; i < num_pointers; ++i) Require(pointers[i] != nullptr, CL_INVALID_VALUE);
  const WaitList wait_list(queue.context(), num_events, events);
  PendingCommand command(queue, CL_COMMAND_SVM_FREE, wait_list, true);
  std::vector<void*> list(pointers, pointers + num_pointers);
  // The event is complete once the memory has been freed, by us or by the application's callback.
  Event* const freed = command.event();
  freed->OnServerDone([owner = Ref(queue), list = std::move(list), notify, user_data, freed = Ref(freed)] {
    TheRuntime().callbacks().Add([=]() mutable {
      if (notify != nullptr) {
        notify(owner->handle(), static_cast<cl_uint>(list.size()), list.data(), user_data);
      } else {
        for (void* pointer : list) SvmSpace::Instance().Free(owner->context(), pointer);
      }
      std::lock_guard lock(TheRuntime().transport_mutex());
      freed->PartDone(CL_COMPLETE);
    });
  });
  command.MakeTransfer(1, false);
  command.Post(wire::Marker{command.wire()});
  command.Commit(event);
}

void EnqueueSVMMemcpy(cl_command_queue queue_handle, cl_bool blocking, void* destination, const void* source,
                      size_t size, cl_uint num_events, const cl_event* events, cl_event* event) {
  Queue& queue = GetSvmQueue(queue_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(destination != nullptr && source != nullptr && size > 0, CL_INVALID_VALUE);
  const uint64_t to = Address(destination), from = Address(source);
  Require(to + size <= from || from + size <= to, CL_MEM_COPY_OVERLAP);
  const bool to_svm = SvmSpace::Instance().Contains(queue.context(), destination, size);
  const bool from_svm = SvmSpace::Instance().Contains(queue.context(), source, size);
  PendingCommand command(queue, CL_COMMAND_SVM_MEMCPY, wait_list, true);
  ByteBuffer packed;
  if (to_svm && from_svm) {
    command.Post(wire::SvmCopy{command.wire(), to, from, size});
  } else if (to_svm) {
    const wire::Source data = SendFrom(command, HostRegion::Contiguous(source, size), packed);
    command.Post(wire::SvmWrite{command.wire(), to, size, data});
  } else if (from_svm) {
    const wire::Destination data = ReceiveInto(command, HostRegion::Contiguous(destination, size));
    command.Post(wire::SvmRead{command.wire(), from, size, data});
  } else {
    command.event()->OnComplete([=](cl_int status) {
      if (status == CL_COMPLETE) std::memcpy(destination, source, size);
    });
    command.MakeTransfer(0, false);
    command.Post(wire::Marker{command.wire()});
  }
  if (blocking) return command.CommitAndWait(event);
  command.Commit(event);
}

void EnqueueSVMMemFill(cl_command_queue queue_handle, void* pointer, const void* pattern, size_t pattern_size,
                       size_t size, cl_uint num_events, const cl_event* events, cl_event* event) {
  Queue& queue = GetSvmQueue(queue_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(pointer != nullptr, CL_INVALID_VALUE);
  const bool power_of_two =
      pattern_size != 0 && (pattern_size & (pattern_size - 1)) == 0 && pattern_size <= 128;
  Require(pattern != nullptr && power_of_two, CL_INVALID_VALUE);
  Require(Address(pointer) % pattern_size == 0 && size > 0 && size % pattern_size == 0, CL_INVALID_VALUE);
  Require(SvmSpace::Instance().Contains(queue.context(), pointer, size), CL_INVALID_VALUE);
  PendingCommand command(queue, CL_COMMAND_SVM_MEMFILL, wait_list, event != nullptr);
  command.Post(wire::SvmFill{
      command.wire(), Address(pointer), {static_cast<const std::byte*>(pattern), pattern_size}, size});
  command.Commit(event);
}

void EnqueueSVMMap(cl_command_queue queue_handle, cl_bool blocking, cl_map_flags flags, void* pointer,
                   size_t size, cl_uint num_events, const cl_event* events, cl_event* event) {
  Queue& queue = GetSvmQueue(queue_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(pointer != nullptr && size > 0, CL_INVALID_VALUE);
  constexpr cl_map_flags kKnown = CL_MAP_READ | CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION;
  Require((flags & ~kKnown) == 0, CL_INVALID_VALUE);
  Require(SvmSpace::Instance().Contains(queue.context(), pointer, size), CL_INVALID_VALUE);
  PendingCommand command(queue, CL_COMMAND_SVM_MAP, wait_list, true);
  if ((flags & CL_MAP_WRITE_INVALIDATE_REGION) != 0) {
    command.Post(wire::Marker{command.wire()});
  } else {
    const wire::Destination to = ReceiveInto(command, HostRegion::Contiguous(pointer, size));
    command.Post(wire::SvmRead{command.wire(), Address(pointer), size, to});
  }
  SvmSpace::Instance().AddMapping(pointer, {size, flags});
  if (blocking) return command.CommitAndWait(event);
  command.Commit(event);
}

void EnqueueSVMUnmap(cl_command_queue queue_handle, void* pointer, cl_uint num_events, const cl_event* events,
                     cl_event* event) {
  Queue& queue = GetSvmQueue(queue_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(pointer != nullptr, CL_INVALID_VALUE);
  const auto mapping = SvmSpace::Instance().TakeMapping(pointer);
  Require(mapping.has_value(), CL_INVALID_VALUE);
  PendingCommand command(queue, CL_COMMAND_SVM_UNMAP, wait_list, true);
  if ((mapping->flags & (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION)) != 0) {
    ByteBuffer packed;
    const wire::Source from = SendFrom(command, HostRegion::Contiguous(pointer, mapping->size), packed);
    command.Post(wire::SvmWrite{command.wire(), Address(pointer), mapping->size, from});
  } else {
    command.Post(wire::Marker{command.wire()});
  }
  command.Commit(event);
}

void EnqueueSVMMigrateMem(cl_command_queue queue_handle, cl_uint num_pointers, const void** pointers,
                          const size_t* sizes, cl_mem_migration_flags flags, cl_uint num_events,
                          const cl_event* events, cl_event* event) {
  Queue& queue = GetSvmQueue(queue_handle);
  const WaitList wait_list(queue.context(), num_events, events);
  Require(num_pointers > 0 && pointers != nullptr, CL_INVALID_VALUE);
  constexpr cl_mem_migration_flags kKnown =
      CL_MIGRATE_MEM_OBJECT_HOST | CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED;
  Require((flags & ~kKnown) == 0, CL_INVALID_VALUE);
  std::vector<uint64_t> addresses, lengths;
  for (cl_uint i = 0; i < num_pointers; ++i) {
    const size_t size = sizes == nullptr ? 0 : sizes[i];
    Require(SvmSpace::Instance().Contains(queue.context(), pointers[i], std::max<size_t>(size, 1)),
            CL_INVALID_VALUE);
    addresses.push_back(Address(pointers[i]));
    lengths.push_back(size);
  }
  PendingCommand command(queue, CL_COMMAND_SVM_MIGRATE_MEM, wait_list, event != nullptr);
  command.Post(wire::SvmMigrate{command.wire(), addresses, lengths, flags});
  command.Commit(event);
}

}  // namespace clopencl::frontend::api
