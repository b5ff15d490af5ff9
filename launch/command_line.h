// What the command lines of clrun and clopencl-launcher have in common: own options first, then a program
// with arguments that are none of ours.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace clopencl::launch {

// Sets up `app` to leave PROGRAM [ARGUMENTS...] alone and to show `usage` (what follows "Usage: ") in its
// help.
void ExpectProgram(CLI::App& app, const std::string& usage);

// Parses, and returns the program with its arguments (empty when none was given). Ends the process with 0
// after
// --help and --version; with 2 after wrong usage, which it explains.
std::vector<std::string> ParseCommandLine(CLI::App& app, int argc, char** argv);

// Ends the process with 2 after saying what is wrong and how the command is used.
[[noreturn]] void FailUsage(const CLI::App& app, const std::string& what);

}  // namespace clopencl::launch
