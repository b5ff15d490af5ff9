#include "launch/job_end.h"

#include <mpi.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "common/transport/transport.h"

#ifdef CLOPENCL_HAVE_PMIX
#include <pmix.h>
#endif

namespace clopencl::launch {

namespace {

volatile std::sig_atomic_t code_after_timeout = 1;

constexpr int kControlTag = 0;
constexpr int kQuitSize = sizeof transport::kQuitMessage - 1;

}  // namespace

bool AbortJob([[maybe_unused]] int code) {
#ifdef CLOPENCL_HAVE_PMIX
  if (std::getenv("PMIX_NAMESPACE") == nullptr) return false;
  pmix_proc_t self;
  if (PMIx_Init(&self, nullptr, 0) != PMIX_SUCCESS) return false;
  const pmix_status_t status = PMIx_Abort(code, "", nullptr, 0);
  PMIx_Finalize(nullptr, 0);
  return status == PMIX_SUCCESS;
#else
  return false;
#endif
}

void DismissServers(int code) {
  code_after_timeout = code;
  std::signal(SIGALRM, [](int) { _exit(code_after_timeout); });
  alarm(20);
  MPI_Init(nullptr, nullptr);
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int rank = 1; rank < size; ++rank) {
    // The MPIs that had MX take no const buffers.
    MPI_Send(const_cast<char*>(transport::kQuitMessage), kQuitSize, MPI_BYTE, rank, kControlTag,
             MPI_COMM_WORLD);
  }
  MPI_Finalize();
  alarm(0);
}

}  // namespace clopencl::launch
