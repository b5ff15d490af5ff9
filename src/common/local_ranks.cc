#include "common/local_ranks.h"

#include <charconv>
#include <cstdlib>
#include <initializer_list>

namespace clopencl {

namespace {

// Takes a number off the front of the text.
std::optional<unsigned> TakeNumber(std::string_view& text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<unsigned> Number(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value == nullptr) continue;
    std::string_view text = value;
    if (const auto number = TakeNumber(text)) return number;
  }
  return std::nullopt;
}

std::optional<unsigned> CountOnNode() { return Number({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"}); }

// A batch job, too, has such variables, and mpirun's daemons hand on those of their own step; so these come
// last.
std::optional<LocalRanks> FromSrun() {
  const auto rank = Number({"SLURM_PROCID"});
  const auto index = Number({"SLURM_LOCALID"});
  const auto node = Number({"SLURM_NODEID"});
  const char* counts = std::getenv("SLURM_STEP_TASKS_PER_NODE");
  if (!rank || !index || !node || counts == nullptr) return std::nullopt;
  const auto count = CountOfNode(counts, *node);
  if (!count || *index >= *count) return std::nullopt;
  return LocalRanks{*rank, *index, *count};
}

}  // namespace

std::optional<unsigned> CountOfNode(std::string_view counts, unsigned node) {
  while (true) {
    const auto count = TakeNumber(counts);
    if (!count) return std::nullopt;
    unsigned times = 1;
    if (counts.starts_with("(x")) {
      counts.remove_prefix(2);
      const auto repeated = TakeNumber(counts);
      if (!repeated || !counts.starts_with(")")) return std::nullopt;
      counts.remove_prefix(1);
      times = *repeated;
    }
    if (node < times) return count;
    node -= times;
    if (!counts.starts_with(",")) return std::nullopt;
    counts.remove_prefix(1);
  }
}

bool JobIsOnThisNode() {
  const auto count = CountOnNode();
  return count && count == Number({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"});
}

std::optional<LocalRanks> FindLocalRanks() {
  const auto index = Number({"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID"});
  const auto count = CountOnNode();
  if (!index || !count || *count == 0) return FromSrun();
  return LocalRanks{Number({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}).value_or(0), *index, *count};
}

}  // namespace clopencl
