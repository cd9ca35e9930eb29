#include "controller/rollout/undo_plan.h"

#include <algorithm>

#include "controller/rollout/gates.h"
#include "controller/rollout/own_repository.h"
#include "controller/rollout/restore.h"

namespace drover::rollout {
namespace {

const ClusterObservation* ClusterOf(const World& world) {
  return world.cluster_error.empty() ? &world.cluster : nullptr;
}

Status CheckUndoable(const Rollout& undone) {
  const std::string id = undone.id.str();
  if (undone.plan->undo) {
    return FailedPrecondition("rollout " + id + " is itself a rollback; to go another way back: " +
                              "drover rollout rollback " + undone.plan->undo->rollout +
                              " --tier N");
  }
  if (!undone.plan->ChangesImages()) {
    return FailedPrecondition("rollout " + id +
                              " is a restart: it changed no image, there is nothing to go back to");
  }
  if (!HasEnded(undone.phase) && undone.phase != Phase::kPaused) {
    return FailedPrecondition("rollout " + id + " is " + Name(undone.phase) +
                              ": first stop it where it is: drover rollout pause " + id);
  }
  return OkStatus();
}

// The cluster's own indexes first, then the smaller ones, so that most of it serves soon.
std::vector<std::vector<std::string>> RestoreGroups(const Rollout& undone, bool is_admin) {
  std::vector<std::string> own, others;
  std::vector<std::pair<uint64_t, std::string>> by_size;
  for (const auto& [index, docs] : undone.plan->documents) by_size.emplace_back(docs, index);
  std::sort(by_size.begin(), by_size.end());
  for (const auto& [docs, index] : by_size) {
    if (NeedsAdmin(index) && !is_admin) continue;
    (index.starts_with(".") ? own : others).push_back(index);
  }
  std::vector<std::vector<std::string>> groups;
  for (auto* group : {&own, &others}) {
    if (!group->empty()) groups.push_back(std::move(*group));
  }
  return groups;
}

VolumeChange ChangeOf(int tier, const MemberState& member) {
  if (tier == 2) return member.new_image_ran ? VolumeChange::kRestore : VolumeChange::kNone;
  return VolumeChange::kSetAside;
}

std::string DataPathOf(const PlannedMember& member, const World& world) {
  if (!member.data_path.empty()) return member.data_path;
  if (!member.cold_copy.empty()) return member.cold_copy;
  const NodeView* node = world.cluster.NodeNamed(member.name);
  return node == nullptr || node->data_paths.empty() ? "" : node->data_paths.front();
}

// The member as it is now, on its way back to the image from before.
StatusOr<PlannedMember> Returning(const PlannedMember& was, VolumeChange change,
                                  const World& world) {
  PlannedMember member = was;
  member.to_image = was.from_image;
  member.from_image = was.to_image;
  member.cold_copy.clear();
  member.batch = 0;
  member.elected_manager = false;
  member.volume = change;
  member.note = change == VolumeChange::kRestore    ? "its cold copy comes back"
                : change == VolumeChange::kSetAside ? "begins on an empty volume"
                                                    : "its volume is as it was";
  const ProjectView* project = world.Project(was.host, was.project);
  const ServiceView* service = project == nullptr ? nullptr : project->Service(was.service);
  if (service != nullptr && !service->image.empty()) member.from_image = service->image;
  member.data_path = DataPathOf(was, world);
  if (member.data_path.empty() && change != VolumeChange::kNone) {
    return FailedPrecondition("where " + was.name +
                              " keeps its data is not known: start it once, so that it says so");
  }
  return member;
}

void AddMembers(const Rollout& undone, const World& world, Plan* plan, Status* status) {
  const int tier = plan->request.tier;
  const std::vector<size_t> upgraded = UpgradedMembers(undone, ClusterOf(world));
  for (size_t i = undone.plan->members.size(); i-- > 0;) {
    const PlannedMember& was = undone.plan->members[i];
    const bool left = tier == 1 && std::find(upgraded.begin(), upgraded.end(), i) == upgraded.end();
    if (left) {
      plan->others.push_back(was);
      continue;
    }
    StatusOr<PlannedMember> member = Returning(was, ChangeOf(tier, undone.members[i]), world);
    if (!member.ok()) {
      *status = member.status();
      return;
    }
    // The last that was upgraded goes first.
    member->batch = tier == 1 ? static_cast<int>(plan->members.size()) : 0;
    plan->members.push_back(std::move(*member));
  }
  plan->batches = tier == 1 ? static_cast<int>(plan->members.size()) : 1;
}

void AddCompanions(const Rollout& undone, const World& world, Plan* plan) {
  for (const PlannedMember& was : undone.plan->companions) {
    const ProjectView* project = world.Project(was.host, was.project);
    const ServiceView* service = project == nullptr ? nullptr : project->Service(was.service);
    if (service == nullptr || service->image == was.from_image) continue;
    PlannedMember companion = was;
    companion.from_image = service->image;
    companion.to_image = was.from_image;
    plan->companions.push_back(std::move(companion));
  }
}

// What the undone rollout changed and what is changed again once it is undone: what it still owes,
// and, in the copies, what it had changed before the stop.
void AddDebts(const Rollout& undone, Undo* undo) {
  if (undo->tier == 3) {
    undo->policies = undone.stopped_policies;
    return;
  }
  for (const RecordedSetting& setting : undone.settings) {
    if (undo->tier == 2 ? setting.ours.has_value() : setting.changed) {
      undo->settings[setting.name] = setting.before;
    }
  }
  if (undo->tier == 2 || undone.policies_stopped) undo->policies = undone.stopped_policies;
}

// Where it was registered by the rollout itself, the cluster file says what it is.
RepositoryView RepositoryOf(const Plan& undone) {
  RepositoryView repository = undone.repository;
  if (repository.type.empty()) {
    repository.name = undone.spec.snapshot.repository;
    repository.type = undone.spec.snapshot.type;
    repository.settings = undone.spec.snapshot.settings;
  }
  if (undone.own_repository.empty()) return repository;
  if (const auto own = OwnRepository(repository, undone.snapshot)) {
    repository.name = undone.own_repository;
    repository.type = own->type;
    repository.settings = own->settings;
  }
  return repository;
}

void Expect(const Rollout& undone, const History& history, Plan* plan) {
  constexpr Millis kGuessMember{15'000};
  const Millis member = history.rollouts > 0 ? history.member : kGuessMember;
  plan->expected = member * plan->batches;
  // A copy comes back as fast as it was made.
  if (plan->request.tier == 2) plan->expected += member;
  if (plan->request.tier == 3 && undone.snapshot.started_at && undone.snapshot.ended_at) {
    plan->expected += 2 * (*undone.snapshot.ended_at - *undone.snapshot.started_at);
  }
  plan->expected_from = history.rollouts > 0 ? "earlier rollouts of this cluster: a guess"
                                             : "no rollout of this cluster yet: a guess";
}

}  // namespace

std::string CopyName(const PlannedMember& member, const std::string& copy) {
  return member.host + "/" + member.project + "/" + member.service + " " + copy;
}

StatusOr<PlanRequest> UndoRequest(const Rollout& undone, int tier, const World& world) {
  DROVER_RETURN_IF_ERROR(CheckUndoable(undone));
  const std::string id = undone.id.str();
  if (tier < 0 || tier > 3) {
    return InvalidArgument("--tier " + std::to_string(tier) + ": expected 1, 2 or 3");
  }
  const WayBack way = FindWayBack(undone, ClusterOf(world), tier);
  if (way.tier == kNoTier) {
    return FailedPrecondition("there is no " +
                              (tier == 0 ? std::string("way") : "tier " + std::to_string(tier)) +
                              " back from rollout " + id + ": " + way.because);
  }
  if (UpgradedMembers(undone, ClusterOf(world)).empty() && tier == 0) {
    return FailedPrecondition(
        "tier 0: the new image has opened no volume, there is nothing to undo. " +
        (HasEnded(undone.phase) ? "Every member runs " + undone.plan->from_version + " or can"
                                : "drover rollout abort " + id + " starts the old image again"));
  }
  PlanRequest request;
  request.cluster = undone.plan->spec.name;
  request.kind = Kind::kRollback;
  request.strategy = way.tier == 1 ? Strategy::kRolling : Strategy::kFull;
  request.to_version = undone.plan->from_version;
  request.undoes = id;
  request.tier = way.tier;
  return request;
}

StatusOr<Plan> MakeUndoPlan(const PlanId& id, const PlanRequest& request, const Rollout& undone,
                            const ClusterSpec& spec, const World& world, const History& history) {
  const WayBack way = FindWayBack(undone, ClusterOf(world), request.tier);
  if (way.tier != request.tier) {
    return FailedPrecondition("tier " + std::to_string(request.tier) +
                              " is not open any more: " + way.because);
  }
  Plan plan;
  plan.id = id;
  plan.request = request;
  plan.spec = spec;
  plan.created_at = world.at;
  plan.from_version = undone.plan->Target();
  plan.repository = RepositoryOf(*undone.plan);
  plan.snapshot = undone.plan->snapshot;
  plan.own_repository = undone.plan->own_repository;
  plan.observed_nodes = undone.plan->observed_nodes;
  plan.documents = undone.plan->documents;
  plan.homeless = undone.plan->homeless;
  plan.managers_answer = undone.plan->managers_answer;
  Undo undo;
  undo.rollout = undone.id.str();
  undo.tier = request.tier;
  undo.loss = way.loss;
  undo.lossy = way.lossy;
  AddDebts(undone, &undo);
  if (request.tier == 2) undo.operations = undone.operations;
  const bool is_admin = !spec.tls.client_certificate.empty();
  if (request.tier == 3) undo.restore = RestoreGroups(undone, is_admin);
  if (request.tier == 1) plan.homeless = FindHomeless(world.cluster);
  plan.undo = std::move(undo);
  Status status;
  AddMembers(undone, world, &plan, &status);
  DROVER_RETURN_IF_ERROR(status);
  AddCompanions(undone, world, &plan);
  if (const auto uuid = undone.plan->fingerprint.find("cluster uuid");
      uuid != undone.plan->fingerprint.end()) {
    plan.fingerprint.insert(*uuid);
  }
  plan.checks = RunUndoChecks(plan, world);
  Expect(undone, history, &plan);
  return plan;
}

}  // namespace drover::rollout
