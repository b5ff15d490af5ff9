// What joining MPI must not do to a program that knows nothing of it.
#pragma once

#include <array>
#include <csignal>

namespace clopencl::transport {

// MPI implementations install handlers for faults while they initialise. This puts the program's own back
// when it is destroyed, so that a crash of the program looks as it does without us.
class KeptSignalHandlers {
 public:
  KeptSignalHandlers();
  ~KeptSignalHandlers();
  KeptSignalHandlers(const KeptSignalHandlers&) = delete;
  KeptSignalHandlers& operator=(const KeptSignalHandlers&) = delete;

 private:
  static constexpr std::array kSignals{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
  std::array<struct sigaction, kSignals.size()> actions_;
};

// Makes the symbols of the library that holds `function` visible to plugins that the library loads. Needed
// when it came with a driver that was opened with RTLD_LOCAL.
void MakeLibraryGlobal(void* function);

}  // namespace clopencl::transport
