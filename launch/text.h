// Small pieces of text handling that the parsers and printers here share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clopencl::launch {

// The argument as a POSIX shell has to be given it: unchanged when harmless, else in single quotes.
std::string ShellQuote(std::string_view argument);
std::string ShellQuote(const std::vector<std::string>& arguments);

// A whole number of at least 0, and nothing else.
std::optional<int> ParseNumber(std::string_view text);

// Upper and lower case are the same (ASCII).
bool ContainsIgnoringCase(std::string_view text, std::string_view part);
bool EqualIgnoringCase(std::string_view a, std::string_view b);

std::string_view Trim(std::string_view text);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);

// "1 server", "2 servers".
std::string Count(size_t number, std::string_view noun);

}  // namespace clopencl::launch
