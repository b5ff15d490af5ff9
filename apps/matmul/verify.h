// Is C really A B?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "matmul/matrix.h"

namespace clopencl::matmul {

struct Mismatch {
  std::int64_t row = 0;
  std::int64_t column = 0;
  float found = 0;
  double expected = 0;
};

struct Verification {
  bool correct = false;
  std::string method;              // for people
  std::int64_t entries = 0;        // compared one by one with a double-precision dot product
  std::vector<Mismatch> examples;  // up to kMaxMismatchExamples of what is wrong
  double seconds = 0;
};

inline constexpr std::size_t kMaxMismatchExamples = 5;

/// Up to this order every entry is compared on its own.
inline constexpr std::int64_t kCompareAllUpTo = 1024;

/// Compares C with A B, exactly (OperandElement says why that is possible).
/// Up to kCompareAllUpTo, every entry with its double-precision dot product. Above, random entries that way,
/// and every row at once: C x = A (B x) for a random vector x of 2^12 or more different values, so that a
/// wrong entry goes unseen with a chance of at most one in 4,096. The rows found wrong are then compared
/// entry by entry.
Verification Verify(const Problem& problem);

/// The two ways on their own, for tests.
Verification CompareAllEntries(const Problem& problem);
Verification CompareRowsAndSamples(const Problem& problem, std::int64_t samples);

}  // namespace clopencl::matmul
