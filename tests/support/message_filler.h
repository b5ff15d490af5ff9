// Messages with arbitrary contents, made from their fields by reflection, and their contents as text.
#pragma once

#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/wire/codec.h"
#include "common/wire/reflect.h"

namespace clopencl::wire {

// Owns what the sequences of its messages point at. The same seed makes the same messages.
class MessageFiller {
 public:
  explicit MessageFiller(uint32_t seed, size_t longest_sequence = 4)
      : random_(seed), longest_sequence_(longest_sequence) {}

  template <typename Message>
  Message Make() {
    Message message{};
    Fill(message);
    return message;
  }

 private:
  template <typename T>
  void Fill(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      value = random_() % 2 == 1;
    } else if constexpr (Scalar<T>) {
      const uint64_t bits = uint64_t{random_()} << 32 | random_();
      std::memcpy(&value, &bits, sizeof value);
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      std::string& text = texts_.emplace_back();
      for (size_t left = Length() * 3; left > 0; --left) text.push_back(static_cast<char>(random_()));
      value = text;
    } else if constexpr (IsSpan<T>::value) {
      value = Sequence<typename IsSpan<T>::Element>();
    } else if constexpr (IsArray<T>::value) {
      for (auto& element : value) Fill(element);
    } else {
      WithFields(value, [this](auto&... field) { (this->Fill(field), ...); });
    }
  }

  template <typename T>
  std::span<const T> Sequence() {
    const size_t length = Length();
    auto elements = std::make_shared<std::vector<T>>(length);
    owned_.push_back(elements);
    for (T& element : *elements) {
      if constexpr (std::is_same_v<T, std::byte>) {
        element = static_cast<std::byte>(random_());
      } else {
        Fill(element);
      }
    }
    return *elements;
  }

  size_t Length() { return random_() % (longest_sequence_ + 1); }

  std::mt19937 random_;
  const size_t longest_sequence_;
  std::deque<std::string> texts_;
  std::vector<std::shared_ptr<void>> owned_;
};

// Every field of a message as text, so that two can be compared without the codec that is under test.
class MessageDescriber {
 public:
  template <typename T>
  void Add(const T& value) {
    if constexpr (Scalar<T> || std::is_same_v<T, std::byte>) {
      AddBytes(&value, sizeof value);
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      AddText("'");
      AddBytes(value.data(), value.size());
    } else if constexpr (IsSpan<T>::value || IsArray<T>::value) {
      AddText("[");
      for (const auto& element : value) Add(element);
      AddText("]");
    } else {
      AddText("{");
      WithFields(value, [this](const auto&... field) { (this->Add(field), ...); });
      AddText("}");
    }
  }
  std::string Take() { return std::move(text_); }

 private:
  void AddText(const char* text) { text_ += text; }
  void AddBytes(const void* data, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      text_ += "0123456789abcdef"[static_cast<const unsigned char*>(data)[i] >> 4];
      text_ += "0123456789abcdef"[static_cast<const unsigned char*>(data)[i] & 15];
    }
    text_ += ' ';
  }

  std::string text_;
};

template <typename T>
std::string Describe(const T& value) {
  MessageDescriber describer;
  describer.Add(value);
  return describer.Take();
}

}  // namespace clopencl::wire
