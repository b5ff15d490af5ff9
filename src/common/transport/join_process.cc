#include "common/transport/join_process.h"

#include <dlfcn.h>

#include "common/log.h"

namespace clopencl::transport {

KeptSignalHandlers::KeptSignalHandlers() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], nullptr, &actions_[i]);
}

KeptSignalHandlers::~KeptSignalHandlers() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &actions_[i], nullptr);
}

void MakeLibraryGlobal(void* function) {
  Dl_info info{};
  if (dladdr(function, &info) == 0 || info.dli_fname == nullptr) {
    Log().debug("the library of MPI was not found; its symbols stay as visible as they are");
    return;
  }
  // The handle is kept: the library must not go while MPI is in use, and MPI cannot be unloaded and reloaded.
  if (dlopen(info.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD) == nullptr)
    Log().debug("{} could not be made global: {}", info.dli_fname, dlerror());
}

}  // namespace clopencl::transport
