#include "matmul/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <random>

#include "matmul/parallel.h"

namespace clopencl::matmul {
namespace {

constexpr std::int64_t kSamples = 4096;

// The elements of x are integers in [-limit, limit), with a limit that keeps C x = A (B x) exact in double
// precision: sums of n^2 products that are multiples of 1/64 and at most `limit`.
std::int64_t LimitOfX(std::int64_t n) {
  return std::clamp<std::int64_t>((std::int64_t{1} << 47) / (n * n), 1, std::int64_t{1} << 15);
}

// Eight sums instead of one, so that the compiler can use vector registers; the order does not matter, the
// sums being exact.
double Dot(const float* a, const float* b, std::int64_t n) {
  std::array<double, 8> sums{};
  std::int64_t k = 0;
  for (; k + 8 <= n; k += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const std::int64_t i = k + static_cast<std::int64_t>(lane);
      sums[lane] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
  }
  double sum = 0;
  for (const double part : sums) sum += part;
  for (; k < n; ++k) sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  return sum;
}

double Expected(const Problem& problem, std::int64_t row, std::int64_t column) {
  return Dot(problem.RowOfA(row), problem.ColumnOfB(column), problem.n());
}

// Collects what several threads find.
class Findings {
 public:
  // True when the entry is right.
  bool Compare(const Problem& problem, std::int64_t row, std::int64_t column) {
    const double expected = Expected(problem, row, column);
    const float found = problem.C(row, column);
    if (static_cast<double>(found) == expected) return true;
    const std::lock_guard lock(mutex_);
    if (examples_.size() < kMaxMismatchExamples) examples_.push_back({row, column, found, expected});
    return false;
  }

  [[nodiscard]] const std::vector<Mismatch>& examples() const { return examples_; }

 private:
  std::mutex mutex_;
  std::vector<Mismatch> examples_;
};

// B x, in double precision and exact: x is integral, elements of B are multiples of 1/8.
std::vector<double> TimesB(const Problem& problem, const std::vector<double>& x) {
  const std::int64_t n = problem.n();
  std::vector<double> result(static_cast<std::size_t>(n), 0.0);
  // Each thread owns a range of the result and reads the matching part of every column.
  ParallelFor(n, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t column = 0; column < n; ++column) {
      const float* const b = problem.ColumnOfB(column);
      const double factor = x[static_cast<std::size_t>(column)];
      for (std::int64_t k = first; k < last; ++k) {
        result[static_cast<std::size_t>(k)] += static_cast<double>(b[k]) * factor;
      }
    }
  });
  return result;
}

// The rows where C x differs from A (B x).
std::vector<std::int64_t> WrongRows(const Problem& problem, const std::vector<double>& x) {
  const std::int64_t n = problem.n();
  const std::vector<double> bx = TimesB(problem, x);
  std::mutex mutex;
  std::vector<std::int64_t> wrong;
  ParallelFor(n, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const float* const a = problem.RowOfA(row);
      double expected = 0;
      for (std::int64_t k = 0; k < n; ++k)
        expected += static_cast<double>(a[k]) * bx[static_cast<std::size_t>(k)];
      double found = 0;
      const double* factor = x.data();
      for (int column = 0; column < problem.blocks_per_side(); ++column) {
        const float* const c = problem.RowOfTile(row, column);
        for (std::int64_t k = 0; k < problem.slice(); ++k) found += static_cast<double>(c[k]) * *factor++;
      }
      if (found == expected) continue;
      const std::lock_guard lock(mutex);
      wrong.push_back(row);
    }
  });
  return wrong;
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Verification CompareAllEntries(const Problem& problem) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t n = problem.n();
  Findings findings;
  ParallelFor(n, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      for (std::int64_t column = 0; column < n; ++column) findings.Compare(problem, row, column);
    }
  });
  return {.correct = findings.examples().empty(),
          .method = fmt::format("all {} entries against double precision", n * n),
          .entries = n * n,
          .examples = findings.examples(),
          .seconds = SecondsSince(start)};
}

Verification CompareRowsAndSamples(const Problem& problem, std::int64_t samples) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t n = problem.n();
  std::mt19937_64 random(problem.seed() ^ static_cast<std::uint64_t>(n));

  Findings findings;
  std::uniform_int_distribution<std::int64_t> position(0, n - 1);
  std::vector<std::array<std::int64_t, 2>> entries(static_cast<std::size_t>(samples));
  for (auto& [row, column] : entries) {
    row = position(random);
    column = position(random);
  }
  ParallelFor(samples, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const auto& [row, column] = entries[static_cast<std::size_t>(i)];
      findings.Compare(problem, row, column);
    }
  });

  std::uniform_int_distribution<std::int64_t> value(-LimitOfX(n), LimitOfX(n) - 1);
  std::vector<double> x(static_cast<std::size_t>(n));
  for (double& element : x) element = static_cast<double>(value(random));
  const std::vector<std::int64_t> wrong_rows = WrongRows(problem, x);
  for (const std::int64_t row : wrong_rows) {
    if (findings.examples().size() >= kMaxMismatchExamples) break;
    for (std::int64_t column = 0; column < n; ++column) findings.Compare(problem, row, column);
  }
  return {
      .correct = wrong_rows.empty() && findings.examples().empty(),
      .method = fmt::format("every row by a random combination of its entries, and {} random entries against "
                            "double precision",
                            samples),
      .entries = samples,
      .examples = findings.examples(),
      .seconds = SecondsSince(start)};
}

Verification Verify(const Problem& problem) {
  return problem.n() <= kCompareAllUpTo ? CompareAllEntries(problem)
                                        : CompareRowsAndSamples(problem, kSamples);
}

}  // namespace clopencl::matmul
