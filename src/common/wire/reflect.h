// The fields of an aggregate, visited in order, so that a message lists its fields once and none can be
// forgotten.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace clopencl::wire {

namespace internal {

struct AnyField {
  template <typename T>
  operator T() const;  // NOLINT: declared only, for the overload test below.
};

template <typename T, size_t... I>
constexpr bool IsBraceConstructible(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), std::declval<AnyField>())...}; };
}

inline constexpr size_t kMaxFields = 12;

template <typename T, size_t N = kMaxFields>
constexpr size_t CountFields() {
  if constexpr (IsBraceConstructible<T>(std::make_index_sequence<N>{})) {
    static_assert(N < kMaxFields, "a message has more fields than reflect.h can visit");
    return N;
  } else {
    return CountFields<T, N - 1>();
  }
}

}  // namespace internal

template <typename T>
inline constexpr size_t kFieldCount = internal::CountFields<std::remove_const_t<T>>();

// Calls visit(field...) once with references to all fields of the aggregate, in the order of their
// declaration.
template <typename T, typename Visit>
constexpr decltype(auto) WithFields(T& t, Visit&& visit) {
  constexpr size_t n = kFieldCount<T>;
  if constexpr (n == 0) {
    return visit();
  } else if constexpr (n == 1) {
    auto& [a] = t;
    return visit(a);
  } else if constexpr (n == 2) {
    auto& [a, b] = t;
    return visit(a, b);
  } else if constexpr (n == 3) {
    auto& [a, b, c] = t;
    return visit(a, b, c);
  } else if constexpr (n == 4) {
    auto& [a, b, c, d] = t;
    return visit(a, b, c, d);
  } else if constexpr (n == 5) {
    auto& [a, b, c, d, e] = t;
    return visit(a, b, c, d, e);
  } else if constexpr (n == 6) {
    auto& [a, b, c, d, e, f] = t;
    return visit(a, b, c, d, e, f);
  } else if constexpr (n == 7) {
    auto& [a, b, c, d, e, f, g] = t;
    return visit(a, b, c, d, e, f, g);
  } else if constexpr (n == 8) {
    auto& [a, b, c, d, e, f, g, h] = t;
    return visit(a, b, c, d, e, f, g, h);
  } else if constexpr (n == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = t;
    return visit(a, b, c, d, e, f, g, h, i);
  } else if constexpr (n == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = t;
    return visit(a, b, c, d, e, f, g, h, i, j);
  } else {
    static_assert(n == 11);
    auto& [a, b, c, d, e, f, g, h, i, j, k] = t;
    return visit(a, b, c, d, e, f, g, h, i, j, k);
  }
}

}  // namespace clopencl::wire
