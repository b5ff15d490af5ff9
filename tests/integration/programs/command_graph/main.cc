// command_graph [--seed N] [--steps N]: a random graph of commands over buffers, sub-buffers and images on
// several queues, tied together by events, compared byte by byte with a model that runs them one after the
// other.
#include <cstring>
#include <string>

#include "command_graph/graph.h"
#include "support/report.h"

int main(int argc, char** argv) {
  using namespace clopencl::programs;
  uint64_t seed = 1;
  int steps = 400;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) Die("usage: command_graph [--seed N] [--steps N]");
    if (std::strcmp(argv[i], "--seed") == 0) {
      seed = std::stoull(argv[i + 1]);
    } else if (std::strcmp(argv[i], "--steps") == 0) {
      steps = std::stoi(argv[i + 1]);
    } else {
      Die("usage: command_graph [--seed N] [--steps N]");
    }
  }
  PrintNumber("seed", static_cast<long long>(seed));
  Graph(seed).Run(steps);
  return ExitCode();
}
