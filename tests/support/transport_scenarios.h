// What every Transport must do, written as programs that each rank runs, so that the same ones run over
// threads (loopback) and processes (MPI).
#pragma once

#include <ostream>
#include <vector>

#include "common/transport/transport.h"
#include "support/transport_steps.h"

namespace clopencl::transport {

struct Scenario {
  const char* name;
  void (*run)(Transport& self, Mailbox& mailbox);

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

// All need at least two ranks. These leave nothing under way: after a Meet() the next one may run, with the
// same mailbox, which may hold what a quicker rank sent already.
const std::vector<Scenario>& PacketScenarios();
const std::vector<Scenario>& PayloadScenarios();

// These call Close().
const std::vector<Scenario>& ClosingScenarios();

// Returns when all ranks have called it.
void Meet(Transport& self, Mailbox& mailbox);

}  // namespace clopencl::transport
