#include "support/text_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace clopencl::apps {

void TextTable::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t limit = columns_[i].max_width;
    if (limit > 3 && cells[i].size() > limit) cells[i] = cells[i].substr(0, limit - 3) + "...";
  }
  rows_.push_back(std::move(cells));
}

std::string TextTable::Format() const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns_[i].title.size();
    for (const auto& row : rows_) width = std::max(width, row[i].size());
    widths.push_back(width);
    titles.push_back(columns_[i].title);
  }
  std::string text;
  const auto append = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += "  ";
      line += columns_[i].alignment == kRight ? fmt::format("{:>{}}", cells[i], widths[i])
                                              : fmt::format("{:<{}}", cells[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  append(titles);
  for (const auto& row : rows_) append(row);
  return text;
}

}  // namespace clopencl::apps
