#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "common/base/files.h"

namespace drover::golden {

void Expect(const std::string& path, const std::string& text) {
  const std::string file = std::string(DROVER_SOURCE_DIR) + "/tests/golden/" + path;
  if (std::getenv("DROVER_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteFileAtomically(file, text).ok()) << file;
    return;
  }
  const StatusOr<std::string> wanted = ReadFile(file);
  ASSERT_TRUE(wanted.ok()) << file << "; refresh with DROVER_UPDATE_GOLDEN=1";
  EXPECT_EQ(text, *wanted) << file << "; refresh with DROVER_UPDATE_GOLDEN=1";
}

}  // namespace drover::golden
