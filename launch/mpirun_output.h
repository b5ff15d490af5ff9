// What mpirun (and through it the rank servers) prints, sorted: what the user should see at once, and
// mpirun's own report on how the job ended, which is only worth showing when the job didn't end as the
// program did.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clopencl::launch {

// How mpirun says that one process brought the job down.
struct RankEnd {
  int rank = 0;
  int signal = 0;     // 0: it ended by itself.
  int exit_code = 0;  // Where mpirun tells it.
};

class MpirunOutput {
 public:
  // Open MPI's account of a crash of this process, mpirun itself, is part of the report from now on.
  void HoldCrashOf(pid_t mpirun);
  // Takes what was read; returns what is to be shown now, in whole lines.
  std::string Take(std::string_view bytes);
  // Nothing more comes: returns what is left and not part of the report.
  std::string Finish();

  // mpirun's report on the end, as it wrote it; may be empty.
  const std::string& report() const { return report_; }
  std::optional<RankEnd> FindRankEnd() const;
  // The machine that mpirun has lost, by its own name; empty when there is none.
  std::string FindLostHost() const;

 private:
  std::string TakeLine(const std::string& line);
  bool TellsOfCrash(const std::string& line);

  std::string partial_;
  std::string block_;  // Begins with a line of dashes whose partner has not come yet.
  std::string report_;
  std::string crash_tag_;  // ":pid] ", which each line of mpirun's crash has behind its host; or empty.
  bool in_crash_ = false;
};

}  // namespace clopencl::launch
