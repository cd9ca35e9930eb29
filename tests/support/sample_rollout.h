// Small plans and rollouts to store.
#ifndef DROVER_TESTS_SUPPORT_SAMPLE_ROLLOUT_H_
#define DROVER_TESTS_SUPPORT_SAMPLE_ROLLOUT_H_

#include <memory>
#include <string>

#include "controller/rollout/rollout.h"

namespace drover::testing {

inline constexpr int kSampleMembers = 3;

// A plan for `cluster` with three members, as an upgrade from 2.17.1 to 2.19.1 has it.
inline rollout::Plan SamplePlan(const std::string& id, const std::string& cluster = "logs") {
  rollout::Plan plan;
  plan.id = PlanId(id);
  plan.request.cluster = cluster;
  plan.request.to_version = "2.19.1";
  plan.spec.name = cluster;
  plan.spec.snapshot.repository = "backups";
  plan.from_version = "2.17.1";
  plan.batches = kSampleMembers;
  for (int i = 0; i < kSampleMembers; ++i) {
    rollout::PlannedMember member;
    member.name = "node-" + std::to_string(i + 1);
    member.host = "host-" + std::to_string(i + 1);
    member.project = cluster;
    member.service = "opensearch";
    member.from_image = "registry:5000/opensearch:2.17.1";
    member.to_image = "registry:5000/opensearch:2.19.1";
    member.batch = i;
    plan.members.push_back(member);
    plan.spec.members.push_back({member.host, member.project, member.service, ""});
  }
  plan.snapshot = "drover-" + id;
  return plan;
}

// The first state of a rollout of `plan`.
inline rollout::Rollout SampleRollout(std::shared_ptr<const rollout::Plan> plan) {
  rollout::Rollout rollout;
  rollout.id = RolloutId(plan->id.str());
  rollout.phase = rollout::Phase::kChecking;
  rollout.members.resize(plan->members.size());
  rollout.plan = std::move(plan);
  rollout.created_at = FromUnixMillis(1'790'000'000'000);
  return rollout;
}

inline rollout::Rollout SampleRollout(const std::string& id, const std::string& cluster = "logs") {
  return SampleRollout(std::make_shared<const rollout::Plan>(SamplePlan(id, cluster)));
}

inline rollout::Record SampleRecord(const std::string& text) {
  rollout::Record record;
  record.kind = "member.step";
  record.member = "node-1";
  record.host = "host-1";
  record.text = text;
  record.fields = {{"from", "FREEZE"}, {"to", "FLUSH"}};
  return record;
}

}  // namespace drover::testing

#endif  // DROVER_TESTS_SUPPORT_SAMPLE_ROLLOUT_H_
