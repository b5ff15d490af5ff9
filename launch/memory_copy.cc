#include "launch/memory_copy.h"

#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "launch/child_process.h"

namespace clopencl::launch {

bool ProcessesMayCopy() {
  // As the MPI library does, so that the Yama module doesn't stand in the way.
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  const int here = 42;
  const pid_t parent = getpid();
  const std::string answer = AskChild([&here, parent] {
    int there = 0;
    iovec local = {&there, sizeof there};
    iovec remote = {const_cast<int*>(&here), sizeof here};
    const bool copied = process_vm_readv(parent, &local, 1, &remote, 1, 0) == sizeof there && there == here;
    return std::string(copied ? "yes" : "no");
  });
  prctl(PR_SET_PTRACER, 0, 0, 0, 0);
  return answer == "yes";
}

}  // namespace clopencl::launch
