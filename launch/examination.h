// What one machine needs so that jobs run on it, checked.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace clopencl::launch {

struct Finding {
  enum class Level { kGood, kNotice, kBad };
  Level level = Level::kGood;
  std::string topic;   // "limits"
  std::string text;    // What was found.
  std::string advice;  // What to do; empty when it is good.
};

struct Examination {
  std::string host;
  // These have to be the same on all machines of a job.
  std::string version;
  std::string mpi;
  std::vector<Finding> findings;
};

Examination ExamineThisNode();

nlohmann::json ToJson(const Examination& examination);
// Throws Error on what ToJson() doesn't write.
Examination ExaminationFromJson(const nlohmann::json& json);

}  // namespace clopencl::launch
