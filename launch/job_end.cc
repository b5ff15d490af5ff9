#include "launch/job_end.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "common/transport/mpi_transport.h"

#ifdef CLOPENCL_HAVE_PMIX
#include <pmix.h>
#endif

namespace clopencl::launch {

namespace {

volatile std::sig_atomic_t code_after_timeout = 1;

}  // namespace

void AbortJob([[maybe_unused]] int code) {
#ifdef CLOPENCL_HAVE_PMIX
  if (std::getenv("PMIX_NAMESPACE") == nullptr) return;
  pmix_proc_t self;
  if (PMIx_Init(&self, nullptr, 0) != PMIX_SUCCESS) return;
  if (PMIx_Abort(code, "", nullptr, 0) != PMIX_SUCCESS) return;
  // Without PMIx_Finalize: mpirun is ending us already, and now and then it crashes or hangs over that call.
  _exit(code);
#endif
}

void DismissServers(int code) {
  code_after_timeout = code;
  std::signal(SIGALRM, [](int) { _exit(code_after_timeout); });
  alarm(20);
  std::string error;
  const std::unique_ptr<transport::Transport> transport = transport::JoinMpi(error);
  if (transport == nullptr) {
    std::fprintf(stderr, "clopencl-launcher: can't end the rank servers in good order: %s\n", error.c_str());
    return;
  }
  for (int rank = 1; rank < transport->size(); ++rank) transport->SendQuit(rank);
  transport->Close();
  alarm(0);
}

}  // namespace clopencl::launch
