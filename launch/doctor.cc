#include "launch/doctor.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "launch/child_process.h"
#include "launch/cluster.h"
#include "launch/error.h"
#include "launch/launcher_options.h"
#include "launch/mpi_command.h"
#include "launch/paths.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

constexpr std::chrono::seconds kCheckLimit{300};

bool AllHere(const std::vector<std::string>& hosts) {
  return std::all_of(hosts.begin(), hosts.end(), IsThisHost);
}

const char* Mark(Finding::Level level) {
  switch (level) {
    case Finding::Level::kGood:
      return "ok    ";
    case Finding::Level::kNotice:
      return "note  ";
    case Finding::Level::kBad:
      break;
  }
  return "BAD   ";
}

// "differs: 0.1.0 on a, 0.2.0 on b", or empty.
template <typename Member>
std::string Differences(const std::vector<Examination>& examinations, Member member) {
  std::vector<std::string> parts;
  bool differ = false;
  for (const Examination& examination : examinations) {
    parts.push_back(examination.*member + " on " + examination.host);
    differ |= examination.*member != examinations.front().*member;
  }
  return differ ? Join(parts, ", ") : "";
}

}  // namespace

std::string FormatExaminations(const std::vector<Examination>& examinations, size_t& problems) {
  problems = 0;
  std::string text;
  for (const Examination& examination : examinations) {
    text += examination.host + "\n";
    for (const Finding& finding : examination.findings) {
      text += "  " + std::string(Mark(finding.level)) + finding.topic + ": " + finding.text + "\n";
      if (!finding.advice.empty()) text += "        -> " + finding.advice + "\n";
      problems += finding.level == Finding::Level::kBad ? 1 : 0;
    }
  }
  if (const std::string differ = Differences(examinations, &Examination::version); !differ.empty()) {
    text += "  BAD   clOpenCL differs: " + differ + "\n        -> install the same one everywhere\n";
    ++problems;
  }
  if (const std::string differ = Differences(examinations, &Examination::mpi); !differ.empty()) {
    text += "  BAD   MPI differs: " + differ + "\n        -> install the same one everywhere\n";
    ++problems;
  }
  return text;
}

int RunTransportCheck(const std::vector<std::string>& hosts, const std::string& mpirun,
                      const TransportProfile& transport) {
  std::vector<std::string> ranks = hosts;
  if (ranks.size() == 1) ranks.push_back(ranks.front());
  const bool remote = !AllHere(hosts);
  std::vector<std::string> command = MpirunItself(mpirun, remote);
  command.insert(command.end(), {"--mca", "mpi_yield_when_idle", "1"});
  command.insert(command.end(), transport.mpirun_arguments.begin(), transport.mpirun_arguments.end());
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (i > 0) command.push_back(":");
    command.insert(command.end(), {"-np", "1"});
    if (remote) {
      command.insert(command.end(), {"-host", ranks[i]});
      for (std::string& word : ExportedVariables(false)) command.push_back(std::move(word));
    }
    command.push_back(FindBinary("clopencl-launcher"));
    for (std::string& word : LauncherArguments({.check_transport = ranks}))
      command.push_back(std::move(word));
  }
  const CapturedOutput measured = RunAndCapture(command, MpirunEnvironment(hosts), kCheckLimit);
  std::printf("transport %s\n%s", transport.name.c_str(), measured.text.c_str());
  if (measured.timed_out)
    throw Error("the check took longer than " + std::to_string(kCheckLimit.count()) + " s");
  return ShellCode(measured.wait_status);
}

int RunDoctor(const std::vector<std::string>& hosts, const std::string& mpirun,
              const TransportProfile& transport) {
  std::vector<Examination> examinations;
  if (AllHere(hosts)) {
    examinations.push_back(ExamineThisNode());
  } else {
    for (const nlohmann::json& answer :
         AskHosts("--examine-node", hosts, mpirun, transport.mpirun_arguments)) {
      examinations.push_back(ExaminationFromJson(answer));
    }
  }
  size_t problems = 0;
  std::printf("%s", FormatExaminations(examinations, problems).c_str());
  std::fflush(stdout);
  const int code = RunTransportCheck(hosts, mpirun, transport);
  if (code != 0) {
    ++problems;
    std::printf(
        "  BAD   MPI can't carry a job between these hosts: mpirun ended with %d (what it said is above)\n",
        code);
  }
  std::printf("%s\n",
              problems == 0 ? "Jobs should run here." : (Count(problems, "problem") + " to mend.").c_str());
  return problems == 0 ? 0 : 1;
}

}  // namespace clopencl::launch
