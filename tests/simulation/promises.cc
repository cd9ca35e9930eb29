#include "tests/simulation/promises.h"

#include <algorithm>

#include "controller/rollout/version.h"

namespace drover::simulation {
namespace {

using rollout::Phase;

// What the engine allows between its look at the cluster and a stop, with what the look took.
constexpr Millis kLookHolds{15'000};

bool Rests(const rollout::Rollout& rollout) {
  return rollout.phase == Phase::kPaused || rollout::HasEnded(rollout.phase);
}

const rollout::Verb* VerbOf(const rollout::Action& action) {
  const auto* start = std::get_if<rollout::StartOperation>(&action);
  return start == nullptr ? nullptr : &start->order.verb;
}

bool IsOutstanding(const rollout::Rollout& rollout, const rollout::ActionId& id) {
  return std::any_of(rollout.outstanding.begin(), rollout.outstanding.end(),
                     [&](const rollout::Outstanding& o) { return o.id == id; });
}

bool Changes(const rollout::Verb& verb) {
  return !std::holds_alternative<rollout::PullImage>(verb);
}

}  // namespace

Promises::Promises(Schedule& schedule, SimCluster& cluster)
    : schedule_(schedule), cluster_(cluster), settings_before_(cluster.settings) {}

void Promises::Violated(const std::string& text) {
  if (violation_.empty()) violation_ = text;
}

void Promises::OnAction(const rollout::Rollout& committed, const rollout::Outstanding& action) {
  // Commit before act: what has a result is in the outbox that the store holds.
  if (!std::holds_alternative<rollout::CancelOperation>(action.action) &&
      !IsOutstanding(committed, action.id)) {
    Violated("7: " + action.id.str() + " is performed before it is committed");
  }
  if (const auto* put = std::get_if<rollout::PutSettings>(&action.action)) {
    for (const auto& [name, value] : put->persistent) {
      const auto it = std::find_if(committed.settings.begin(), committed.settings.end(),
                                   [&n = name](const auto& s) { return s.name == n; });
      if (it == committed.settings.end()) {
        Violated("6: " + name + " is changed, and what it was before is not durable");
      } else if (value != it->before && !it->changed) {
        Violated("6: " + name + " is changed, and that it differs is not durable");
      }
    }
  }
  if (const auto* add = std::get_if<rollout::AddVotingExclusion>(&action.action)) {
    for (const std::string& node : add->nodes) {
      const bool durable =
          std::find(committed.exclusions.begin(), committed.exclusions.end(),
                    rollout::VotingExclusion{node, true}) != committed.exclusions.end();
      if (!durable) Violated("6: " + node + " is excluded from voting, and that is not durable");
    }
  }
  if (std::holds_alternative<rollout::Flush>(action.action)) flushed_at_ = schedule_.now();
  const rollout::Verb* verb = VerbOf(action.action);
  if (verb == nullptr || !Changes(*verb)) return;
  for (const rollout::CheckResult& check : committed.checks) {
    if (check.verdict == rollout::Verdict::kBlock) {
      Violated("2: " + action.id.str() + " while " + check.id + " blocks: " + check.evidence);
    }
  }
  if (std::holds_alternative<rollout::StopService>(*verb)) {
    const bool fresh = observed_before_.try_emplace(action.id, observed_at_).second;
    const int member = action.member;
    if (member < 0) return Violated("a stop that belongs to no member: " + action.id.str());
    if (fresh) CheckLook(committed, action);
  }
}

// A member that is down already may be brought up without a look: nobody may be there to answer.
bool Promises::IsDown(const rollout::Rollout& committed, int member) const {
  if (committed.plan == nullptr) return false;
  const std::string& name = committed.plan->members[static_cast<size_t>(member)].name;
  const std::vector<rollout::NodeView> nodes = cluster_.Nodes();
  return std::none_of(nodes.begin(), nodes.end(),
                      [&name](const rollout::NodeView& node) { return node.name == name; });
}

// A stop that did not happen has used up the look at the cluster that allowed it.
void Promises::CheckLook(const rollout::Rollout& committed, const rollout::Outstanding& action) {
  if (full_stop_) return;
  const auto member = static_cast<size_t>(action.member);
  const bool of_the_roll = member < committed.members.size() &&
                           committed.members[member].step == rollout::MemberStep::kStop;
  if (!of_the_roll || IsDown(committed, action.member)) return;
  stops_of_the_roll_.insert(action.id);
  const auto [it, first] = look_of_stop_.try_emplace(action.member, observed_at_);
  if (!first && it->second == observed_at_) {
    Violated("3: " + action.id.str() + " rests on the look of an earlier stop");
  }
  // Each controller flushes before its own look.
  if (observed_at_ <= flushed_at_ && !two_controllers_) {
    Violated("3: " + action.id.str() + " rests on a look from before the flush");
  }
  it->second = observed_at_;
}

void Promises::OnUp(const OperationId& id, const std::string& image) {
  if (two_controllers_ || wanted_version_.empty()) return;
  if (id.str().find("/up/") == std::string::npos) return;
  const std::string tag = rollout::ParseImage(image).tag;
  if (tag != wanted_version_) Violated("8: " + id.str() + " starts " + image);
}

void Promises::OnVerb(const OperationId& id, const rollout::Verb& verb) {
  if (++acted_[id] > 1)
    Violated("7: " + id.str() + " acted " + std::to_string(acted_[id]) + " times");
  const auto look = observed_before_.find(id);
  if (stops_of_the_roll_.contains(id) && schedule_.now() - look->second > kLookHolds) {
    Violated("3: " + id.str() + " acts " + FormatDuration(schedule_.now() - look->second) +
             " after the look it rests on");
  }
  if (std::holds_alternative<rollout::StopService>(verb) && !cluster_.HasBackup()) {
    Violated("1: " + id.str() + " acts and no snapshot has ended as SUCCESS");
  }
  const bool images = !std::holds_alternative<rollout::StopService>(verb) &&
                      !std::holds_alternative<rollout::UpService>(verb);
  if (images_forbidden_ && images) Violated("a restart orders " + VerbName(verb) + ": " + id.str());
  if (std::holds_alternative<rollout::DownProject>(verb)) Violated("5: " + id.str() + " is a down");
}

void Promises::OnCompanionStops() {
  if (images_forbidden_) Violated("a restart stops a companion");
  for (const rollout::NodeView& node : cluster_.Nodes()) {
    if (rollout::ParseVersion(node.version) >= rollout::ParseVersion(wanted_version_)) continue;
    Violated("a companion is stopped while " + node.name + " runs " + node.version);
  }
}

void Promises::BeforeStop() {
  dead_before_ = cluster_.DeadShards();
  manager_before_ = cluster_.HasManager();
}

void Promises::AfterStop(const OperationId& id) {
  if (full_stop_) return;
  const auto it = observed_before_.find(id);
  const bool excused =
      disturbed_at_ && (it == observed_before_.end() || *disturbed_at_ >= it->second);
  if (excused) return;
  // The id of a stop names its member.
  if (!downtime_of_.empty() && id.str().find("/" + downtime_of_ + "/") != std::string::npos) return;
  if (cluster_.DeadShards() > dead_before_) {
    std::string copies;
    for (const rollout::ShardView& shard : cluster_.Observe().shards) {
      copies += " " + shard.index + std::to_string(shard.shard) + (shard.primary ? "p" : "r") +
                std::to_string(static_cast<int>(shard.state)) + shard.node_id;
    }
    Violated("3: " + id.str() + " took the last started copy of a shard; copies now:" + copies);
  }
  // An election after the manager itself has stopped is no loss of the quorum.
  int voters = 0, live = 0;
  for (const std::string& voter : cluster_.Observe().last_committed_config) {
    ++voters;
    for (const rollout::NodeView& node : cluster_.Nodes()) live += node.id == voter ? 1 : 0;
  }
  if (manager_before_ && live < voters / 2 + 1) Violated("3: " + id.str() + " took the quorum");
}

void Promises::OnVolumeOpened(const std::string& member, const std::string& before,
                              const std::string& now, bool copied) {
  const auto old = rollout::ParseVersion(before), fresh = rollout::ParseVersion(now);
  if (fresh && old && fresh->major > old->major && !copied && cluster_.MayBeManager(member)) {
    Violated("5: " + now + " opens the volume of " + member +
             ", a cluster manager, without a copy");
  }
  if (full_stop_ && fresh > old && !copied) {
    Violated("5: " + now + " opens the volume of " + member + " in a full stop, without a copy");
  }
  if (fresh < old) {
    Violated("4: " + now + " opens the volume of " + member + ", which " + before + " has opened");
  }
}

void Promises::OnCommitted(const rollout::Rollout& rollout) {
  CheckWaits(rollout);
  if (Rests(rollout) && rollout.phase != last_phase_) CheckRest(rollout);
  last_phase_ = rollout.phase;
}

void Promises::CheckWaits(const rollout::Rollout& rollout) {
  if (rollout.phase == Phase::kPlanned || rollout::HasEnded(rollout.phase)) return;
  const auto says = [](const std::optional<rollout::Wait>& wait) {
    return wait && !wait->reason.empty() && !wait->ends_when.empty();
  };
  if (says(rollout.wait)) return;
  for (const auto* states : {&rollout.members, &rollout.companions}) {
    for (const rollout::MemberState& state : *states) {
      if (says(state.wait)) return;
    }
  }
  std::string steps;
  for (const rollout::MemberState& member : rollout.members) steps += " " + Name(member.step);
  Violated("10: " + Name(rollout.phase) + " waits and does not say for what; members" + steps);
}

void Promises::CheckRest(const rollout::Rollout& rollout) {
  // A pause that says what the cluster does not take back, and tries it on, is no rest yet.
  const bool tries_on = rollout.phase == Phase::kPaused && !rollout.outstanding.empty() &&
                        rollout.wait &&
                        rollout.wait->reason.find("not put back yet") != std::string::npos;
  if (tries_on) return;
  if (!two_controllers_ && cluster_.settings != settings_before_) {
    std::string now;
    for (const auto& [name, value] : cluster_.settings) now += " " + name + "=" + value;
    Violated("6: " + Name(rollout.phase) + " (" + rollout.reason + ") with the settings" + now);
  }
  if (!two_controllers_ && !cluster_.exclusions.empty()) {
    Violated("6: " + Name(rollout.phase) + " (" + rollout.reason + ") with a voting exclusion");
  }
}

}  // namespace drover::simulation
