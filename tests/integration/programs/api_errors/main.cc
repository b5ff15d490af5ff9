// api_errors [--all] [--list] [--only PREFIX] [--case NAME] [part...]: calls every entry point with invalid
// arguments and prints the error that each call returns.
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>

#include "api_errors/fixture.h"
#include "support/report.h"

namespace {

using clopencl::programs::Fixture;
using clopencl::programs::Suite;

struct Part {
  const char* name;
  void (*run)(Suite&, Fixture&);
};

constexpr Part kParts[] = {
    {"platform", clopencl::programs::PlatformCases},
    {"device", clopencl::programs::DeviceCases},
    {"context", clopencl::programs::ContextCases},
    {"queue", clopencl::programs::QueueCases},
    {"buffer", clopencl::programs::BufferCases},
    {"sub_buffer", clopencl::programs::SubBufferCases},
    {"image", clopencl::programs::ImageCases},
    {"sampler", clopencl::programs::SamplerCases},
    {"program", clopencl::programs::ProgramCases},
    {"build", clopencl::programs::BuildCases},
    {"compile_link", clopencl::programs::CompileLinkCases},
    {"kernel", clopencl::programs::KernelCases},
    {"kernel_arg", clopencl::programs::KernelArgCases},
    {"event", clopencl::programs::EventCases},
    {"transfer", clopencl::programs::TransferCases},
    {"fill_copy", clopencl::programs::FillCopyCases},
    {"rect", clopencl::programs::RectCases},
    {"image_transfer", clopencl::programs::ImageTransferCases},
    {"image_copy", clopencl::programs::ImageCopyCases},
    {"map", clopencl::programs::MapCases},
    {"launch", clopencl::programs::LaunchCases},
    {"svm", clopencl::programs::SvmCases},
    {"pipe", clopencl::programs::PipeCases},
};

bool Wanted(const Part& part, int argc, char** argv, int first) {
  if (first >= argc) return true;
  for (int i = first; i < argc; ++i) {
    if (std::strcmp(argv[i], part.name) == 0) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  Suite::Options options;
  int first = 1;
  for (; first < argc && argv[first][0] == '-'; ++first) {
    if (std::strcmp(argv[first], "--all") == 0) {
      options.all = true;
    } else if (std::strcmp(argv[first], "--only") == 0 && first + 1 < argc) {
      options.only = argv[++first];
    } else if (std::strcmp(argv[first], "--case") == 0 && first + 1 < argc) {
      options.only = argv[++first];
      options.exact = true;
    } else if (std::strcmp(argv[first], "--list") == 0) {
      options.list = true;
    } else if (std::strcmp(argv[first], "--parts") == 0) {
      for (const Part& part : kParts) std::printf("%s\n", part.name);
      return 0;
    } else {
      std::fprintf(stderr,
                   "usage: api_errors [--all] [--list] [--parts] [--only PREFIX] [--case NAME] [part...]\n");
      return 2;
    }
  }
  Suite suite(options);
  const auto fixture = std::make_unique<Fixture>();
  for (const Part& part : kParts) {
    if (Wanted(part, argc, argv, first)) part.run(suite, *fixture);
  }
  if (suite.cases() == 0) clopencl::programs::Die("no such case");
  clopencl::programs::PrintNumber("cases", suite.cases());
  return clopencl::programs::ExitCode();
}
