// The path table and the ways through it (opensearch.md 1.3).
#include "controller/rollout/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HealthySpec;
using testing::HealthyWorld;
using ::testing::IsEmpty;

Version V(const std::string& text) { return *ParseVersion(text); }

PathVerdict Path(const std::string& from, const std::string& to, bool secured = false) {
  return CheckPath(V(from), V(to), secured);
}

std::vector<std::string> Way(const std::string& from, const std::string& to, bool secured = false,
                             const std::vector<std::string>& via = {}) {
  std::vector<Version> stops;
  for (const std::string& stop : via) stops.push_back(V(stop));
  const auto hops = PlanHops(V(from), V(to), secured, stops);
  if (!hops.ok()) return {Message(hops.status())};
  std::vector<std::string> out;
  for (const Hop& hop : *hops) out.push_back(hop.from + " " + hop.to);
  return out;
}

TEST(PathTest, MinorAndPatchAreAllowed) {
  EXPECT_TRUE(Path("2.17.1", "2.19.1").allowed);
  EXPECT_TRUE(Path("2.19.1", "2.19.4").allowed);
}

TEST(PathTest, MajorNeedsTheLastMinorThatTheNewOneTalksTo) {
  EXPECT_TRUE(Path("2.19.0", "3.8.0").allowed);
  EXPECT_EQ(Path("2.18.0", "3.8.0").kind, PathKind::kNeedsHop);
  EXPECT_FALSE(Path("2.18.0", "3.8.0").allowed);
  EXPECT_FALSE(Path("1.0.0", "2.19.1").allowed);
  EXPECT_TRUE(Path("1.3.20", "2.19.1").allowed);
}

TEST(PathTest, TheSecurityPluginNeedsALaterOne) {
  EXPECT_TRUE(Path("1.3.6", "2.19.1").allowed);
  EXPECT_EQ(Path("1.3.6", "2.19.1", true).kind, PathKind::kNeedsHop);
  EXPECT_THAT(Path("1.3.6", "2.19.1", true).reason, HasSubstr("security plugin"));
  EXPECT_TRUE(Path("1.3.7", "2.19.1", true).allowed);
}

TEST(PathTest, RefusesSameDowngradeSkippedAndUnknownMajor) {
  EXPECT_EQ(Path("2.19.1", "2.19.1").kind, PathKind::kSame);
  EXPECT_EQ(Path("2.19.1", "2.17.1").kind, PathKind::kDowngrade);
  EXPECT_EQ(Path("2.19.1", "2.19.0").kind, PathKind::kDowngrade);
  EXPECT_EQ(Path("1.3.20", "3.8.0").kind, PathKind::kSkipsMajor);
  EXPECT_EQ(Path("3.8.0", "4.0.0").kind, PathKind::kUnknownMajor);
  for (const char* to : {"2.19.1", "2.17.1", "4.0.0"}) {
    EXPECT_FALSE(Path("2.19.1", to).allowed);
    EXPECT_FALSE(Path("2.19.1", to).reason.empty());
  }
}

TEST(HopsTest, OneWhereOneIsEnough) {
  EXPECT_THAT(Way("2.17.1", "2.19.1"), ElementsAre("2.17.1 2.19.1"));
  EXPECT_THAT(Way("2.19.5", "3.8.0"), ElementsAre("2.19.5 3.8.0"));
}

TEST(HopsTest, StopOverAtTheLastMinorOfTheMajorBetween) {
  EXPECT_THAT(Way("1.3.20", "3.8.0"), ElementsAre("1.3.20 2.19.4", "2.19.4 3.8.0"));
  EXPECT_THAT(Way("2.11.1", "3.8.0"), ElementsAre("2.11.1 2.19.4", "2.19.4 3.8.0"));
}

TEST(HopsTest, WithTheSecurityPluginOneMore) {
  EXPECT_THAT(Way("1.2.4", "3.8.0"), ElementsAre("1.2.4 2.19.4", "2.19.4 3.8.0"));
  EXPECT_THAT(Way("1.2.4", "3.8.0", true),
              ElementsAre("1.2.4 1.3.20", "1.3.20 2.19.4", "2.19.4 3.8.0"));
  EXPECT_THAT(Way("1.0.0", "2.19.4"), ElementsAre("1.0.0 1.3.20", "1.3.20 2.19.4"));
}

TEST(HopsTest, TheOperatorNamesThePatch) {
  EXPECT_THAT(Way("1.3.20", "3.8.0", false, {"2.19.1"}),
              ElementsAre("1.3.20 2.19.1", "2.19.1 3.8.0"));
  // One that is not enough is visited, and the way leads on from there.
  EXPECT_THAT(Way("1.3.20", "3.8.0", false, {"2.11.1"}),
              ElementsAre("1.3.20 2.11.1", "2.11.1 2.19.4", "2.19.4 3.8.0"));
  // What is behind already is passed over: the same command goes on with a way.
  EXPECT_THAT(Way("2.19.1", "3.8.0", false, {"2.19.1"}), ElementsAre("2.19.1 3.8.0"));
  EXPECT_THAT(Way("1.3.20", "2.19.4", false, {"3.8.0"}), ElementsAre(HasSubstr("beyond 2.19.4")));
}

TEST(HopsTest, WhereNoWayLeadsItIsTheOneThatWasAskedFor) {
  EXPECT_THAT(Way("2.19.4", "2.17.1"), ElementsAre("2.19.4 2.17.1"));
  EXPECT_THAT(Way("2.19.4", "2.19.4"), ElementsAre("2.19.4 2.19.4"));
  EXPECT_THAT(Way("1.3.20", "4.0.0"), ElementsAre("1.3.20 4.0.0"));
}

