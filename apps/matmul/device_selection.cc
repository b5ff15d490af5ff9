#include "matmul/device_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "matmul/failure.h"

namespace clopencl::matmul {

using apps::DeviceInfo;

const char* const kDeviceSelectionHelp =
    "Devices that take part: a comma list; every device that a term names is taken. A\n"
    "term is one condition, or several joined by ':' that must all hold:\n"
    "  all, cpu, gpu, accelerator    by type\n"
    "  2  or  0-3                    by index, as --list numbers them\n"
    "  platform=TEXT, name=TEXT      TEXT occurs in the platform's or device's name\n"
    "                                (upper and lower case are the same)\n"
    "  host=NAME                     by host, with or without its domain\n"
    "Example: gpu,cpu:host=node0 takes every GPU, and the CPU devices of node0.";

namespace {

constexpr const char* kAllowed =
    "allowed are all, cpu, gpu, accelerator, an index or a range (0-3) as --list numbers them, "
    "platform=TEXT, name=TEXT "
    "and host=NAME; ',' between alternatives, ':' between conditions that must all hold";

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::optional<int> ParseIndex(std::string_view text) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

bool IsHost(std::string_view host, std::string_view wanted) {
  return host == wanted || host.substr(0, host.find('.')) == wanted;
}

}  // namespace

DeviceSelection::Condition DeviceSelection::ParseCondition(std::string_view text) {
  const std::string lower = Lower(text);
  if (lower == "all") return Any{};
  if (lower == "cpu") return OfType{CL_DEVICE_TYPE_CPU};
  if (lower == "gpu") return OfType{CL_DEVICE_TYPE_GPU};
  if (lower == "accelerator") return OfType{CL_DEVICE_TYPE_ACCELERATOR};
  if (const std::size_t equals = lower.find('='); equals != std::string::npos && equals + 1 < lower.size()) {
    const std::string key = lower.substr(0, equals);
    std::string value = lower.substr(equals + 1);
    if (key == "platform") return Text{Text::kPlatform, std::move(value)};
    if (key == "name") return Text{Text::kName, std::move(value)};
    if (key == "host") return Text{Text::kHost, std::move(value)};
  }
  const std::size_t dash = text.find('-');
  const std::optional<int> first = ParseIndex(text.substr(0, dash));
  const std::optional<int> last = dash == std::string_view::npos ? first : ParseIndex(text.substr(dash + 1));
  if (first && last && *first <= *last) return Indices{*first, *last};
  throw Failure(ExitCode::kBadDevices, fmt::format("--devices: '{}' cannot be read; {}", text, kAllowed));
}

DeviceSelection DeviceSelection::Parse(std::string_view text) {
  DeviceSelection selection;
  for (std::string_view part : Split(text, ',')) {
    Term term{std::string(part), {}};
    for (std::string_view condition : Split(part, ':')) term.conditions.push_back(ParseCondition(condition));
    selection.terms_.push_back(std::move(term));
  }
  return selection;
}

bool DeviceSelection::Meets(const DeviceInfo& device, const Condition& condition) {
  if (const auto* type = std::get_if<OfType>(&condition)) return (device.type & type->type) != 0;
  if (const auto* indices = std::get_if<Indices>(&condition)) {
    return device.index >= indices->first && device.index <= indices->last;
  }
  if (const auto* text = std::get_if<Text>(&condition)) {
    switch (text->field) {
      case Text::kPlatform:
        return Lower(device.platform_name).find(text->text) != std::string::npos;
      case Text::kName:
        return Lower(device.name).find(text->text) != std::string::npos;
      case Text::kHost:
        return IsHost(Lower(device.host), text->text);
    }
  }
  return true;
}

std::vector<DeviceInfo> DeviceSelection::Select(const std::vector<DeviceInfo>& devices) const {
  if (devices.empty()) {
    throw Failure(ExitCode::kNoDevice,
                  "no OpenCL device found: install an OpenCL driver (for CPUs: pocl-opencl-icd), or check "
                  "OCL_ICD_VENDORS and /etc/OpenCL/vendors");
  }
  std::vector<bool> chosen(devices.size(), false);
  for (const Term& term : terms_) {
    const bool by_index = std::ranges::any_of(term.conditions, [](const Condition& condition) {
      return std::holds_alternative<Indices>(condition);
    });
    bool named_any = false;
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if (!std::ranges::all_of(term.conditions, [&](const Condition& c) { return Meets(devices[i], c); }))
        continue;
      if (!devices[i].usable) {
        if (!by_index) continue;
        throw Failure(ExitCode::kBadDevices,
                      fmt::format("--devices: device {} ({} on {}) is not available or has no compiler",
                                  devices[i].index, devices[i].name, devices[i].host));
      }
      chosen[i] = true;
      named_any = true;
    }
    if (!named_any) {
      throw Failure(ExitCode::kBadDevices,
                    fmt::format("--devices: '{}' names none of the {} devices here; --list shows them:\n{}",
                                term.text, devices.size(), apps::FormatDevices(devices)));
    }
  }
  std::vector<DeviceInfo> selected;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (chosen[i]) selected.push_back(devices[i]);
  }
  return selected;
}

}  // namespace clopencl::matmul
