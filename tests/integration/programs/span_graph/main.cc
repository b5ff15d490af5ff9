// span_graph: random graphs of commands in one context over all devices of the platform (run.h).
#include "span_graph/run.h"

int main(int argc, char** argv) {
  return clopencl::programs::RunGraphs(argc, argv, clopencl::programs::PlatformDevices());
}
