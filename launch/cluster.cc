#include "launch/cluster.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "launch/child_process.h"
#include "launch/discovery.h"
#include "launch/error.h"
#include "launch/mpi_command.h"
#include "launch/paths.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace {

// Marks our lines among whatever login scripts and mpirun may print.
constexpr std::string_view kAnswer = "clopencl-node ";

constexpr std::chrono::seconds kLimit{120};

std::string ShortName(const std::string& name) { return name.substr(0, name.find('.')); }

std::vector<std::string> QueryCommand(const std::string& question, const std::vector<std::string>& hosts,
                                      const std::string& mpirun,
                                      const std::vector<std::string>& mpirun_arguments) {
  std::vector<std::string> command = MpirunItself(mpirun, true);
  command.insert(command.end(), mpirun_arguments.begin(), mpirun_arguments.end());
  for (size_t i = 0; i < hosts.size(); ++i) {
    if (i > 0) command.push_back(":");
    for (const char* word : {"-np", "1", "-host"}) command.emplace_back(word);
    command.push_back(hosts[i]);
    for (std::string& word : ExportedVariables(false)) command.push_back(std::move(word));
    command.push_back(FindBinary("clrun"));
    command.insert(command.end(), {question, hosts[i]});
  }
  return command;
}

}  // namespace

bool IsHostName(const std::string& name) {
  const std::string here = HostName();
  if (EqualIgnoringCase(name, here)) return true;
  const bool one_has_no_domain =
      (name.find('.') == std::string::npos) != (here.find('.') == std::string::npos);
  return one_has_no_domain && EqualIgnoringCase(ShortName(name), ShortName(here));
}

bool IsThisHost(const std::string& name) {
  if (name == "localhost" || name == "127.0.0.1") return true;
  const char* node = std::getenv("SLURMD_NODENAME");
  return IsHostName(name) || (node != nullptr && name == node);
}

std::string Answer(const std::string& host, nlohmann::json answer) {
  answer["host"] = host;
  return std::string(kAnswer) + answer.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

std::vector<nlohmann::json> FindAnswers(const std::vector<std::string>& hosts, const std::string& output) {
  std::vector<nlohmann::json> answers(hosts.size());
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const size_t start = line.find(kAnswer);
    if (start == std::string::npos) continue;
    nlohmann::json answer = nlohmann::json::parse(line.substr(start + kAnswer.size()), nullptr, false);
    if (answer.is_discarded() || !answer.contains("host"))
      throw Error("a machine's answer can't be read: " + line);
    const std::string host = answer["host"].get<std::string>();
    if (answer.contains("error")) throw Error(host + ": " + answer["error"].get<std::string>());
    const auto at = std::find(hosts.begin(), hosts.end(), host);
    if (at != hosts.end()) answers[static_cast<size_t>(at - hosts.begin())] = std::move(answer);
  }
  for (size_t i = 0; i < hosts.size(); ++i) {
    if (answers[i].is_null()) throw Error("the machine " + hosts[i] + " did not say what it has");
  }
  return answers;
}

std::vector<nlohmann::json> AskHosts(const std::string& question, const std::vector<std::string>& hosts,
                                     const std::string& mpirun,
                                     const std::vector<std::string>& mpirun_arguments) {
  const CapturedOutput asked =
      RunAndCapture(QueryCommand(question, hosts, mpirun, mpirun_arguments), MpirunEnvironment(hosts), kLimit);
  if (asked.timed_out) {
    throw Error("asking " + Join(hosts, ", ") + " what they have took longer than " +
                std::to_string(kLimit.count()) + " s; can you log in to each without a password?");
  }
  if (asked.wait_status != 0) {
    throw Error(
        "asking " + Join(hosts, ", ") + " what they have failed: mpirun " +
        DescribeWaitStatus(asked.wait_status) +
        " (what it said is above); can you log in to each without a password, and is clOpenCL installed "
        "there at " +
        SelfDirectory() + "?");
  }
  return FindAnswers(hosts, asked.text);
}

std::string DescribeThisNode(const std::string& host) {
  try {
    return Answer(host, ToJson(DiscoverThisNode()));
  } catch (const Error& error) {
    return Answer(host, {{"error", error.what()}});
  }
}

std::vector<Node> DiscoverNodes(const std::vector<std::string>& hosts, const std::string& mpirun,
                                const std::vector<std::string>& mpirun_arguments) {
  std::vector<Node> nodes;
  if (std::all_of(hosts.begin(), hosts.end(), IsThisHost)) {
    nodes.assign(hosts.size(), DiscoverThisNode());
    for (size_t i = 0; i < hosts.size(); ++i) nodes[i].host = hosts[i];
    return nodes;
  }
  for (const nlohmann::json& answer : AskHosts("--describe-node", hosts, mpirun, mpirun_arguments)) {
    nodes.push_back(NodeFromJson(answer));
  }
  return nodes;
}

}  // namespace clopencl::launch
