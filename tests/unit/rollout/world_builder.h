// A healthy world of three members, one a host, for tests to break one thing in.
#ifndef DROVER_TESTS_UNIT_ROLLOUT_WORLD_BUILDER_H_
#define DROVER_TESTS_UNIT_ROLLOUT_WORLD_BUILDER_H_

#include <string>

#include "controller/rollout/plan.h"

namespace drover::rollout::testing {

inline constexpr char kOld[] = "2.17.1";
inline constexpr char kNew[] = "2.19.1";
inline constexpr char kImage[] = "registry.test:5000/opensearch";
inline const Time kStart = FromUnixMillis(1'700'000'000'000);

// Members os-1 … os-3 on h1 … h3, project "search", service "opensearch".
ClusterSpec HealthySpec();
// Index "logs" with two shards and one replica; os-1 is the elected cluster manager.
World HealthyWorld();
PlanRequest UpgradeRequest();
// A startable plan of the two above.
Plan HealthyPlan();

// The same at the last minor of its major version, and a plan to the next major one.
inline constexpr char kOldMajor[] = "2.19.1";
inline constexpr char kNewMajor[] = "3.8.0";
World OldMajorWorld();
Plan MajorPlan(bool accept_no_return);

NodeView& Node(World& world, const std::string& name);
ProjectView& Project(World& world, const std::string& host);
// The result of one check.
CheckResult RunOne(const std::string& id, const World& world,
                   const ClusterSpec& spec = HealthySpec(),
                   const PlanRequest& request = UpgradeRequest());
// The check blocks, warns or passes with `evidence` in its evidence, and says what to do about it.
void ExpectBlocks(const CheckResult& result, const std::string& evidence);
void ExpectWarns(const CheckResult& result, const std::string& evidence);
void ExpectPasses(const CheckResult& result, const std::string& evidence);

}  // namespace drover::rollout::testing

#endif  // DROVER_TESTS_UNIT_ROLLOUT_WORLD_BUILDER_H_
