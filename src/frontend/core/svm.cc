#include "frontend/core/svm.h"

#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "common/log.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {
namespace {

uintptr_t PageSize() {
  static const auto size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  return size;
}

// Addresses that collide with this process's own are given back and asked for again this often.
constexpr int kTries = 8;

uint64_t AllocateOnServer(Context& context, cl_svm_mem_flags flags, size_t size, cl_uint alignment) {
  Session& session = *context.sessions().front();
  {
    std::lock_guard lock(TheRuntime().command_mutex());
    context.EnsureOn(session);
  }
  uint64_t address = 0;
  TheRuntime().CallAndWait<wire::SvmAllocated>(
      session, wire::SvmAllocate{0, context.id(), flags, size, alignment},
      [&](const wire::SvmAllocated& reply) { address = reply.address; });
  return address;
}

void FreeOnServer(Context& context, uint64_t address) {
  std::lock_guard lock(TheRuntime().command_mutex());
  context.sessions().front()->Post(wire::SvmFree{context.id(), address});
}

}  // namespace

SvmSpace& SvmSpace::Instance() {
  static auto* space = new SvmSpace;  // Outlives static destructors of the application.
  return *space;
}

bool SvmSpace::Reserve(uintptr_t address, size_t size) {
  const uintptr_t first = address / PageSize() * PageSize();
  std::vector<uintptr_t> added;
  for (uintptr_t page = first; page < address + size; page += PageSize()) {
    if (pages_[page]++ != 0) continue;
    void* got = mmap(reinterpret_cast<void*>(page), PageSize(), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
    if (got == reinterpret_cast<void*>(page)) continue;
    if (got != MAP_FAILED) munmap(got, PageSize());
    pages_.erase(page);
    if (page > first) Unreserve(first, page - first);
    return false;
  }
  return true;
}

void SvmSpace::Unreserve(uintptr_t address, size_t size) {
  for (uintptr_t page = address / PageSize() * PageSize(); page < address + size; page += PageSize()) {
    const auto at = pages_.find(page);
    if (at == pages_.end() || --at->second != 0) continue;
    pages_.erase(at);
    munmap(reinterpret_cast<void*>(page), PageSize());
  }
}

void* SvmSpace::Allocate(Context& context, cl_svm_mem_flags flags, size_t size, cl_uint alignment) {
  std::vector<uint64_t> unusable;
  void* result = nullptr;
  for (int i = 0; i < kTries && result == nullptr; ++i) {
    const uint64_t address = AllocateOnServer(context, flags, size, alignment);
    if (address == 0) break;
    std::lock_guard lock(mutex_);
    if (Reserve(address, size)) {
      regions_[address] = {size, &context};
      result = reinterpret_cast<void*>(address);
    } else {
      unusable.push_back(address);
    }
  }
  for (uint64_t address : unusable) FreeOnServer(context, address);
  if (result == nullptr && !unusable.empty())
    Log().error(
        "clSVMAlloc: the addresses of {} bytes of shared memory on the server are in use in this process",
        size);
  return result;
}

void SvmSpace::Free(Context& context, void* pointer) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  {
    std::lock_guard lock(mutex_);
    const auto at = regions_.find(address);
    if (at == regions_.end() || at->second.context != &context) return;
    Unreserve(address, at->second.size);
    regions_.erase(at);
  }
  FreeOnServer(context, address);
}

bool SvmSpace::Contains(const Context& context, const void* pointer, size_t size) const {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  std::lock_guard lock(mutex_);
  auto at = regions_.upper_bound(address);
  if (at == regions_.begin()) return false;
  --at;
  return at->second.context == &context && address + size <= at->first + at->second.size;
}

void SvmSpace::AddMapping(const void* pointer, Mapping mapping) {
  std::lock_guard lock(mutex_);
  mappings_.emplace(reinterpret_cast<uintptr_t>(pointer), mapping);
}

std::optional<SvmSpace::Mapping> SvmSpace::TakeMapping(const void* pointer) {
  std::lock_guard lock(mutex_);
  const auto at = mappings_.find(reinterpret_cast<uintptr_t>(pointer));
  if (at == mappings_.end()) return std::nullopt;
  const Mapping mapping = at->second;
  mappings_.erase(at);
  return mapping;
}

}  // namespace clopencl::frontend
