#include "agent/docker/image_reference.h"

#include <gtest/gtest.h>

namespace drover::agent {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

struct Case {
  std::string text;
  std::string name;
  std::string repository;
  std::string tag;
  std::string digest;
};

TEST(ImageReference, TakesReferencesApart) {
  const Case cases[] = {
      {"busybox", "busybox", "docker.io/library/busybox", "", ""},
      {"busybox:1.36", "busybox", "docker.io/library/busybox", "1.36", ""},
      {"opensearchproject/opensearch:2.19.1", "opensearchproject/opensearch",
       "docker.io/opensearchproject/opensearch", "2.19.1", ""},
      {"registry:5000/x", "registry:5000/x", "registry:5000/x", "", ""},
      {"registry:5000/x:tag", "registry:5000/x", "registry:5000/x", "tag", ""},
      {"localhost/x:1", "localhost/x", "localhost/x", "1", ""},
      {"a.b/c/d/e:v-1_2.3", "a.b/c/d/e", "a.b/c/d/e", "v-1_2.3", ""},
      {"x@" + kDigest, "x", "docker.io/library/x", "", kDigest},
      {"r:5000/x:1@" + kDigest, "r:5000/x", "r:5000/x", "1", kDigest},
  };
  for (const Case& entry : cases) {
    const auto reference = ParseImageReference(entry.text);
    ASSERT_TRUE(reference.ok()) << entry.text << " " << reference.status();
    EXPECT_EQ(reference->name, entry.name);
    EXPECT_EQ(reference->Repository(), entry.repository);
    EXPECT_EQ(reference->tag, entry.tag);
    EXPECT_EQ(reference->digest, entry.digest);
  }
}

TEST(ImageReference, RefusesWhatIsNone) {
  for (const std::string bad : {"", ":1", "x:", "x:a b", "x@sha256:12", "X", "a//b", "-x", "x y",
                                "http://x", "x:1:2:", "${TAG}", "../x", "/x", "x/"}) {
    EXPECT_FALSE(ParseImageReference(bad).ok()) << bad;
  }
}

TEST(ImageReference, ComparesSpellings) {
  EXPECT_TRUE(SameImage("busybox", "docker.io/library/busybox:latest"));
  EXPECT_TRUE(SameImage("a/b:1", "docker.io/a/b:1"));
  EXPECT_FALSE(SameImage("a/b:1", "a/b:2"));
  EXPECT_FALSE(SameImage("a/b:1", "a/b:1@" + kDigest));
  EXPECT_FALSE(SameImage("", ""));
}

}  // namespace
}  // namespace drover::agent
