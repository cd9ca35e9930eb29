#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/clusterfile/cluster_file.h"

namespace drover::clusterfile {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

rollout::ClusterSpec Small() {
  rollout::ClusterSpec spec;
  spec.name = "search";
  spec.endpoints = {"http://10.0.0.11:9200", "http://10.0.0.12:9200"};
  spec.snapshot.repository = "backups";
  spec.members = {{"h1", "search", "opensearch", ""}, {"h2", "search", "opensearch", "os-2"}};
  return spec;
}

rollout::ClusterSpec Large() {
  rollout::ClusterSpec spec = Small();
  spec.endpoints = {"https://[fd00::1]:9200"};
  spec.tls = {"/etc/ca, with comma.pem", "/etc/c.pem", "/etc/k: {odd}.pem"};
  spec.auth = {"null", "/etc/drover/pass # word"};
  spec.snapshot.type = "s3";
  spec.snapshot.settings = {{"bucket", "b: c"}, {"compress", "true"}, {"chunk_size", "1gb"}};
  spec.companions = {{"h1", "dash", "dashboards", "os/dashboards:{version}"}};
  spec.rules = {3,
                Millis(90'000),
                Millis(3'600'000),
                Millis(1'500),
                Millis(61'000),
                Millis(7'200'000),
                {"first", "os-2", "Übung"},
                4};
  return spec;
}

void ExpectRoundTrip(const rollout::ClusterSpec& spec) {
  const std::string text = WriteClusterFile(spec, {"A note.", "Another one\nof two lines: [x"});
  const auto again = ParseClusterFile(text, "written.yaml");
  ASSERT_TRUE(again.ok()) << again.status() << "\n" << text;
  EXPECT_EQ(*again, spec) << text;
}

TEST(WriteClusterFile, RoundTripsASmallOne) { ExpectRoundTrip(Small()); }
TEST(WriteClusterFile, RoundTripsEveryFieldAndOddTexts) { ExpectRoundTrip(Large()); }

TEST(WriteClusterFile, LooksAsAPersonWouldWriteIt) {
  const std::string text = WriteClusterFile(Small(), {"Found on h1 and h2."});
  EXPECT_THAT(text, StartsWith("# Found on h1 and h2.\nname: search\n"
                               "endpoints: [http://10.0.0.11:9200, http://10.0.0.12:9200]\n"
                               "snapshot: {repository: backups}\n"
                               "members:\n"
                               "  - {host: h1, project: search, service: opensearch}\n"
                               "  - {host: h2, project: search, service: opensearch, node: os-2}\n"
                               "rules:\n  max_unavailable: 1"));
  EXPECT_THAT(text, HasSubstr("join_timeout: 10m"));
  EXPECT_EQ(text.back(), '\n');
}

TEST(WriteClusterFile, AsksForTheRepositoryThatItDoesNotKnow) {
  rollout::ClusterSpec spec = Small();
  spec.snapshot = {};
  const std::string text = WriteClusterFile(spec, {});
  EXPECT_THAT(text, HasSubstr("# Name the repository"));
  const auto refused = ParseClusterFile(text, "f");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(Message(refused.status()), HasSubstr("snapshot.repository is empty"));
}

}  // namespace
}  // namespace drover::clusterfile
