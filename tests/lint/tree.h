// The source tree as the lint tests read it.
#ifndef DROVER_TESTS_LINT_TREE_H_
#define DROVER_TESTS_LINT_TREE_H_

#include <string>
#include <vector>

namespace drover::lint {

struct SourceFile {
  std::string path;  // relative to the root of the tree
  std::vector<std::string> lines;
};

struct Include {
  std::string path;  // what stands between the quotes or brackets
  int line = 0;
};

// All files of the tree but what is built, generated or git's own; ordered by path. Binary files
// have no lines.
const std::vector<SourceFile>& Tree();

// C++ sources and headers of the product and the tests.
bool IsCpp(const SourceFile& file);

std::vector<Include> Includes(const SourceFile& file);

// "path:line".
std::string At(const SourceFile& file, int line);

}  // namespace drover::lint

#endif  // DROVER_TESTS_LINT_TREE_H_
