// A process that outlives its maker long enough to clean up: mpirun ends a job with SIGKILL, after which
// nobody else could end the program's children or remove the job's directory.
#pragma once

#include <sys/types.h>

#include <string>

namespace clopencl::launch {

class Guardian {
 public:
  // From now on, when this process dies without having called Dismiss(), `directory` is removed and the
  // watched program is killed with all its descendants.
  explicit Guardian(const std::string& directory);
  ~Guardian() { Dismiss(); }
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  void Watch(pid_t program);
  void Dismiss();

 private:
  int fd_ = -1;
  pid_t pid_ = -1;
};

}  // namespace clopencl::launch
