// An upgrade's snapshot in a repository of its own: which, when, and what is left of it.
#include "controller/rollout/own_repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/harness.h"

namespace drover::rollout {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Harness;
using ::testing::HasSubstr;
using testing::HealthyPlan;
using testing::HealthySpec;
using testing::HealthyWorld;
using ::testing::IsEmpty;
using testing::UpgradeRequest;

constexpr char kOwn[] = "backups-drover-7f3c9a1e";

RepositoryView Registered(const std::string& type, const std::map<std::string, std::string>& set) {
  RepositoryView view;
  view.name = "backups";
  view.type = type;
  view.exists = true;
  view.settings = set;
  return view;
}

TEST(OwnRepositoryTest, IsTheParentOneFolderDeeper) {
  const auto fs = OwnRepository(Registered("fs", {{"location", "/snap/"}, {"compress", "true"}}),
                                "drover-7f3c9a1e");
  ASSERT_TRUE(fs.has_value());
  EXPECT_EQ(fs->repository, kOwn);
  EXPECT_EQ(fs->type, "fs");
  EXPECT_EQ(fs->settings, (std::map<std::string, std::string>{{"location", "/snap/drover-7f3c9a1e"},
                                                              {"compress", "true"}}));
  const auto s3 = OwnRepository(Registered("s3", {{"bucket", "b"}}), "drover-1");
  ASSERT_TRUE(s3.has_value());
  EXPECT_EQ(s3->settings.at("base_path"), "drover-1");
  EXPECT_FALSE(OwnRepository(Registered("hdfs", {{"path", "p"}}), "drover-1").has_value());
}

TEST(OwnRepositoryTest, IsKnownByNameAndFolder) {
  RepositoryView own = Registered("fs", {{"location", "/elsewhere/drover-7f3c9a1e"}});
  own.name = kOwn;
  EXPECT_TRUE(IsOwnRepository(own, "backups"));
  EXPECT_FALSE(IsOwnRepository(own, "backup"));
  EXPECT_FALSE(IsOwnRepository(own, kOwn));
  own.settings["location"] = "/snap";
  EXPECT_FALSE(IsOwnRepository(own, "backups"));
  own.name = "backups-monthly";
  EXPECT_FALSE(IsOwnRepository(own, "backups"));
}

TEST(OwnRepositoryTest, IsPlannedForAnUpgradeUnlessToldOtherwise) {
  EXPECT_EQ(HealthyPlan().own_repository, kOwn);
  EXPECT_EQ(HealthyPlan().SnapshotRepository(), kOwn);
  const auto planned = [](const PlanRequest& request, const ClusterSpec& spec, const World& world) {
    const auto plan = MakePlan(PlanId("7f3c9a1e"), request, spec, world, {});
    EXPECT_TRUE(plan.ok()) << plan.status();
    return plan.ok() ? plan->SnapshotRepository() : "";
  };
  ClusterSpec shared = HealthySpec();
  shared.snapshot.shared_folder = true;
  EXPECT_EQ(planned(UpgradeRequest(), shared, HealthyWorld()), "backups");
  PlanRequest restart;
  restart.cluster = "search-prod";
  restart.kind = Kind::kRestart;
  EXPECT_EQ(planned(restart, HealthySpec(), HealthyWorld()), "backups");
  // What is registered counts, and of this type Drover knows no folder.
  World other = HealthyWorld();
  other.repository.type = "hdfs";
  EXPECT_EQ(planned(UpgradeRequest(), HealthySpec(), other), "backups");
}

TEST(OwnRepositoryTest, IsMadeForTheSnapshotAndKept) {
  Harness h;
  std::vector<TakeSnapshot> taken;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (const auto* take = std::get_if<TakeSnapshot>(&action.action)) taken.push_back(*take);
    EXPECT_FALSE(std::holds_alternative<DeleteSnapshot>(action.action));
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
  EXPECT_THAT(taken, ElementsAre(TakeSnapshot{kOwn, "drover-7f3c9a1e", "backups"}));
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr(std::string("in ") + kOwn)));
}

TEST(OwnRepositoryTest, OneThatDoesNotVerifyEndsTheUpgradeAndGoesAway) {
  Harness h;
  std::vector<DeleteSnapshot> deleted;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (const auto* order = std::get_if<DeleteSnapshot>(&action.action)) {
      deleted.push_back(*order);
      return CallEnded{action.id, "", {"whatever it has written stays in /snap/drover-7f3c9a1e"}};
    }
    if (!std::holds_alternative<TakeSnapshot>(action.action)) return std::nullopt;
    return SnapshotSeen{action.id, {}, "repository does not verify: os-2 cannot write"};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_THAT(h.rollout().reason, HasSubstr("os-2 cannot write"));
  EXPECT_THAT(h.rollout().reason, HasSubstr("Nothing was stopped: put that right"));
  EXPECT_THAT(deleted, ElementsAre(DeleteSnapshot{kOwn, "drover-7f3c9a1e", true}));
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("stays in /snap/drover-7f3c9a1e")));
  for (const std::string& verb : h.verbs()) EXPECT_THAT(verb, HasSubstr("PullImage"));
}

TEST(OwnRepositoryTest, AnAdoptedUpgradeGoesOnWhereItsSnapshotIs) {
  World world = HealthyWorld();
  PlanRequest request = UpgradeRequest();
  request.adopt = true;
  SnapshotView snapshot;
  snapshot.name = "drover-1234";
  snapshot.repository = "backups-drover-1234";
  snapshot.state = "SUCCESS";
  SnapshotOrigin origin;
  origin.from_version = testing::kOld;
  origin.to_version = testing::kNew;
  snapshot.origin = origin;
  world.adoptable = snapshot;
  const auto plan = MakePlan(PlanId("7f3c9a1e"), request, HealthySpec(), world, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->SnapshotRepository(), "backups-drover-1234");
  // Which one is the newest is not known: an older one must not be taken for it.
  world.adoptable_error = "repository backups-drover-9999 cannot be read: gone";
  const auto unsure = MakePlan(PlanId("7f3c9a1e"), request, HealthySpec(), world, {});
  EXPECT_EQ(unsure.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(unsure.status()), HasSubstr("backups-drover-9999"));
}

}  // namespace
}  // namespace drover::rollout
