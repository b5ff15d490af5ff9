#include "launch/transport_profile.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "launch/child_process.h"
#include "launch/error.h"
#include "launch/paths.h"
#include "launch/text.h"

namespace clopencl::launch {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kNeeds = "# needs ";

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string ReadProfile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UsageError("the transport profile " + path + " can't be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> ProfileNames(const std::string& folder) {
  std::vector<std::string> names = {"auto"};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".conf") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Leaves to the environment (OMPI_MCA_NAME) what the user has said there.
void DropWhatTheUserHasSet(TransportProfile& profile) {
  std::vector<std::string>& all = profile.mpirun_arguments;
  for (size_t i = 0; i + 2 < all.size();) {
    if (all[i] != "--mca") {
      i += 2;  // -x NAME=VALUE
    } else if (std::getenv(("OMPI_MCA_" + all[i + 1]).c_str()) == nullptr) {
      i += 3;
    } else {
      all.erase(all.begin() + static_cast<ptrdiff_t>(i), all.begin() + static_cast<ptrdiff_t>(i) + 3);
    }
  }
}

}  // namespace

TransportProfile ParseTransportProfile(const std::string& name, const std::string& text) {
  TransportProfile profile{.name = name};
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string_view trimmed = Trim(line);
    if (trimmed.starts_with(kNeeds)) {
      for (std::string& component : Words(std::string(trimmed.substr(kNeeds.size())))) {
        profile.needs.insert(std::move(component));
      }
    }
    if (trimmed.empty() || trimmed.front() == '#') continue;
    const std::vector<std::string> words = Words(line);
    for (size_t i = 0; i < words.size();) {
      const size_t length = words[i] == "-mca" || words[i] == "--mca" ? 3 : words[i] == "-x" ? 2 : 0;
      if (length == 0 || i + length > words.size()) {
        throw Error("line " + std::to_string(number) + " of the transport profile " + name + ", '" + line +
                    "': only -mca NAME VALUE and -x NAME=VALUE can stand there");
      }
      for (size_t end = i + length; i < end; ++i) {
        profile.mpirun_arguments.push_back(words[i] == "-mca" ? "--mca" : words[i]);
      }
    }
  }
  return profile;
}

TransportProfile FindTransport(const std::string& name, bool one_machine) {
  if (name.find('/') != std::string::npos || name.ends_with(".conf")) {
    return ParseTransportProfile(name, ReadProfile(name));
  }
  if (name == "auto" && !one_machine) return {.name = name};
  const std::string folder = FindShared("transport");
  const std::string path = folder + "/" + (name == "auto" ? "shm" : name) + ".conf";
  if (!fs::exists(path)) {
    throw UsageError("there is no transport '" + name + "'; there are " + Join(ProfileNames(folder), ", ") +
                     ", or name a file of your own (they are in " + folder + ")");
  }
  TransportProfile profile = ParseTransportProfile(name, ReadProfile(path));
  if (name == "auto") DropWhatTheUserHasSet(profile);
  return profile;
}

std::set<std::string> TransportComponents(const std::string& mpirun) {
  const fs::path beside = fs::path(mpirun).parent_path() / "ompi_info";
  const std::string ompi_info = fs::exists(beside) ? beside.string() : "ompi_info";
  const CapturedOutput listing = RunAndCapture({ompi_info, "--parsable"}, {}, std::chrono::seconds(30));
  if (listing.wait_status != 0) {
    throw Error("asking " + ompi_info + " what transports this Open MPI has failed: it " +
                DescribeWaitStatus(listing.wait_status));
  }
  std::set<std::string> components;
  std::istringstream lines(listing.text);
  for (std::string line; std::getline(lines, line);) {
    // mca:btl:tcp:version:...
    if (!line.starts_with("mca:")) continue;
    const size_t end = line.find(':', line.find(':', 4) + 1);
    components.insert(line.substr(4, end - 4));
  }
  return components;
}

void CheckTransport(const TransportProfile& profile, const std::string& mpirun) {
  if (profile.needs.empty()) return;
  const std::set<std::string> components = TransportComponents(mpirun);
  for (const std::string& need : profile.needs) {
    if (components.count(need) != 0) continue;
    std::string message = "the transport " + profile.name + " needs Open MPI's component " + need +
                          ", which " + mpirun + " does not have";
    if (need.ends_with(":mx")) {
      message +=
          "; build an Open MPI 1.6.5 with --with-mx=<Open-MX> and clOpenCL with that (docs/launching.md, "
          "Open-MX), "
          "or use --transport tcp on the same Ethernet";
    } else {
      message += "; install an Open MPI that was built with it, or use --transport tcp";
    }
    throw Error(message);
  }
}

}  // namespace clopencl::launch
