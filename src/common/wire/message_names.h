// What messages are called, for people.
#pragma once

#include <array>
#include <string_view>

#include "common/type_name.h"
#include "common/wire/protocol.h"

namespace clopencl::wire {

namespace internal {

template <typename... Ts>
constexpr std::string_view NameIn(TypeList<Ts...>, uint16_t opcode) {
  constexpr std::array<std::string_view, sizeof...(Ts)> kNames{kTypeName<Ts>...};
  return opcode < kNames.size() ? kNames[opcode] : std::string_view("unknown");
}

}  // namespace internal

// Of a message to a rank server.
constexpr std::string_view ServerMessageName(uint16_t opcode) {
  return internal::NameIn(ServerMessages{}, opcode);
}

}  // namespace clopencl::wire
