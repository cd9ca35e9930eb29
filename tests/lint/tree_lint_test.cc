// What holds for every file of the tree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "tests/lint/tree.h"

namespace drover::lint {
namespace {

using ::testing::IsEmpty;

constexpr size_t kMostLines = 450;

// Path → why it may be longer.
const std::map<std::string, std::string> kLongFiles = {};

// Sources that people read from one end to the other; documents may be as long as their subject.
bool IsSource(const SourceFile& file) {
  for (const char* ending : {".cc", ".h", ".proto", ".py", ".sh", ".cmake", "CMakeLists.txt"}) {
    if (file.path.ends_with(ending)) return true;
  }
  return file.path.starts_with("scripts/");
}

TEST(TreeLintTest, NoFileIsTooLong) {
  for (const SourceFile& file : Tree()) {
    if (!IsSource(file) || kLongFiles.contains(file.path)) continue;
    EXPECT_LE(file.lines.size(), kMostLines) << file.path << ": split it by theme";
  }
}

TEST(TreeLintTest, LongFilesAreStillLong) {
  for (const auto& [path, reason] : kLongFiles) {
    bool found = false;
    for (const SourceFile& file : Tree()) {
      found = found || (file.path == path && file.lines.size() > kMostLines);
    }
    EXPECT_TRUE(found) << path << " needs no exception any more (" << reason << ")";
  }
}

// Registries are reached through the machine's own settings for apt, pip, Maven and Docker, so that
// a mirror works; a name written here would go around them. Split, so as not to find this file.
TEST(TreeLintTest, NoRegistryIsNamed) {
  const std::vector<std::string> hosts = {
      std::string("deb.deb") + "ian.org",         std::string("repo.maven.") + "apache.org",
      std::string("repo1.maven") + ".org",        std::string("py") + "pi.org",
      std::string("files.python") + "hosted.org", std::string("registry.npm") + "js.org",
      std::string("proxy.gol") + "ang.org",       std::string("crates") + ".io"};
  for (const SourceFile& file : Tree()) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      for (const std::string& host : hosts) {
        EXPECT_EQ(file.lines[i].find(host), std::string::npos)
            << At(file, static_cast<int>(i + 1)) << " names " << host;
      }
    }
  }
}

TEST(TreeLintTest, NoConflictMarkersAndNoTrailingCarriageReturns) {
  for (const SourceFile& file : Tree()) {
    if (!IsSource(file)) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      EXPECT_FALSE(line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "))
          << At(file, static_cast<int>(i + 1));
      EXPECT_FALSE(line.ends_with('\r')) << At(file, static_cast<int>(i + 1));
    }
  }
}

// The files that the lines "path:line:column: …" of a command's output name.
std::set<std::string> FilesNamedBy(const std::string& command) {
  std::set<std::string> files;
  FILE* const output = ::popen(command.c_str(), "r");
  if (output == nullptr) return {"popen failed"};
  char line[4096];
  while (std::fgets(line, sizeof(line), output) != nullptr) {
    const std::string text = line;
    if (text.find(": warning: ") == std::string::npos) continue;
    files.insert(text.substr(0, text.find(':')));
  }
  ::pclose(output);
  return files;
}

// All files in one run of clang-format, which is what is slow.
TEST(TreeLintTest, SourcesAreFormatted) {
  if (std::system("command -v clang-format > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "clang-format is not installed: scripts/setup build installs it";
  }
  std::string command = "cd '" DROVER_SOURCE_DIR "' && clang-format --dry-run";
  for (const SourceFile& file : Tree()) {
    if (IsCpp(file)) command += " '" + file.path + "'";
  }
  EXPECT_THAT(FilesNamedBy(command + " 2>&1"), IsEmpty())
      << "run clang-format -i on these files, and only on these";
}

}  // namespace
}  // namespace drover::lint
