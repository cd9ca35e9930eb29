#include "tests/lint/tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace drover::lint {
namespace {

namespace fs = std::filesystem;

// Not written by hand: built, cached, git's.
const std::set<std::string> kSkippedFolders = {".git", "build", "__pycache__", ".venv", ".cache"};
constexpr uintmax_t kLargestFile = 1024 * 1024;

SourceFile Read(const fs::path& path, const fs::path& root) {
  SourceFile file{fs::relative(path, root).generic_string(), {}};
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  const std::string text = bytes.str();
  if (text.find('\0') != std::string::npos) return file;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) file.lines.push_back(line);
  return file;
}

std::vector<SourceFile> ReadTree() {
  const fs::path root = DROVER_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    if (entry->is_directory() && kSkippedFolders.contains(entry->path().filename())) {
      entry.disable_recursion_pending();
    }
    if (!entry->is_regular_file() || entry->is_symlink()) continue;
    if (entry->file_size() <= kLargestFile) files.push_back(Read(entry->path(), root));
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

}  // namespace

const std::vector<SourceFile>& Tree() {
  static const auto& files = *new std::vector<SourceFile>(ReadTree());
  return files;
}

bool IsCpp(const SourceFile& file) {
  return file.path.ends_with(".cc") || file.path.ends_with(".h");
}

std::vector<Include> Includes(const SourceFile& file) {
  std::vector<Include> includes;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    const size_t hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    const size_t word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 7, "include") != 0) continue;
    const size_t open = line.find_first_of("\"<", word);
    if (open == std::string::npos) continue;
    const size_t close = line.find_first_of("\">", open + 1);
    if (close == std::string::npos) continue;
    includes.push_back({line.substr(open + 1, close - open - 1), static_cast<int>(i + 1)});
  }
  return includes;
}

std::string At(const SourceFile& file, int line) { return file.path + ":" + std::to_string(line); }

}  // namespace drover::lint
