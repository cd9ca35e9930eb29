// What a rehearsal would do, and what it refuses before anything starts.
#include "controller/rollout/rehearsal.h"

#include <gmock/gmock.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

class RehearsalTest : public ::testing::Test {
 protected:
  RehearsalTest() {
    world_.cluster.indices.clear();
    snapshot_.name = "nightly";
    snapshot_.repository = "backups";
    snapshot_.state = "SUCCESS";
    snapshot_.version = testing::kOld;
    AddIndex("old", "1.3.20", 100);
    AddIndex("big", testing::kOld, 300);
    AddIndex("small", testing::kOld, 100);
    AddIndex("middle", testing::kOld, 200);
    repository_.name = "backups";
    repository_.exists = true;
    repository_.type = "fs";
    repository_.settings = {{"location", "/snap"}};
    for (NodeView& node : world_.cluster.nodes) {
      node.repo_paths = {"/snap"};
      node.data_paths = {"/usr/share/opensearch/data"};
    }
    for (HostView& host : world_.hosts) host.memory_available_bytes = 8ULL << 30;
  }

  void AddIndex(const std::string& name, const std::string& created, uint64_t bytes) {
    IndexView index;
    index.name = name;
    index.created_version = created;
    index.docs = bytes;
    index.store_bytes = bytes;
    world_.cluster.indices.push_back(index);
    snapshot_.indices.push_back(name);
  }

  StatusOr<RehearsalPlan> Plan() {
    return PlanRehearsal("ab12", request_, testing::HealthySpec(), snapshot_, repository_, world_);
  }
  RehearsalPlan Good() {
    const auto plan = Plan();
    EXPECT_TRUE(plan.ok()) << plan.status();
    return plan.value_or(RehearsalPlan());
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const RehearsedIndex& index : Good().indices) names.push_back(index.name);
    return names;
  }
  void ExpectRefused(StatusCode code, const std::string& why) {
    const auto plan = Plan();
    EXPECT_EQ(plan.status().code(), code) << plan.status();
    EXPECT_THAT(Message(plan.status()), HasSubstr(why));
  }

  World world_ = testing::HealthyWorld();
  SnapshotView snapshot_;
  RepositoryView repository_;
  RehearsalRequest request_{.to_version = testing::kNew};
};

TEST_F(RehearsalTest, ANodeOfItsOwnThatReadsTheRepository) {
  const RehearsalPlan plan = Good();
  EXPECT_EQ(plan.image, std::string(testing::kImage) + ":" + testing::kNew);
  EXPECT_THAT(plan.environment, Contains(Pair("discovery.type", "single-node")));
  EXPECT_THAT(plan.environment, Contains(Pair("cluster.name", "drover-rehearsal-ab12")));
  EXPECT_THAT(plan.environment, Contains(Pair("path.repo", "/snap")));
  EXPECT_THAT(plan.left_out_mounts, Contains("/usr/share/opensearch/data"));
  EXPECT_THAT(plan.left_out_mounts, Contains("/usr/share/opensearch/config/opensearch.yml"));
}

TEST_F(RehearsalTest, TheSampleHasTheSmallestOfEachKind) {
  EXPECT_THAT(Names(), ElementsAre("middle", "old", "small"));
  request_.sample = 1;
  AddIndex(".ism-history-2024.01.01-1", testing::kOld, 20);
  AddIndex(".ism-history-2024.01.02-2", testing::kOld, 10);
  AddIndex(".alerts", testing::kOld, 900);
  EXPECT_THAT(Names(), ElementsAre(".alerts", ".ism-history-2024.01.02-2", "old", "small"));
}

TEST_F(RehearsalTest, AllOrThoseThatAreNamed) {
  request_.all_indices = true;
  EXPECT_EQ(Names().size(), 4U);
  request_ = {.to_version = testing::kNew, .indices = {"big"}};
  EXPECT_THAT(Names(), ElementsAre("big"));
  request_.indices = {"gone"};
  ExpectRefused(StatusCode::kInvalidArgument, "no index 'gone'");
}

