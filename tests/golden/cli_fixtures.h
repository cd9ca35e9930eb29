// Messages as a controller would send them, at one fixed moment.
#ifndef DROVER_TESTS_GOLDEN_CLI_FIXTURES_H_
#define DROVER_TESTS_GOLDEN_CLI_FIXTURES_H_

#include <string>

#include "common/base/time.h"
#include "controller/cli/control.h"
#include "controller/cli/render/line.h"
#include "controller/cli/render/status.h"

namespace drover::golden {

namespace v1 = ::drover::control::v1;

// 2026-11-23T02:14:41Z.
inline constexpr int64_t kNow = 1795400081;

cli::View At(int width, bool color = false);

// The second of three members waits for its node.
v1::Rollout Running();
v1::Rollout Snapshotting();
v1::Rollout Paused();
v1::Rollout Failed();
v1::Rollout PausedAtCrash();
v1::Rollout PausedAtTierZero();
v1::Rollout Succeeded();
v1::Rollout Aborted();
// The members are done, the first of two companions is waited for.
v1::Rollout AtCompanions();
// The second of two members that are restarted waits for its node.
v1::Rollout Restarting();
// Thirty members: five done, one at work.
v1::Rollout Large();

v1::Plan GoodPlan();
v1::Plan BlockedPlan();
// Of two of three members.
v1::Plan RestartPlan();
v1::Plan PlanWithCompanions();
// The first of two hops to the next major but one.
v1::Plan HopsPlan();

cli::StatusData Status();
v1::Cluster OneCluster();
v1::Snapshot OneSnapshot();
v1::Event OneEvent();

}  // namespace drover::golden

#endif  // DROVER_TESTS_GOLDEN_CLI_FIXTURES_H_
