// Names of types and functions as the source has them, known at compile time.
#pragma once

#include <string_view>

namespace clopencl {

namespace internal {

// The last component of the first name after "= " in what the compiler calls a function template's instance:
// "… [with T = clopencl::wire::ReadBuffer]", "… [kFunction = &clopencl::frontend::api::Finish]".
constexpr std::string_view LastName(std::string_view pretty) {
  pretty.remove_prefix(pretty.find("= ") + 2);
  pretty = pretty.substr(0, pretty.find_first_of(";](>"));
  const size_t colons = pretty.rfind(':');
  if (colons != std::string_view::npos) pretty.remove_prefix(colons + 1);
  return pretty;
}

template <typename T>
constexpr std::string_view PrettyType() {
  return __PRETTY_FUNCTION__;
}
template <auto kFunction>
constexpr std::string_view PrettyFunction() {
  return __PRETTY_FUNCTION__;
}

}  // namespace internal

template <typename T>
inline constexpr std::string_view kTypeName = internal::LastName(internal::PrettyType<T>());
template <auto kFunction>
inline constexpr std::string_view kFunctionName = internal::LastName(internal::PrettyFunction<kFunction>());

}  // namespace clopencl
