#include "matmul/schedule.h"

namespace clopencl::matmul {

const std::vector<ScheduleKind>& ScheduleKinds() {
  static const std::vector<ScheduleKind> kinds = {
      {.name = "paper",
       .summary = "send both blocks, run the kernel, read the tile, one after the other",
       .min_copies = 1,
       .make = MakePaperSchedule},
      {.name = "overlap",
       .summary = "send the next blocks while the present tile is computed, keep blocks for reuse",
       .min_copies = 2,
       .make = MakeOverlapSchedule},
      {.name = "shared",
       .summary = "as overlap, with all devices in one context (of one platform): blocks reach them from one "
                  "another",
       .min_copies = 2,
       .make = MakeSharedSchedule},
  };
  return kinds;
}

}  // namespace clopencl::matmul
