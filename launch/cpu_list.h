// Sets of CPUs as Linux numbers and writes them: "0-3,6" (taskset -c, lscpu, /sys).
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace clopencl::launch {

using CpuSet = std::set<int>;

// Throws Error on anything but numbers and ascending ranges, and on an empty list.
CpuSet ParseCpuList(std::string_view text);

std::string FormatCpuList(const CpuSet& cpus);

CpuSet Intersection(const CpuSet& a, const CpuSet& b);
CpuSet Difference(const CpuSet& a, const CpuSet& b);
CpuSet Union(const CpuSet& a, const CpuSet& b);

}  // namespace clopencl::launch
