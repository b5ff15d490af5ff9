// The --devices option: which of the listed devices take part.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/device_info.h"

namespace clopencl::matmul {

/// A parsed selection. The grammar, as --help and the README give it:
///
///   selection := term { "," term }            every device that any term names
///   term      := condition { ":" condition }  the devices that meet all its conditions
///   condition := "all" | "cpu" | "gpu" | "accelerator"
///              | INDEX | INDEX "-" INDEX      as --list numbers them
///              | "platform=" TEXT | "name=" TEXT   TEXT occurs in the name, in either case of letters
///              | "host=" TEXT                 the host's name, whole or its part before the first dot
class DeviceSelection {
 public:
  /// Throws Failure(kBadDevices) that says which part cannot be read and what is allowed.
  static DeviceSelection Parse(std::string_view text);

  /// The selected devices in the order of `devices`, each once. Throws Failure: kNoDevice when `devices` is
  /// empty, kBadDevices when a term names none or a device chosen by its index is not usable. Devices that
  /// are not usable are passed over by every other condition.
  [[nodiscard]] std::vector<apps::DeviceInfo> Select(const std::vector<apps::DeviceInfo>& devices) const;

 private:
  struct Any {};
  struct OfType {
    cl_device_type type;
  };
  struct Indices {
    int first;
    int last;
  };
  struct Text {
    enum Field { kPlatform, kName, kHost } field;
    std::string text;
  };
  using Condition = std::variant<Any, OfType, Indices, Text>;

  struct Term {
    std::string text;  // as the user wrote it, for messages
    std::vector<Condition> conditions;
  };

  static Condition ParseCondition(std::string_view text);
  static bool Meets(const apps::DeviceInfo& device, const Condition& condition);

  std::vector<Term> terms_;
};

/// The grammar above for --help.
extern const char* const kDeviceSelectionHelp;

}  // namespace clopencl::matmul
