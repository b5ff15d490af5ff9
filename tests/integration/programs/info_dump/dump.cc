#include "info_dump/dump.h"

#include <algorithm>
#include <cstring>
#include <sstream>
#include <string_view>

#include "support/names.h"
#include "support/report.h"

namespace clopencl::programs {
namespace {

using Bytes = std::vector<unsigned char>;

// The bytes as values of T; what is over at the end is left out.
template <typename T>
std::vector<T> As(const Bytes& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

template <typename T, typename Text>
std::string Join(const Bytes& bytes, Text text) {
  std::string joined;
  for (const T& value : As<T>(bytes)) joined += (joined.empty() ? "" : " ") + text(value);
  return joined.empty() ? "none" : joined;
}

template <typename T>
std::string Numbers(const Bytes& bytes) {
  return Join<T>(bytes, [](T value) { return std::to_string(value); });
}

std::string Hex(cl_ulong value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

// Flags of whatever width the value has.
std::string HexOf(const Bytes& bytes) {
  if (bytes.size() == 4) return Hex(As<cl_uint>(bytes)[0]);
  return Join<cl_ulong>(bytes, Hex);
}

std::string TextOf(const Bytes& bytes) {
  std::string text(bytes.begin(), bytes.end());
  const bool terminated = !text.empty() && text.back() == '\0';
  while (!text.empty() && text.back() == '\0') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', '|');
  // A platform that writes nothing leaves the filling, which is no text.
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return text + (terminated || bytes.empty() ? "" : " (not terminated)");
}

std::string SortedWords(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  std::sort(words.begin(), words.end());
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  return joined.empty() ? "none" : joined;
}

std::string VersionText(cl_version version) {
  return std::to_string(CL_VERSION_MAJOR(version)) + "." + std::to_string(CL_VERSION_MINOR(version)) + "." +
         std::to_string(CL_VERSION_PATCH(version));
}

std::string NameVersions(const Bytes& bytes) {
  return SortedWords(Join<cl_name_version>(bytes, [](const cl_name_version& entry) {
    std::string name(entry.name, strnlen(entry.name, sizeof entry.name));
    std::replace(name.begin(), name.end(), ' ', '_');
    return name + "=" + VersionText(entry.version);
  }));
}

struct Flag {
  cl_ulong bit;
  const char* name;
};

std::string FlagNames(const Bytes& bytes, std::initializer_list<Flag> flags) {
  cl_ulong rest = As<cl_ulong>(bytes).empty() ? 0 : As<cl_ulong>(bytes)[0];
  std::string text;
  for (const Flag& flag : flags) {
    if ((rest & flag.bit) == 0) continue;
    rest &= ~flag.bit;
    text += (text.empty() ? "" : " ") + std::string(flag.name);
  }
  if (rest != 0) text += " " + Hex(rest);
  return text.empty() ? "none" : text;
}

std::string Properties(const Bytes& bytes, const Handles& handles) {
  return Join<cl_ulong>(bytes, [&](cl_ulong value) {
    const void* pointer = reinterpret_cast<const void*>(value);
    return value != 0 && handles.Knows(pointer) ? handles.Name(pointer) : Hex(value);
  });
}

std::string HandleNames(const Bytes& bytes, const Handles& handles) {
  return Join<const void*>(bytes, [&](const void* handle) { return handles.Name(handle); });
}

std::string Value(Kind kind, const Bytes& bytes, const Handles& handles) {
  switch (kind) {
    case Kind::kUint:
      return Numbers<cl_uint>(bytes);
    case Kind::kInt:
      return Numbers<cl_int>(bytes);
    case Kind::kUlong:
    case Kind::kSize:
    case Kind::kSizes:
      return Numbers<cl_ulong>(bytes);
    case Kind::kBool:
      return Numbers<cl_bool>(bytes);
    case Kind::kText:
      return TextOf(bytes);
    case Kind::kTextWords:
      return SortedWords(TextOf(bytes));
    case Kind::kHandle:
    case Kind::kHandles:
      return HandleNames(bytes, handles);
    case Kind::kPointer:
      return Join<const void*>(bytes, [&](const void* pointer) { return handles.Name(pointer, "not null"); });
    case Kind::kHex:
      return HexOf(bytes);
    case Kind::kProperties:
      return Properties(bytes, handles);
    case Kind::kPartition:
      return Join<cl_device_partition_property>(bytes, [](auto value) { return Hex(value); });
    case Kind::kVersion:
      return Join<cl_version>(bytes, VersionText);
    case Kind::kNameVersions:
      return NameVersions(bytes);
    case Kind::kFormat:
      return Join<cl_image_format>(bytes, FormatName);
    case Kind::kExecution:
      return FlagNames(
          bytes, {{CL_EXEC_KERNEL, "CL_EXEC_KERNEL"}, {CL_EXEC_NATIVE_KERNEL, "CL_EXEC_NATIVE_KERNEL"}});
    case Kind::kSvm:
      return FlagNames(bytes, {{CL_DEVICE_SVM_COARSE_GRAIN_BUFFER, "CL_DEVICE_SVM_COARSE_GRAIN_BUFFER"},
                               {CL_DEVICE_SVM_FINE_GRAIN_BUFFER, "CL_DEVICE_SVM_FINE_GRAIN_BUFFER"},
                               {CL_DEVICE_SVM_FINE_GRAIN_SYSTEM, "CL_DEVICE_SVM_FINE_GRAIN_SYSTEM"},
                               {CL_DEVICE_SVM_ATOMICS, "CL_DEVICE_SVM_ATOMICS"}});
    case Kind::kTime:
      return Join<cl_ulong>(bytes,
                            [](cl_ulong time) { return std::string(time != 0 ? "not zero" : "zero"); });
    case Kind::kError:
      return Join<cl_int>(bytes, ErrorName);
    case Kind::kStatus:
      return Join<cl_int>(bytes, StatusName);
    case Kind::kCommand:
      return Join<cl_command_type>(bytes, CommandName);
    case Kind::kMemType:
      return Join<cl_mem_object_type>(bytes, MemTypeName);
    case Kind::kSizeOnly:
    case Kind::kAnything:
      return "there";
    case Kind::kBytes:
      return Join<unsigned char>(bytes, [](unsigned char byte) { return Hex(byte); });
  }
  return "";
}

void DumpToken(const std::string& name, const InfoQuery& query, const Handles& handles, const Token& token) {
  size_t size = 0;
  const cl_int code = query(token.value, 0, nullptr, &size);
  if (code != CL_SUCCESS) return PrintError(name, code);
  if (token.kind != Kind::kAnything && token.specified == nullptr)
    PrintNumber(name + " size", static_cast<long long>(size));

  constexpr size_t kGuard = 64;
  constexpr unsigned char kMark = 0xa5;
  Bytes bytes(size + kGuard, kMark);
  size_t written = 0;
  const cl_int value_code = query(token.value, size, bytes.data(), &written);
  if (value_code != CL_SUCCESS) return PrintError(name, value_code);
  if (written != size) PrintNumber(name + " size with the value", static_cast<long long>(written));
  if (std::any_of(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end(),
                  [](unsigned char byte) { return byte != kMark; })) {
    Expect(false, name, "written beyond its size");
  }
  bytes.resize(size);
  const std::string text = Value(token.kind, bytes, handles);
  if (token.specified != nullptr) return PrintSpecified(name, text, token.specified);
  Print(name, text);
  if (size == 0) return;
  const cl_int short_code = query(token.value, size - 1, bytes.data(), nullptr);
  if (short_code != CL_INVALID_VALUE) PrintError(name + " in one byte less", short_code);
}

}  // namespace

std::string Handles::Name(const void* handle, const char* otherwise) const {
  if (handle == nullptr) return "null";
  const auto found = names_.find(handle);
  return found == names_.end() ? otherwise : found->second;
}

void Dump(const std::string& object, const InfoQuery& query, const Handles& handles,
          const std::vector<Token>& tokens) {
  for (const Token& token : tokens) DumpToken(object + "/" + token.name, query, handles, token);
}

}  // namespace clopencl::programs
