// The operands and the product, as they lie in the host's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace clopencl::matmul {

/// The element of an operand at `position` (row-major): a multiple of 1/8 in [-1, 1], the same for the same
/// seed. Sums of up to kMaxOrder products of two such elements are exact in single precision, in any order
/// and with or without fused multiply-add, so a correct product is known to the last bit whatever device
/// computed it.
float OperandElement(std::uint64_t seed, std::uint64_t position);

/// The largest n for which the above holds: n products of at most 64/64 keep 24 bits.
inline constexpr std::int64_t kMaxOrder = std::int64_t{1} << 18;

/// What A is like. Sparse: so few elements other than zero that a device model, which skips zeros, computes
/// the product in a fraction of a real device's work, and yet so placed that every element of a block of A
/// and of a block of B counts in their tile: each row of a block has n / slice of them, and no two rows have
/// one in the same place of k. A part of an eighth of a tile needs every eighth element of B.
enum class Operands { kDense, kSparse };

/// Where row `row` of a block has its elements other than zero, modulo slice.
std::int64_t SparsePosition(std::int64_t row, std::int64_t slice);

/// Uninitialised page-aligned floats, owned. Throws Failure(kTooBig) when the system refuses.
class FloatArray {
 public:
  explicit FloatArray(std::size_t count);

  [[nodiscard]] float* data() { return data_.get(); }
  [[nodiscard]] const float* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  std::unique_ptr<float, Free> data_;
  std::size_t size_;
};

/// C = A B of order n, cut into (n / slice)^2 tiles.
/// A is row-major; B is kept transposed, so that a column of B is n floats in a row; each block of `slice`
/// rows of either is contiguous. C is kept tile by tile, each tile row-major, so that a device's subC has its
/// final place.
class Problem {
 public:
  /// Fills A and B from `seed` and C with NaN. `slice` divides `n`.
  Problem(std::int64_t n, std::int64_t slice, std::uint64_t seed, Operands operands = Operands::kDense);

  [[nodiscard]] std::int64_t n() const { return n_; }
  [[nodiscard]] std::int64_t slice() const { return slice_; }
  [[nodiscard]] int blocks_per_side() const { return static_cast<int>(n_ / slice_); }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

  /// Row `row` of A, and column `column` of B: n floats.
  [[nodiscard]] const float* RowOfA(std::int64_t row) const { return a_.data() + row * n_; }
  [[nodiscard]] const float* ColumnOfB(std::int64_t column) const {
    return b_transposed_.data() + column * n_;
  }

  /// Where subC of block row `row` and block column `column` lies: slice * slice floats.
  [[nodiscard]] float* Tile(int row, int column) { return c_.data() + TileOffset(row, column); }

  /// The part of a row of C that lies in block column `column`: slice floats.
  [[nodiscard]] const float* RowOfTile(std::int64_t row, int column) const {
    return c_.data() + TileOffset(static_cast<int>(row / slice_), column) + (row % slice_) * slice_;
  }

  [[nodiscard]] float C(std::int64_t row, std::int64_t column) const {
    return RowOfTile(row, static_cast<int>(column / slice_))[column % slice_];
  }

  /// Host bytes that a problem of order n takes.
  static std::uint64_t HostBytes(std::int64_t n) {
    return 3 * static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(n) * sizeof(float);
  }

 private:
  [[nodiscard]] std::size_t TileOffset(int row, int column) const {
    return static_cast<std::size_t>((static_cast<std::int64_t>(row) * blocks_per_side() + column) * slice_ *
                                    slice_);
  }

  std::int64_t n_;
  std::int64_t slice_;
  std::uint64_t seed_;
  FloatArray a_;
  FloatArray b_transposed_;
  FloatArray c_;
};

/// Bytes that the host can still hand out without swapping, the limit of a control group included.
std::uint64_t AvailableHostMemory();

}  // namespace clopencl::matmul
