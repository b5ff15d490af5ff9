#include "launch/launcher_options.h"

#include <algorithm>
#include <sstream>

#include "launch/command_line.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr const char* kColonOption = "--colon";

// A lone ":" would end rank 0's part of mpirun's command line, so another word stands for it there.
std::string WordNotIn(const std::vector<std::string>& words) {
  std::string word = "COLON";
  while (std::find(words.begin(), words.end(), word) != words.end()) word += "_";
  return word;
}

}  // namespace

LauncherOptions ParseLauncherOptions(int argc, char** argv) {
  LauncherOptions options;
  std::string colon;
  std::string hosts;
  CLI::App app(
      "Rank 0 of a clOpenCL job: starts PROGRAM so that it finds the rank servers' OpenCL devices.\n"
      "Usually written by clrun; by hand: mpirun -np 1 clopencl-launcher PROGRAM : -np 2 clopencl-rankserver",
      "clopencl-launcher");
  ExpectProgram(
      app, "clopencl-launcher [--only-served | --direct NAME...] [--colon WORD] [--] PROGRAM [ARGUMENTS...]");
  auto* only_served = app.add_flag("--only-served", options.natives.none,
                                   "Hide this machine's own OpenCL platforms from the program");
  app.add_option("--direct", options.natives.only,
                 "Of this machine's own platforms, show the program only this one; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->excludes(only_served);
  app.add_option(kColonOption, colon,
                 "Arguments that are WORD become a colon (which mpirun would take itself)");
  app.add_option("--check-transport", hosts,
                 "Run no program but measure the transport; every rank gets this, with the hosts by rank")
      ->type_name("HOST,...");
  options.program = ParseCommandLine(app, argc, argv);
  std::istringstream names(hosts);
  for (std::string name; std::getline(names, name, ',');) options.check_transport.push_back(name);
  if (options.program.empty() && options.check_transport.empty()) FailUsage(app, "the program is missing");
  if (!colon.empty()) std::replace(options.program.begin(), options.program.end(), colon, std::string(":"));
  return options;
}

std::vector<std::string> LauncherArguments(const LauncherOptions& options) {
  std::vector<std::string> arguments;
  if (!options.check_transport.empty()) return {"--check-transport", Join(options.check_transport, ",")};
  if (options.natives.none) arguments.push_back("--only-served");
  for (const std::string& name : options.natives.only) arguments.insert(arguments.end(), {"--direct", name});
  std::vector<std::string> program = options.program;
  if (std::find(program.begin(), program.end(), ":") != program.end()) {
    const std::string word = WordNotIn(program);
    std::replace(program.begin(), program.end(), std::string(":"), word);
    arguments.insert(arguments.end(), {kColonOption, word});
  }
  if (program.front().starts_with("-")) arguments.push_back("--");
  arguments.insert(arguments.end(), program.begin(), program.end());
  return arguments;
}

}  // namespace clopencl::launch
