#include "controller/rollout/version.h"

#include <gtest/gtest.h>

namespace drover::rollout {
namespace {

TEST(VersionTest, ParsesThreeNumbersAndNothingElse) {
  EXPECT_EQ(ParseVersion("2.19.1"), (Version{2, 19, 1}));
  for (const char* bad : {"", "2", "2.19", "2.19.", "v2.19.1", "2.19.1-SNAPSHOT", "2.19.1.0",
                          "-2.19.1", "2..1", " 2.19.1", "2.19.9999999"}) {
    EXPECT_FALSE(ParseVersion(bad).has_value()) << bad;
  }
}

TEST(VersionTest, ComparesByNumberNotByText) {
  EXPECT_LT(*ParseVersion("2.9.0"), *ParseVersion("2.17.0"));
}

TEST(ImageTest, SplitsAtTheTagNotAtThePort) {
  const ImageReference image = ParseImage("registry:5000/a/opensearch:2.17.1@sha256:abc");
  EXPECT_EQ(image.repository, "registry:5000/a/opensearch");
  EXPECT_EQ(image.tag, "2.17.1");
  EXPECT_EQ(image.digest, "sha256:abc");
  EXPECT_EQ(ParseImage("registry:5000/opensearch").tag, "");
  EXPECT_EQ(WithTag("registry:5000/opensearch:2.17.1", "2.19.1"),
            "registry:5000/opensearch:2.19.1");
}

}  // namespace
}  // namespace drover::rollout
