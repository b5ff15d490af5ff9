#include "span_graph/run.h"

#include <cstdio>
#include <sstream>
#include <string>

#include "span_graph/graph.h"
#include "support/report.h"

namespace clopencl::programs {

int RunGraphs(int argc, char** argv, const std::vector<Device>& devices) {
  GraphOptions options;
  uint64_t graphs = 1;
  int steps = 60;
  std::vector<int> only;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--tell") {
      options.tell = true;
      continue;
    }
    if (name == "--no-failures") {
      options.failures = false;
      continue;
    }
    if (++i == argc) Die("a value is missing after " + name);
    if (name == "--seed") {
      options.seed = std::stoull(argv[i]);
    } else if (name == "--graphs") {
      graphs = std::stoull(argv[i]);
    } else if (name == "--steps") {
      steps = std::stoi(argv[i]);
    } else if (name == "--only") {
      std::istringstream list(argv[i]);
      for (std::string number; std::getline(list, number, ',');) only.push_back(std::stoi(number));
    } else {
      Die("there is no option " + name);
    }
  }
  options.steps = only;
  for (int i = 0; only.empty() && i < steps; ++i) options.steps.push_back(i);
  PrintNumber("devices", static_cast<long long>(devices.size()));
  for (uint64_t i = 0; i < graphs; ++i, ++options.seed) {
    // Before the graph, which may never come to its end.
    PrintNumber("seed", static_cast<long long>(options.seed));
    std::fflush(stdout);
    const std::string wrong = SpanGraph(devices, options).Run();
    if (!wrong.empty()) {
      Expect(false, "graph " + std::to_string(options.seed), wrong);
      return ExitCode();
    }
  }
  return ExitCode();
}

}  // namespace clopencl::programs
