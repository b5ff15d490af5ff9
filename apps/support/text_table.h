// Tables for people: columns as wide as their widest cell.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace clopencl::apps {

class TextTable {
 public:
  enum Alignment { kLeft, kRight };

  struct Column {
    std::string title;
    Alignment alignment = kLeft;
    std::size_t max_width = 0;  // longer cells are cut, with "..."; 0: never
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// `cells` in the order of the columns; missing ones at the end are empty.
  void AddRow(std::vector<std::string> cells);

  /// Titles, then the rows, each ended by a newline, no trailing blanks.
  [[nodiscard]] std::string Format() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace clopencl::apps
