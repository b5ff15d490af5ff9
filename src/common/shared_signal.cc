#include "common/shared_signal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <random>

namespace clopencl {

struct SharedSignal::Memory {
  explicit Memory(uint64_t its_key) : key(its_key) {}

  const uint64_t key;
  std::atomic<uint32_t> openers{0};
  // Apart from what is only read.
  alignas(64) ProgressSignal signal{ProgressSignal::Reach::kProcesses};
};

namespace {

// So that nobody can take away memory that others use.
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

uint64_t RandomKey() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// Null when that fails.
void* Map(int descriptor, size_t size) {
  const int flags = descriptor < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, descriptor, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

// -1 when that fails.
int CreateMemory(size_t size) {
  const int descriptor = memfd_create("clopencl-signal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return -1;
  if (ftruncate(descriptor, static_cast<off_t>(size)) == 0 && fcntl(descriptor, F_ADD_SEALS, kSeals) == 0)
    return descriptor;
  close(descriptor);
  return -1;
}

bool IsSuchMemory(int descriptor, size_t size) {
  struct stat facts {};
  return fcntl(descriptor, F_GET_SEALS) == kSeals && fstat(descriptor, &facts) == 0 &&
         facts.st_size == static_cast<off_t>(size);
}

}  // namespace

std::shared_ptr<SharedSignal> SharedSignal::Create() {
  const int descriptor = CreateMemory(sizeof(Memory));
  void* const memory = Map(descriptor, sizeof(Memory));
  if (memory == nullptr) throw std::bad_alloc();
  SignalAddress address;
  if (descriptor >= 0) address = {static_cast<int32_t>(getpid()), descriptor, RandomKey()};
  return std::shared_ptr<SharedSignal>(
      new SharedSignal(new (memory) Memory(address.key), address, descriptor));
}

std::shared_ptr<SharedSignal> SharedSignal::Open(const SignalAddress& address) {
  if (address.process_id <= 0 || address.descriptor < 0) return nullptr;
  const std::string path = fmt::format("/proc/{}/fd/{}", address.process_id, address.descriptor);
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return nullptr;
  void* memory = IsSuchMemory(descriptor, sizeof(Memory)) ? Map(descriptor, sizeof(Memory)) : nullptr;
  close(descriptor);
  if (memory == nullptr) return nullptr;
  auto* const its = static_cast<Memory*>(memory);
  if (its->key != address.key) {
    munmap(memory, sizeof(Memory));
    return nullptr;
  }
  its->openers.fetch_add(1);
  return std::shared_ptr<SharedSignal>(new SharedSignal(its, address, -1));
}

SharedSignal::SharedSignal(Memory* memory, SignalAddress address, int descriptor)
    : memory_(memory), address_(address), descriptor_(descriptor) {}

SharedSignal::~SharedSignal() {
  const bool opened = descriptor_ < 0 && address_.process_id != 0;
  if (opened) memory_->openers.fetch_sub(1);
  munmap(memory_, sizeof(Memory));
  if (descriptor_ >= 0) close(descriptor_);
}

ProgressSignal& SharedSignal::signal() { return memory_->signal; }

uint32_t SharedSignal::openers() const { return memory_->openers.load(std::memory_order_relaxed); }

}  // namespace clopencl
