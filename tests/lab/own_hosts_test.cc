// The README's "on your own hosts" section, done word for word on a fresh lab.
#include <gmock/gmock.h>

#include <filesystem>
#include <sstream>

#include "tests/lab/lab_fixture.h"

namespace drover::lab {
namespace {

class OwnHostsTest : public LabTest {};

TEST_F(OwnHostsTest, TheReadmesCommandsUpgradeACluster) {
  GTEST_SKIP() << "README.md has no marked blocks yet";
}

}  // namespace
}  // namespace drover::lab
