// Every screen and listing of the CLI, as an operator sees it.
#include <gtest/gtest.h>

#include "controller/cli/output.h"
#include "controller/cli/render/event.h"
#include "controller/cli/render/listings.h"
#include "controller/cli/render/plan.h"
#include "controller/cli/render/rollout.h"
#include "controller/cli/render/status.h"
#include "tests/golden/cli_fixtures.h"
#include "tests/golden/golden.h"

namespace drover::golden {
namespace {

using cli::View;

void ExpectRollout(const std::string& file, const v1::Rollout& rollout, const View& view) {
  Expect("cli/" + file, cli::Print(cli::RenderRollout(rollout, view), view));
}

TEST(WatchScreen, Running) { ExpectRollout("rollout_running.txt", Running(), At(118)); }
TEST(WatchScreen, RunningInColour) {
  ExpectRollout("rollout_running_colour.txt", Running(), At(118, true));
}
TEST(WatchScreen, RunningWithoutATerminal) {
  ExpectRollout("rollout_running_no_width.txt", Running(), At(0));
}
TEST(WatchScreen, RunningAtEightyColumns) {
  ExpectRollout("rollout_running_80.txt", Running(), At(80));
}
TEST(WatchScreen, RunningAtFortyColumns) {
  ExpectRollout("rollout_running_40.txt", Running(), At(40));
}
TEST(WatchScreen, Snapshotting) { ExpectRollout("rollout_snapshot.txt", Snapshotting(), At(118)); }
TEST(WatchScreen, Paused) { ExpectRollout("rollout_paused.txt", Paused(), At(118)); }
TEST(WatchScreen, PausedAtCrash) {
  ExpectRollout("rollout_paused_crash.txt", PausedAtCrash(), At(118));
}
TEST(WatchScreen, PausedAtTierZero) {
  ExpectRollout("rollout_paused_tier_zero.txt", PausedAtTierZero(), At(118));
}
TEST(WatchScreen, Failed) { ExpectRollout("rollout_failed.txt", Failed(), At(118)); }
TEST(WatchScreen, FailedAtFiftyColumns) {
  ExpectRollout("rollout_failed_50.txt", Failed(), At(50));
}
TEST(WatchScreen, Succeeded) { ExpectRollout("rollout_succeeded.txt", Succeeded(), At(118)); }
TEST(WatchScreen, Aborted) { ExpectRollout("rollout_aborted.txt", Aborted(), At(118)); }

TEST(WatchScreen, AtCompanions) {
  ExpectRollout("rollout_companions.txt", AtCompanions(), At(118));
}

TEST(WatchScreen, Restarting) { ExpectRollout("rollout_restarting.txt", Restarting(), At(118)); }

TEST(WatchScreen, LowTerminalSumsUpMembers) {
  View view = At(118);
  view.height = 16;
  ExpectRollout("rollout_large_low.txt", Large(), view);
}

TEST(WatchScreen, LostConnectionIsAtTheBottom) {
  View view = At(118);
  view.notice = "connection to the controller lost; connecting again, try 3 of 10 (4.0 s)";
  ExpectRollout("rollout_lost.txt", Running(), view);
}

TEST(WatchScreen, EndingAlone) {
  Expect("cli/rollout_ending.txt", cli::Print(cli::RenderEnding(Failed(), At(0)), At(0)));
}

TEST(Plan, Good) {
  Expect("cli/plan.txt", cli::Print(cli::RenderPlan(GoodPlan(), At(100)), At(100)));
}

TEST(Plan, GoodWithAllChecks) {
  View view = At(100);
  view.verbose = true;
  Expect("cli/plan_verbose.txt", cli::Print(cli::RenderPlan(GoodPlan(), view), view));
}

TEST(Plan, SeveralHops) {
  Expect("cli/plan_hops.txt", cli::Print(cli::RenderPlan(HopsPlan(), At(100)), At(100)));
}

TEST(Plan, Blocked) {
  Expect("cli/plan_blocked.txt", cli::Print(cli::RenderPlan(BlockedPlan(), At(100)), At(100)));
}

TEST(Plan, BlockedInColour) {
  const View view = At(100, true);
  Expect("cli/plan_blocked_colour.txt", cli::Print(cli::RenderPlan(BlockedPlan(), view), view));
}

TEST(Plan, Companions) {
  const View view = At(100);
  Expect("cli/plan_companions.txt", cli::Print(cli::RenderPlan(PlanWithCompanions(), view), view));
}

TEST(Plan, Restart) {
  Expect("cli/plan_restart.txt", cli::Print(cli::RenderPlan(RestartPlan(), At(100)), At(100)));
}

TEST(Listing, Status) {
  Expect("cli/status.txt", cli::Print(cli::RenderStatus(Status(), At(0)), At(0)));
}

TEST(Listing, EmptyOnesSayHowToBegin) {
  cli::StatusData data;
  data.address = "unix:///run/drover/control.sock";
  Expect("cli/status_empty.txt", cli::Print(cli::RenderStatus(data, At(0)), At(0)));
}

TEST(Listing, OneCluster) {
  Expect("cli/cluster.txt", cli::Print(cli::RenderCluster(OneCluster(), At(0)), At(0)));
}

TEST(Listing, OneSnapshot) {
  Expect("cli/snapshot.txt", cli::Print(cli::RenderSnapshot(OneSnapshot(), At(0)), At(0)));
}

TEST(Output, EventLine) {
  Expect("cli/event.txt", cli::Print({cli::RenderEvent(OneEvent(), true)}, At(0)));
}

TEST(Output, EventJson) { Expect("cli/event.ndjson", cli::EventJson(OneEvent()) + "\n"); }
TEST(Output, Json) { Expect("cli/snapshot.json", cli::ToJson(OneSnapshot())); }
TEST(Output, Yaml) { Expect("cli/snapshot.yaml", cli::ToYaml(OneSnapshot())); }

}  // namespace
}  // namespace drover::golden
