// Listings: a header and rows in aligned columns.
#ifndef DROVER_CONTROLLER_CLI_RENDER_TABLE_H_
#define DROVER_CONTROLLER_CLI_RENDER_TABLE_H_

#include <string>
#include <vector>

#include "controller/cli/render/line.h"

namespace drover::cli {

class Table {
 public:
  explicit Table(const std::vector<std::string>& headers);

  // One cell a header.
  void Add(std::vector<Line> cells);
  bool empty() const { return rows_.size() == 1; }
  // Each line behind `indent` spaces. Without rows: no line at all.
  Lines Render(int indent = 0) const;

 private:
  // The headers are the first.
  std::vector<std::vector<Line>> rows_;
};

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_TABLE_H_
