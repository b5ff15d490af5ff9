// clrun --doctor and clrun --check-transport.
#pragma once

#include <string>
#include <vector>

#include "launch/examination.h"
#include "launch/transport_profile.h"

namespace clopencl::launch {

// What the examinations say, for people; `problems` counts what has to be mended.
std::string FormatExaminations(const std::vector<Examination>& examinations, size_t& problems);

// Examines all hosts, prints what was found and what to do, then checks the transport between them. Returns
// the exit code: 1 when something has to be mended. Throws Error.
int RunDoctor(const std::vector<std::string>& hosts, const std::string& mpirun,
              const TransportProfile& transport);

// Measures the transport between all hosts (between two processes when there is one). Returns mpirun's exit
// code.
int RunTransportCheck(const std::vector<std::string>& hosts, const std::string& mpirun,
                      const TransportProfile& transport);

}  // namespace clopencl::launch
