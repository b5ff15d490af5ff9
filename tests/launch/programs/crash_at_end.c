// Preloaded into mpirun: crashes it, as Open MPI's now and then does by itself, once the job is over and before it has
// removed its files. Makes the file CLOPENCL_TEST_CRASHED, so that a test knows that it came to that.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

// mpirun's processes are not to have it.
__attribute__((constructor)) static void LeaveNoTrace(void) { unsetenv("LD_PRELOAD"); }

int PMIx_server_finalize(void) {
  const char* mark = getenv("CLOPENCL_TEST_CRASHED");
  if (mark != NULL) close(open(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  raise(SIGSEGV);
  return 0;
}
