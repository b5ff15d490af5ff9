// Random numbers that are the same on every machine and with every standard library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace clopencl::programs {

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // From 0 to `limit` - 1; `limit` is at least 1.
  size_t Below(size_t limit) { return static_cast<size_t>(Next() % limit); }
  // True once in `n` times.
  bool OneIn(size_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

template <typename T>
std::vector<T> RandomVector(size_t count, uint64_t seed) {
  std::vector<T> values(count);
  Random random(seed);
  auto* bytes = reinterpret_cast<unsigned char*>(values.data());
  for (size_t i = 0; i < count * sizeof(T); i += 8) {
    const uint64_t word = random.Next();
    const size_t rest = count * sizeof(T) - i;
    std::memcpy(bytes + i, &word, rest < 8 ? rest : 8);
  }
  return values;
}

inline std::vector<unsigned char> RandomBytes(size_t size, uint64_t seed) {
  return RandomVector<unsigned char>(size, seed);
}

}  // namespace clopencl::programs
