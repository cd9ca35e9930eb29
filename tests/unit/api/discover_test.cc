#include "controller/api/discover.h"

#include <gtest/gtest.h>

#include "controller/api/cluster_changes.h"
#include "tests/unit/api/fakes.h"

namespace drover::api {
namespace {

InspectedProject Node(const std::string& host, const std::string& cluster,
                      const std::string& address) {
  InspectedProject inspected{host, TestHost(host).projects.front()};
  rollout::ServiceView& service = inspected.project.services.front();
  service.environment["node.name"] = host + "-node";
  if (!cluster.empty()) service.environment["cluster.name"] = cluster;
  service.container->ports = {{address, 19200, 9200}, {address, 19300, 9300}};
  return inspected;
}

bool HasNote(const Proposal& proposal, const std::string& part) {
  for (const auto& note : proposal.notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

TEST(ProposeTest, OneFileForEachClusterName) {
  const auto proposals = Propose({Node("h1", "search", "10.0.0.1"), Node("h2", "logs", "10.0.0.2"),
                                  Node("h3", "search", "10.0.0.3")});
  ASSERT_EQ(proposals.size(), 2u);
  EXPECT_EQ(proposals[0].spec.name, "logs");
  EXPECT_EQ(proposals[1].spec.name, "search");
  ASSERT_EQ(proposals[1].spec.members.size(), 2u);
  EXPECT_EQ(proposals[1].spec.members[1].host, "h3");
  EXPECT_EQ(proposals[1].spec.endpoints,
            (std::vector<std::string>{"http://10.0.0.1:19200", "http://10.0.0.3:19200"}));
  EXPECT_TRUE(HasNote(proposals[1], "snapshot.repository"));
}

TEST(ProposeTest, SaysWhatItCouldNotFindOut) {
  InspectedProject bare = Node("h1", "", "0.0.0.0");
  bare.project.services.front().environment.clear();
  const auto proposals = Propose({bare});
  ASSERT_EQ(proposals.size(), 1u);
  EXPECT_EQ(proposals[0].spec.name, "search");
  EXPECT_EQ(proposals[0].spec.endpoints.front(), "http://h1:19200");
  EXPECT_TRUE(HasNote(proposals[0], "sets no cluster.name"));
  EXPECT_TRUE(HasNote(proposals[0], "sets no node.name"));
  EXPECT_TRUE(HasNote(proposals[0], "address is not known"));
}

TEST(ProposeTest, UsesThePublishHostWhereThePortIsOnEveryAddress) {
  InspectedProject node = Node("h1", "search", "0.0.0.0");
  node.project.services.front().environment["network.publish_host"] = "10.9.8.7";
  EXPECT_EQ(Propose({node}).front().spec.endpoints.front(), "http://10.9.8.7:19200");
  node.project.services.front().environment["network.publish_host"] = "_eth0_";
  EXPECT_EQ(Propose({node}).front().spec.endpoints.front(), "http://h1:19200");
}

TEST(ProposeTest, LeavesDashboardsAndOthersOut) {
  InspectedProject node = Node("h1", "search", "10.0.0.1");
  rollout::ServiceView dashboards;
  dashboards.name = "dashboards";
  dashboards.image = "opensearchproject/opensearch-dashboards:2.17.1";
  node.project.services.push_back(dashboards);
  EXPECT_EQ(Propose({node}).front().spec.members.size(), 1u);
  rollout::ProjectView only;
  only.services = {dashboards};
  EXPECT_FALSE(MayHoldNodes(only));
  EXPECT_TRUE(MayHoldNodes(node.project));
}

TEST(ProposeTest, AsksForNoSecret) {
  for (const auto& key : DiscoveryEnvironment()) {
    EXPECT_EQ(key.find("PASSWORD"), std::string::npos) << key;
  }
}

TEST(ChangesTest, NamesEachDifference) {
  rollout::ClusterSpec before = *ParseTestFile("search h1/search/opensearch", "f");
  rollout::ClusterSpec now = *ParseTestFile("search h2/search/opensearch", "f");
  EXPECT_TRUE(Changes(before, before).empty());
  now.rules.max_unavailable = 2;
  now.snapshot.repository = "backups";
  const std::vector<std::string> expected{
      "member h1/search/opensearch removed", "rules.max_unavailable: 1 → 2",
      "snapshot.repository: (none) → backups", "member h2/search/opensearch added"};
  EXPECT_EQ(Changes(before, now), expected);
}

TEST(CheckHostsTest, AnUnknownHostIsAnErrorThatNamesTheKnown) {
  const auto spec = *ParseTestFile("search h1/search/opensearch h9/search/opensearch", "f");
  const Status status = CheckHosts(spec, "prod.yaml", {TestHost("h1"), TestHost("h2")});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(status),
            "prod.yaml: member h9/search/opensearch: host 'h9' is not enrolled; enrolled: h1, h2. "
            "To enrol one: drover token create");
  EXPECT_TRUE(CheckHosts(spec, "prod.yaml", {TestHost("h1"), TestHost("h9")}).ok());
}

TEST(WarningsTest, WhatMayBeWrongButComesAndGoes) {
  auto spec = *ParseTestFile(
      "search h1/search/opensearch h2/search/opensearch h3/other/x h4/search/nothing", "f");
  auto away = TestHost("h2");
  away.connected = false;
  const auto lines = Warnings(spec, {TestHost("h1"), away, TestHost("h3"), TestHost("h4")});
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "warning: the agent of h2 is not connected now");
  EXPECT_NE(lines[1].find("no project 'other'"), std::string::npos);
  EXPECT_NE(lines[2].find("no service 'nothing'"), std::string::npos);
}

}  // namespace
}  // namespace drover::api
