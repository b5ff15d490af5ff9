// clopencl-daemon COMMAND ARGUMENTS...: becomes mpirun's daemon on another node of a batch job.
//
// A batch system ends a job by signalling all its processes at once. A daemon that hears of its ranks' deaths
// and gets SIGTERM, too, may leave its files behind; it need not hear the signal, because it ends when its
// ranks or mpirun do, and gives its ranks an empty mask.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "Usage: clopencl-daemon COMMAND ARGUMENTS...; clrun has mpirun use it\n");
    return 2;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  execvp(argv[1], argv + 1);
  std::fprintf(stderr, "clopencl-daemon: %s: %s\n", argv[1], std::strerror(errno));
  return 127;
}
