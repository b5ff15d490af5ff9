// A signal of this process that other processes of the same machine can set off, so that it can sleep until
// they have something for it. It lies in memory without a name: nothing is left behind, however processes
// end.
#pragma once

#include <cstdint>
#include <memory>

#include "common/progress_signal.h"

namespace clopencl {

// Where other processes find a signal.
struct SignalAddress {
  int32_t process_id = 0;  // 0: they can't.
  int32_t descriptor = 0;
  uint64_t key = 0;  // Nothing else has it: the process may be on another machine, or in another namespace.
};

// Thread-safe.
class SharedSignal {
 public:
  // One that starts quiet. Where the system denies the means, only this process can set it off.
  static std::shared_ptr<SharedSignal> Create();
  // That of another process; null when it can't be reached. It stays usable when its process has ended.
  static std::shared_ptr<SharedSignal> Open(const SignalAddress& address);

  ~SharedSignal();
  SharedSignal(const SharedSignal&) = delete;
  SharedSignal& operator=(const SharedSignal&) = delete;

  const SignalAddress& address() const { return address_; }
  ProgressSignal& signal();
  // How many others have it open now. Who is killed stays among them.
  uint32_t openers() const;

 private:
  struct Memory;

  SharedSignal(Memory* memory, SignalAddress address, int descriptor);

  Memory* const memory_;
  const SignalAddress address_;
  const int descriptor_;  // Open as long as others may come; -1: opened, not created.
};

}  // namespace clopencl
