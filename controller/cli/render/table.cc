#include "controller/cli/render/table.h"

#include <algorithm>
#include <utility>

namespace drover::cli {

Table::Table(const std::vector<std::string>& headers) {
  std::vector<Line> row;
  for (const std::string& header : headers) row.emplace_back(header, Tone::kDim);
  rows_.push_back(std::move(row));
}

void Table::Add(std::vector<Line> cells) {
  cells.resize(rows_.front().size());
  rows_.push_back(std::move(cells));
}

Lines Table::Render(int indent) const {
  if (empty()) return {};
  std::vector<int> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].width());
  }
  Lines out;
  for (const auto& row : rows_) {
    // No spaces behind the last cell that says something.
    size_t used = row.size();
    while (used > 0 && row[used - 1].width() == 0) --used;
    Line line(std::string(static_cast<size_t>(indent), ' '));
    int column = indent;
    for (size_t i = 0; i < used; ++i) {
      line.Add(row[i]);
      column += widths[i] + 2;
      if (i + 1 < used) line.To(column);
    }
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace drover::cli
