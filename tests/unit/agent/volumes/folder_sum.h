// The sum of a folder as tree.h describes it, worked out a second way.
#ifndef DROVER_TESTS_UNIT_AGENT_VOLUMES_FOLDER_SUM_H_
#define DROVER_TESTS_UNIT_AGENT_VOLUMES_FOLDER_SUM_H_

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/crypto/crypto.h"

namespace drover::agent {

inline std::string FolderSum(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<fs::path> entries(fs::recursive_directory_iterator{folder},
                                fs::recursive_directory_iterator{});
  std::sort(entries.begin(), entries.end());
  std::string all;
  for (const fs::path& entry : entries) {
    all += entry.lexically_relative(folder).string() + '\0';
    if (fs::is_symlink(entry)) {
      all += fs::read_symlink(entry).string() + '\0';
    } else if (fs::is_regular_file(entry)) {
      std::ostringstream bytes;
      bytes << std::ifstream(entry, std::ios::binary).rdbuf();
      all += bytes.str() + '\0' + std::to_string(bytes.str().size());
    }
  }
  return crypto::Sha256Hex(all);
}

}  // namespace drover::agent

#endif  // DROVER_TESTS_UNIT_AGENT_VOLUMES_FOLDER_SUM_H_
