// Runs the scenarios over MPI, each rank a process. Without arguments all that can follow each other, then
// Close(); with "--close NAME" only that way of closing.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include "common/transport/mpi_transport.h"
#include "support/transport_scenarios.h"

namespace clopencl::transport {
namespace {

Transport* transport;
Mailbox* mailbox;

class OverMpi : public testing::TestWithParam<Scenario> {};

TEST_P(OverMpi, Holds) {
  GetParam().run(*transport, *mailbox);
  Meet(*transport, *mailbox);
}

std::string NameOf(const testing::TestParamInfo<Scenario>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Packets, OverMpi, testing::ValuesIn(PacketScenarios()), NameOf);
INSTANTIATE_TEST_SUITE_P(Payloads, OverMpi, testing::ValuesIn(PayloadScenarios()), NameOf);

// A rank that fails must not leave the others waiting for it.
class EndJobOnFailure final : public testing::EmptyTestEventListener {
 public:
  explicit EndJobOnFailure(bool print) : print_(print) {}

  void OnTestStart(const testing::TestInfo& info) override {
    if (print_) std::printf("%s\n", info.name());
  }
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d: %s:%d: %s\n", transport->rank(),
                 result.file_name() ? result.file_name() : "?", result.line_number(), result.summary());
    std::fflush(nullptr);
    _exit(EXIT_FAILURE);
  }

 private:
  const bool print_;
};

const Scenario* FindClosing(std::string_view name) {
  for (const Scenario& scenario : ClosingScenarios()) {
    if (name == scenario.name) return &scenario;
  }
  return nullptr;
}

// What the program does on a fault; joining MPI must not change it.
class FaultHandlers {
 public:
  // With one of the program's own.
  FaultHandlers() {
    struct sigaction own {};
    own.sa_handler = [](int) { _exit(EXIT_FAILURE); };
    sigaction(SIGSEGV, &own, nullptr);
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], nullptr, &before_[i]);
  }
  bool AreAsBefore() const {
    for (size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction now {};
      sigaction(kSignals[i], nullptr, &now);
      if (now.sa_handler == before_[i].sa_handler) continue;
      std::fprintf(stderr, "joining MPI changed what happens on signal %d\n", kSignals[i]);
      return false;
    }
    return true;
  }

 private:
  static constexpr std::array kSignals{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
  std::array<struct sigaction, kSignals.size()> before_{};
};

int Run(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::string error;
  const FaultHandlers handlers;
  const std::unique_ptr<Transport> joined = JoinMpi(error);
  if (joined == nullptr) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return EXIT_FAILURE;
  }
  if (!handlers.AreAsBefore()) return EXIT_FAILURE;
  Mailbox box;
  transport = joined.get();
  mailbox = &box;
  if (joined->size() < 2) {
    std::fprintf(stderr, "start me with mpirun and at least two ranks\n");
    return EXIT_FAILURE;
  }
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new EndJobOnFailure(joined->rank() == 0));

  if (argc == 3 && std::string_view(argv[1]) == "--close") {
    const Scenario* closing = FindClosing(argv[2]);
    if (closing == nullptr) {
      std::fprintf(stderr, "no way of closing is called %s\n", argv[2]);
      return EXIT_FAILURE;
    }
    closing->run(*joined, box);
    return EXIT_SUCCESS;
  }
  const int failed = RUN_ALL_TESTS();
  joined->Close();
  if (joined->rank() == 0)
    std::printf("%d tests passed\n", testing::UnitTest::GetInstance()->successful_test_count());
  std::string again;
  if (JoinMpi(again) != nullptr || again.empty()) {
    std::fprintf(stderr, "joining a second time was not refused\n");
    return EXIT_FAILURE;
  }
  return failed;
}

}  // namespace
}  // namespace clopencl::transport

int main(int argc, char** argv) {
  try {
    return clopencl::transport::Run(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    _exit(EXIT_FAILURE);
  }
}
