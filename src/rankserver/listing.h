// What --list prints.
#pragma once

#include <string>
#include <vector>

#include "rankserver/offer.h"

namespace clopencl::rankserver {

// A table for people.
std::string ListingTable(const std::vector<OfferedPlatform>& platforms, const std::vector<unsigned>& cpus);
// The same as JSON, which clrun reads.
std::string ListingJson(const std::vector<OfferedPlatform>& platforms, const std::vector<unsigned>& cpus);

}  // namespace clopencl::rankserver
