#include "launch/command_line.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "launch/text.h"

namespace clopencl::launch {

namespace {

class UsageFormatter : public CLI::Formatter {
 public:
  explicit UsageFormatter(std::string usage) : usage_(std::move(usage)) { column_width(32); }
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
    return "Usage: " + usage_ + "\n";
  }

 private:
  std::string usage_;
};

std::string KnownOptions(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  return Join(names, ", ");
}

}  // namespace

void ExpectProgram(CLI::App& app, const std::string& usage) {
  app.formatter(std::make_shared<UsageFormatter>(usage));
  app.prefix_command();
}

void FailUsage(const CLI::App& app, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), what.c_str());
  std::fprintf(stderr, "%s",
               dynamic_cast<const UsageFormatter&>(*app.get_formatter()).make_usage(&app, "").c_str());
  std::fprintf(stderr, "%s --help says more.\n", app.get_name().c_str());
  std::exit(2);
}

std::vector<std::string> ParseCommandLine(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) std::exit(app.exit(error));
    FailUsage(app, error.what());
  }
  std::vector<std::string> program = app.remaining();
  if (!program.empty() && program.front() == "--") {
    program.erase(program.begin());
  } else if (!program.empty() && program.front().starts_with("-")) {
    FailUsage(app, program.front() + " is not an option; there are " + KnownOptions(app));
  }
  return program;
}

}  // namespace clopencl::launch
