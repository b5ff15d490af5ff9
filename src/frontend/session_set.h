// A set of sessions, by their index.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace clopencl::frontend {

// As many sessions as a job may have; the runtime refuses more with a clear message.
inline constexpr size_t kMaxSessions = 256;

class SessionSet {
 public:
  bool Has(size_t index) const { return (words_[index / 64] >> (index % 64) & 1) != 0; }
  void Add(size_t index) { words_[index / 64] |= uint64_t{1} << (index % 64); }
  void Remove(size_t index) { words_[index / 64] &= ~(uint64_t{1} << (index % 64)); }
  void Clear() { words_ = {}; }
  bool Empty() const { return words_ == std::array<uint64_t, kMaxSessions / 64>{}; }

  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (size_t w = 0; w < words_.size(); ++w)
      for (uint64_t bits = words_[w]; bits != 0; bits &= bits - 1)
        visit(w * 64 + static_cast<size_t>(std::countr_zero(bits)));
  }

  friend SessionSet operator&(SessionSet a, const SessionSet& b) {
    for (size_t w = 0; w < a.words_.size(); ++w) a.words_[w] &= b.words_[w];
    return a;
  }
  friend bool operator==(const SessionSet&, const SessionSet&) = default;

 private:
  std::array<uint64_t, kMaxSessions / 64> words_{};
};

}  // namespace clopencl::frontend
