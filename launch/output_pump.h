// Under mpirun, rank 0's output is a pseudo-terminal even when mpirun's own goes into a pipe or file. A pump
// stands between, so that the program sees a pipe then.
#pragma once

#include <sys/types.h>

namespace clopencl::launch {

// Whether mpirun, our parent, has something else than a terminal as this descriptor (1 or 2). False when it
// can't be known.
bool ParentWritesToNoTerminal(int descriptor);

class OutputPump {
 public:
  // Copies in a process of its own what is written to input() to `descriptor`. Throws Error.
  explicit OutputPump(int descriptor);
  ~OutputPump() { Finish(); }
  OutputPump(const OutputPump&) = delete;
  OutputPump& operator=(const OutputPump&) = delete;

  // For the program's descriptor.
  int input() const { return input_; }
  // To be called in this process once the program has it.
  void CloseInput();
  // The program has ended: waits until all that was written is copied, but not for descendants of the program
  // that may go on to write.
  void Finish();

 private:
  int input_ = -1;
  int finish_ = -1;
  pid_t pid_ = -1;
};

}  // namespace clopencl::launch