TEST(IndexAgeTest, ByTheVersionThatMadeIt) {
  EXPECT_TRUE(IndexIsTooOld("1.3.20", V("3.8.0")));
  EXPECT_FALSE(IndexIsTooOld("2.0.0", V("3.8.0")));
  EXPECT_FALSE(IndexIsTooOld("1.0.0", V("2.19.4")));
  EXPECT_TRUE(IndexIsTooOld("elasticsearch-6.8.23", V("2.19.4")));
  EXPECT_FALSE(IndexIsTooOld("elasticsearch-7.10.2", V("2.19.4")));
  EXPECT_TRUE(IndexIsTooOld("elasticsearch-7.10.2", V("3.8.0")));
  EXPECT_EQ(OldestIndex(V("2.19.4")), "Elasticsearch 7.0.0");
}

TEST(RemovedSettingsTest, ByNameAndByPrefix) {
  EXPECT_TRUE(ClusterSettingIsRemoved("knn.plugin.enabled", V("3.8.0")));
  EXPECT_FALSE(ClusterSettingIsRemoved("knn.plugin.enabled", V("2.19.4")));
  EXPECT_TRUE(ClusterSettingIsRemoved("opendistro.sql.cursor.keep_alive", V("3.8.0")));
  EXPECT_TRUE(IndexSettingIsRemoved("index.knn.algo_param.m", V("3.0.0")));
  EXPECT_FALSE(IndexSettingIsRemoved("index.knn.algo_param.merge", V("3.0.0")));
}

World OldWorld() {
  World world = HealthyWorld();
  for (NodeView& node : world.cluster.nodes) node.version = "1.3.20";
  world.cluster.indices[0].created_version = "1.3.20";
  IndexView hidden = world.cluster.indices[0];
  hidden.name = ".hidden";
  hidden.hidden = true;
  IndexView closed = world.cluster.indices[0];
  closed.name = "archive";
  closed.open = false;
  closed.settings["index.knn.space_type"] = "l2";
  world.cluster.indices.push_back(hidden);
  world.cluster.indices.push_back(closed);
  world.cluster.persistent_settings["knn.plugin.enabled"] = "true";
  return world;
}

PlanRequest LongWay() {
  PlanRequest request;
  request.cluster = "search-prod";
  request.to_version = "3.8.0";
  request.follow_path = true;
  return request;
}

TEST(NeedsTest, EachHopSaysWhatItNeeds) {
  auto hops = *PlanHops(V("1.3.20"), V("3.8.0"), false);
  AddNeeds("search-prod", OldWorld().cluster, &hops);
  ASSERT_EQ(hops.size(), 2U);
  ASSERT_EQ(hops[0].needs.size(), 1U);
  EXPECT_EQ(hops[0].needs[0].kind, HopNeedKind::kNoReturn);
  EXPECT_THAT(hops[0].needs[0].text, HasSubstr("the last member that runs 1.x"));
  ASSERT_EQ(hops[1].needs.size(), 3U);
  EXPECT_THAT(hops[1].needs[0].names, ElementsAre("logs", ".hidden", "archive"));
  EXPECT_THAT(hops[1].needs[0].text,
              HasSubstr("once the cluster runs 2.19.4 and before this hop: drover index reindex "
                        "search-prod logs .hidden archive"));
  EXPECT_THAT(hops[1].needs[1].names,
              ElementsAre("knn.plugin.enabled", "archive index.knn.space_type"));
}

TEST(NeedsTest, AMinorNeedsNothing) {
  auto hops = *PlanHops(V("2.17.1"), V("2.19.4"), false);
  AddNeeds("search-prod", OldWorld().cluster, &hops);
  EXPECT_THAT(hops[0].needs, IsEmpty());
}

TEST(FirstHopTest, ThePlanIsForTheFirstHop) {
  const auto request = FirstHop(LongWay(), HealthySpec(), OldWorld());
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->to_version, "2.19.4");
  EXPECT_EQ(request->final_version, "3.8.0");
  const auto plan = MakePlan(PlanId("7f3c9a1e"), *request, HealthySpec(), OldWorld(), {});
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  ASSERT_EQ(plan->hops.size(), 2U);
  EXPECT_EQ(plan->hops[1].to, "3.8.0");
  EXPECT_THAT(plan->members[0].to_image, HasSubstr(":2.19.4"));
}

TEST(FirstHopTest, AsOneHopItStaysWhatItIsAndIsRefused) {
  PlanRequest request = LongWay();
  request.follow_path = false;
  EXPECT_EQ(FirstHop(request, HealthySpec(), OldWorld())->to_version, "3.8.0");
  const CheckResult path = testing::RunOne("P8", OldWorld(), HealthySpec(), request);
  EXPECT_EQ(path.verdict, Verdict::kBlock);
  EXPECT_THAT(path.evidence, HasSubstr("skips a major version"));
}

TEST(FirstHopTest, OneImageIsNoImageOfTwoVersions) {
  PlanRequest request = LongWay();
  request.image = "registry.test:5000/opensearch:2.19.4";
  const auto refused = FirstHop(request, HealthySpec(), OldWorld());
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(refused.status()), HasSubstr("{version}"));
  request.image = "registry.test:5000/opensearch:{version}-s3";
  EXPECT_EQ(FirstHop(request, HealthySpec(), OldWorld())->image,
            "registry.test:5000/opensearch:2.19.4-s3");
}

}  // namespace
}  // namespace drover::rollout
