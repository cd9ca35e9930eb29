// What holds for all checks; each one's own test is in checks/.
#include "controller/rollout/checks/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using ::testing::HasSubstr;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::RunOne;
using ::testing::StartsWith;
using testing::UpgradeRequest;

int NumberOf(const Check& check) { return std::stoi(std::string(check.id).substr(1)); }

TEST(ChecksTest, TheTableIsInTheOrderOfTheNumbers) {
  int last = 0;
  for (const Check& check : AllChecks()) {
    EXPECT_LT(last, NumberOf(check)) << check.id;
    last = NumberOf(check);
  }
  EXPECT_EQ(last, 30);
  EXPECT_EQ(AllChecks().size(), 30u);
}

TEST(ChecksTest, EachSaysWhatItIs) {
  for (const CheckDefinition& check : CheckDefinitions()) {
    EXPECT_FALSE(check.title.empty()) << check.id;
    EXPECT_FALSE(check.asks.empty()) << check.id;
  }
}

TEST(ChecksTest, AHealthyWorldPassesAll) {
  const auto results = RunChecks(UpgradeRequest(), HealthySpec(), HealthyWorld());
  EXPECT_EQ(results.size(), AllChecks().size());
  for (const CheckResult& result : results) {
    EXPECT_EQ(result.verdict, Verdict::kPass) << result.id << " " << result.evidence;
    EXPECT_FALSE(result.evidence.empty()) << result.id;
  }
}

TEST(ChecksTest, WithoutATargetThePathIsNotChecked) {
  PlanRequest request = UpgradeRequest();
  request.to_version.clear();
  for (const CheckResult& result : RunChecks(request, HealthySpec(), HealthyWorld())) {
    EXPECT_NE(result.id, "P8");
    EXPECT_NE(result.id, "P12");
  }
}

TEST(ChecksTest, AClusterThatDoesNotAnswerIsP1AndHostsAreStillChecked) {
  World world = HealthyWorld();
  world.cluster = {};
  world.cluster_error = "no endpoint answers: connection refused";
  ExpectBlocks(RunOne("P1", world), "connection refused");
  RunOne("P23", world);
}

std::string Page(const std::string& name) {
  std::ifstream file(std::string(DROVER_SOURCE_DIR "/docs/checks/") + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(CheckPagesTest, EachCheckHasItsPage) {
  for (const CheckDefinition& check : CheckDefinitions()) {
    const std::string page = Page(check.id + ".md");
    EXPECT_THAT(page, StartsWith("# " + check.id + ": " + check.title + "\n"));
    for (const char* part : {"**Asks.**", "**Prevents.**", "**To mend.**", "**Waiver.**"}) {
      EXPECT_THAT(page, HasSubstr(part)) << check.id;
    }
    EXPECT_THAT(
        page, HasSubstr(check.not_waivable.empty() ? "It can be waived"
                                                   : "It cannot be waived: " + check.not_waivable));
    const std::string row = "| [" + check.id + "](" + check.id + ".md) | " + check.title + " | " +
                            (check.not_waivable.empty() ? "yes" : "no") + " |";
    EXPECT_THAT(Page("README.md"), HasSubstr(row));
  }
}

TEST(CheckPagesTest, EachPageHasItsCheck) {
  std::set<std::string> pages;
  for (const auto& entry : std::filesystem::directory_iterator(DROVER_SOURCE_DIR "/docs/checks")) {
    pages.insert(entry.path().filename().string());
  }
  EXPECT_EQ(pages.erase("README.md"), 1u);
  for (const CheckDefinition& check : CheckDefinitions()) pages.erase(check.id + ".md");
  EXPECT_THAT(pages, ::testing::IsEmpty());
}

PlanRequest Waiving(const std::string& check) {
  PlanRequest request = UpgradeRequest();
  request.waivers = {{check, "logs can be lost", "alice"}};
  return request;
}

TEST(WaiverTest, AWaivedCheckNoLongerBlocksAndSaysWhoAndWhy) {
  World world = HealthyWorld();
  world.cluster.indices[0].replicas = 0;
  const CheckResult result = RunOne("P16", world, HealthySpec(), Waiving("P16"));
  EXPECT_EQ(result.verdict, Verdict::kWaived);
  EXPECT_EQ(result.waived_by, "alice");
  EXPECT_EQ(result.waived_reason, "logs can be lost");
  EXPECT_THAT(result.evidence, HasSubstr("logs"));
  const auto plan = MakePlan(PlanId("p"), Waiving("P16"), HealthySpec(), world, {});
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->Startable());
}

TEST(WaiverTest, AnotherCheckStillBlocks) {
  World world = HealthyWorld();
  world.cluster.indices[0].replicas = 0;
  ExpectBlocks(RunOne("P16", world, HealthySpec(), Waiving("P19")), "logs");
}

TEST(WaiverTest, WaivingWhatDoesNotBlockIsAWarning) {
  const CheckResult result = RunOne("P16", HealthyWorld(), HealthySpec(), Waiving("P16"));
  EXPECT_EQ(result.verdict, Verdict::kWarn);
  EXPECT_THAT(result.evidence, HasSubstr("waived by alice and does not block"));
}

TEST(WaiverTest, AFindingThatIsFinalStaysABlock) {
  World world = HealthyWorld();
  world.cluster.health.status = "red";
  const CheckResult red = RunOne("P2", world, HealthySpec(), Waiving("P2"));
  ExpectBlocks(red, "red");
  EXPECT_THAT(red.remedy, HasSubstr("--waive does not help here"));
  world.cluster.health.status = "yellow";
  EXPECT_EQ(RunOne("P2", world, HealthySpec(), Waiving("P2")).verdict, Verdict::kWaived);
}

TEST(WaiverTest, WhatCannotBeWaivedQuotesWhy) {
  for (const char* id : {"P1", "P4", "P8", "P15", "P17"}) {
    const auto plan = MakePlan(PlanId("p"), Waiving(id), HealthySpec(), HealthyWorld(), {});
    ASSERT_FALSE(plan.ok()) << id;
    EXPECT_EQ(plan.status().code(), StatusCode::kInvalidArgument);
    for (const CheckDefinition& check : CheckDefinitions()) {
      if (check.id != id) continue;
      EXPECT_FALSE(check.not_waivable.empty()) << id;
      EXPECT_THAT(Message(plan.status()), HasSubstr(check.not_waivable));
    }
  }
}

TEST(WaiverTest, AnUnknownCheckOrNoReasonIsAnError) {
  EXPECT_THAT(Message(CheckWaivers({{"P99", "why", "alice"}})), HasSubstr("--list"));
  EXPECT_THAT(Message(CheckWaivers({{"P16", "", "alice"}})), HasSubstr("--reason"));
  EXPECT_TRUE(CheckWaivers({{"P16", "why", "alice"}}).ok());
}

}  // namespace
}  // namespace drover::rollout