TEST_F(RehearsalTest, TheSecurityPluginsIndexIsLeftAlone) {
  AddIndex(".opendistro_security", testing::kOld, 1);
  const RehearsalPlan plan = Good();
  ASSERT_EQ(plan.left_alone.size(), 1U);
  EXPECT_EQ(plan.left_alone[0].name, ".opendistro_security");
}

TEST_F(RehearsalTest, AHostWithTheMostMemory) {
  world_.hosts[1].memory_available_bytes = 16ULL << 30;
  EXPECT_EQ(Good().host, "h2");
  request_.host = "h3";
  EXPECT_EQ(Good().host, "h3");
  request_.host = "h9";
  ExpectRefused(StatusCode::kInvalidArgument, "has no member there");
}

TEST_F(RehearsalTest, HostsWithoutRoomAreRefusedWithWhatTheyHave) {
  for (HostView& host : world_.hosts) host.memory_available_bytes = 1ULL << 30;
  ExpectRefused(StatusCode::kFailedPrecondition, "1024 MiB of memory free");
  for (HostView& host : world_.hosts) host.memory_available_bytes = 8ULL << 30;
  for (HostView& host : world_.hosts) host.disks[0].free_bytes = 1ULL << 30;
  ExpectRefused(StatusCode::kFailedPrecondition, "1024 MiB free at /var/lib/docker");
}

TEST_F(RehearsalTest, HostsThatAreAwayAreSaid) {
  for (HostView& host : world_.hosts) host.connected = false;
  ExpectRefused(StatusCode::kUnavailable, "(h1, h2, h3)");
}

TEST_F(RehearsalTest, ARepositoryInTheContainerAloneIsNotShared) {
  repository_.settings["location"] = "/elsewhere";
  ExpectRefused(StatusCode::kFailedPrecondition, "nothing is mounted there");
  repository_.settings["location"] = "nightly";
  EXPECT_TRUE(Plan().ok()) << "below path.repo, which is mounted";
  repository_ = {};
  repository_.type = "s3";
  EXPECT_TRUE(Plan().ok()) << "reached by the network";
}

TEST_F(RehearsalTest, OnlyAWholeSnapshotThatTheVersionReads) {
  snapshot_.version = "3.0.0";
  ExpectRefused(StatusCode::kFailedPrecondition, "no snapshot of a newer version");
  snapshot_.version = "1.3.20";
  request_.to_version = "3.8.0";
  ExpectRefused(StatusCode::kFailedPrecondition, "Rehearse the next hop first");
  snapshot_.version = testing::kOld;
  snapshot_.state = "PARTIAL";
  ExpectRefused(StatusCode::kFailedPrecondition, "that is no backup");
  request_.to_version = "three";
  ExpectRefused(StatusCode::kInvalidArgument, "is not a version");
}

TEST_F(RehearsalTest, ATagThatIsNotTheVersionAsksForTheImage) {
  for (auto& [place, project] : world_.projects) project.services[0].image = "r/opensearch:latest";
  ExpectRefused(StatusCode::kInvalidArgument, "--image");
  request_.image = "r/opensearch:build-7";
  EXPECT_EQ(Good().image, "r/opensearch:build-7");
}

TEST_F(RehearsalTest, WhatTheHostsPolicySays) {
  ProjectView project;
  EXPECT_TRUE(CheckHost(Good(), project).ok());
  project.denials = {"The host's policy does not allow Rehearse"};
  EXPECT_EQ(CheckHost(Good(), project).code(), StatusCode::kPermissionDenied);
}

TEST_F(RehearsalTest, TheRemedyOfAnOldIndexIsAReindex) {
  request_.to_version = "3.8.0";
  const RehearsalPlan plan = Good();
  EXPECT_THAT(RehearsalRemedy(plan, {"old", "1.3.20", {}, 0}),
              HasSubstr("drover index reindex search-prod old"));
  EXPECT_THAT(RehearsalRemedy(plan, {"new", "2.17.1", {}, 0}), Not(HasSubstr("reindex search")));
}

TEST(RehearsedName, WhatPluginsOwnGetsAnother) {
  EXPECT_EQ(RehearsedName("logs"), "logs");
  EXPECT_EQ(RehearsedName(".alerts"), "drover-rehearsal.alerts");
}

}  // namespace
}  // namespace drover::rollout
