// Whether somebody asked for huge pages for the memory at an address of this process.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace clopencl::testing {

inline bool KernelHasHugePages() { return std::filesystem::exists("/sys/kernel/mm/transparent_hugepage"); }

inline bool AskedForHugePages(const void* memory) {
  const auto address = reinterpret_cast<uintptr_t>(memory);
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long first = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &first, &end) == 2)
      inside = first <= address && address < end;
    if (inside && line.starts_with("VmFlags:")) return line.find(" hg") != std::string::npos;
  }
  return false;
}

}  // namespace clopencl::testing
